#include "storage/workers/blob_owners.h"

#include "storage/catalog/row_keys.h"
#include "storage/catalog/store.h"
#include "tests/catch.h"
#include "tests/run_coroutine.h"

using namespace holdfast;
using namespace holdfast::storage;
using workers::BlobOwner;
namespace records = catalog::records;

namespace {

/// Has manifest rows as the test says, or fails.
class ManifestsOnly final : public RowSnapshot {
public:
    Async<std::vector<Entry>> next(std::uint32_t) override { co_return std::vector<Entry>(); }
    Async<void> skip_unreadable() override { co_return Result<void>{}; }
    Async<std::vector<std::optional<Row>>> bodies(const Partition&,
                                                  std::vector<std::string>) override {
        if (failure) co_return *failure;
        co_return rows;
    }

    std::vector<std::optional<Row>> rows;
    std::optional<StorageError> failure;
};

Result<std::vector<BlobOwner>> owners(std::string key, std::string value, ManifestsOnly& snapshot,
                                      const Partition& partition = "b/0123/0") {
    RowSnapshot::Entry entry;
    entry.partition = partition;
    entry.row.key = std::move(key);
    entry.row.value = std::move(value);
    return test::run(workers::owners_of(snapshot, entry));
}

BlobRef some_blob(std::uint8_t id) {
    BlobRef blob;
    blob.id.fill(id);
    blob.stored_bytes = 10;
    blob.frame_bytes = 10;
    blob.extents = {{1, 0, 4096}};
    return blob;
}

/// An object whose parts are in one manifest row.
std::string multipart_object() {
    records::Object object;
    object.add_manifest();
    return object.SerializeAsString();
}

const std::string garbled = "\xff\xff\xff";

}  // namespace

TEST_CASE("blob owners: what does not parse is damage, never a row without owners, 2.7.3, P11",
          "[workers]") {
    ManifestsOnly snapshot;
    for (const char* row : {"okey", "pkey", "gkey"}) {
        const auto found = owners(row, garbled, snapshot);
        INFO(row);
        REQUIRE_FALSE(found);
        CHECK(found.error().kind == StorageError::Kind::corrupt);
    }
    CHECK(owners("ukey", garbled, snapshot));  // rows that never own a blob
}

TEST_CASE("blob owners: a manifest that cannot be had is damage, never an object without parts",
          "[workers]") {
    ManifestsOnly snapshot;
    auto kind = StorageError::Kind::corrupt;
    SECTION("it is missing") {
        snapshot.rows.resize(1);
    }
    SECTION("it does not parse") {
        snapshot.rows.push_back(Row{"mkey", garbled, 1});
    }
    SECTION("it cannot be read") {
        kind = StorageError::Kind::io;
        snapshot.failure = StorageError{kind, "told by the test"};
    }
    const auto found = owners("okey", multipart_object(), snapshot);
    REQUIRE_FALSE(found);
    CHECK(found.error().kind == kind);
}

TEST_CASE("blob owners: parts in segments are owned, those kept in the index are not",
          "[workers]") {
    ManifestsOnly snapshot;
    records::Manifest manifest;
    catalog::to_record(some_blob(1), manifest.add_parts()->mutable_body()->mutable_blob());
    manifest.mutable_parts(0)->set_number(3);
    manifest.add_parts()->set_number(4);
    snapshot.rows.push_back(Row{"mkey", manifest.SerializeAsString(), 1});
    const auto found = owners("okey", multipart_object(), snapshot);
    REQUIRE(found);
    REQUIRE(found->size() == 1);
    CHECK(found->front().part == 3);
    CHECK(found->front().key == "key");
    CHECK(found->front().blob.id == some_blob(1).id);
}

TEST_CASE("blob owners: a row without a key, or of a partition that is no bucket's, owns nothing",
          "[workers]") {
    ManifestsOnly snapshot;
    records::Object object;
    catalog::to_record(some_blob(1), object.mutable_body()->mutable_blob());
    const auto record = object.SerializeAsString();
    for (const char* partition : {"system", "b/0123", "b/"}) {
        const auto found = owners("okey", record, snapshot, partition);
        REQUIRE(found);
        CHECK(found->empty());
    }
    const auto without_key = owners("", record, snapshot);
    REQUIRE(without_key);
    CHECK(without_key->empty());
    const auto found = owners("okey", record, snapshot);
    REQUIRE(found);
    CHECK(found->size() == 1);
}
