// Blobs that are moved, and what the look at everything stored says of them (spec durability 2.2.9,
// 5.2): whether a random history comes to that depends on its seed.

#include "storage/catalog/row_keys.h"
#include "tests/catch.h"
#include "tests/model/exploration.h"
#include "tests/model/stored.h"
#include "tests/run_coroutine.h"

namespace holdfast::model_test {

namespace {

using storage::RowFamily;
namespace catalog = storage::catalog;
namespace records = catalog::records;

constexpr std::size_t body_bytes = 100'000;

std::string body_of(int number) {
    return std::string(body_bytes, static_cast<char>('a' + number));
}

std::string path_of(int number) {
    return "/photos/" + std::to_string(number);
}

void put_objects(World& world, int count) {
    REQUIRE(world.endpoint().put("/photos").status == 200);
    for (int i = 0; i < count; ++i)
        REQUIRE(world.endpoint().put(path_of(i), body_of(i)).status == 200);
}

}  // namespace

TEST_CASE("A blob that stays behind in a nearly empty segment is moved, and nobody notices (P1)",
          "[model]") {
    quiet_log();
    constexpr int objects = 10;
    const auto world = make_local_world(DiskSyncs::work);
    // No holes can be punched from here on.
    REQUIRE(world->carry_out(World::Work::move_blobs) == "");
    put_objects(*world, objects);
    world->restart(true);  // and so the segment is one of an earlier run
    for (int i = 1; i < objects; ++i) REQUIRE(world->endpoint().remove(path_of(i)).status == 204);
    world->collect_garbage();
    CHECK(world->carry_out(World::Work::move_blobs) == "");
    CHECK(world->blobs_moved() == 1);
    CHECK(world->endpoint().get(path_of(0)).body == body_of(0));
    world->collect_garbage();
    CHECK(check_stored(*world) == "");
    world->restart(false);
    CHECK(world->endpoint().get(path_of(0)).body == body_of(0));
    CHECK(check_stored(*world) == "");
}

TEST_CASE("Two objects that name one blob at two places are noticed", "[model]") {
    quiet_log();
    const auto world = make_local_world(DiskSyncs::work);
    put_objects(*world, 1);
    REQUIRE(check_stored(*world) == "");
    auto& store = world->endpoint().store();
    const auto bucket = test::run(world->endpoint().buckets().find("photos"));
    REQUIRE(bucket);
    const auto partition = catalog::bucket_partition((*bucket)->id());
    const auto read =
        test::run(store.metadata.get(partition, {{RowFamily::index, catalog::object_row("0")}}));
    REQUIRE(read);
    records::Object object;
    REQUIRE(object.ParseFromString(read->front()->value));
    auto& extent = *object.mutable_body()->mutable_blob()->mutable_extents(0);
    extent.set_offset(extent.offset() + 4096);
    storage::Transaction copy;
    copy.puts.push_back({{RowFamily::index, catalog::object_row("1")}, object.SerializeAsString()});
    REQUIRE(test::run(store.metadata.commit(partition, std::move(copy))));
    CHECK_THAT(check_stored(*world), Catch::Contains("a blob is at two places"));
}

}  // namespace holdfast::model_test
