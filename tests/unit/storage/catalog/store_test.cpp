#include "storage/catalog/store.h"

#include "tests/catch.h"

using holdfast::storage::catalog::GarbageList;

namespace {

GarbageList::Item item_of(std::size_t blobs) {
    GarbageList::Item item;
    item.row = std::to_string(blobs);
    item.blobs.resize(blobs);
    return item;
}

}  // namespace

TEST_CASE("GarbageList: an item beyond the maximum of blobs is forgotten and that is told once",
          "[catalog][garbage]") {
    GarbageList list(10);
    list.add(item_of(4));
    list.add(item_of(6));
    CHECK_FALSE(list.take_overflow());
    list.add(item_of(1));
    CHECK(list.take_overflow());
    CHECK_FALSE(list.take_overflow());
    const auto items = list.take();
    REQUIRE(items.size() == 2);
    CHECK(items[0].row == "4");
    CHECK(items[1].row == "6");
}

TEST_CASE("GarbageList: taking makes room, and a smaller item still fits", "[catalog][garbage]") {
    GarbageList list(10);
    list.add(item_of(10));
    CHECK(list.take().size() == 1);
    list.add(item_of(8));
    list.add(item_of(3));
    list.add(item_of(2));
    CHECK(list.take_overflow());
    CHECK(list.take().size() == 2);
    CHECK(list.take().empty());
}
