// Starts on an index that RocksDB refuses although what is left of it can be read.

#include <rocksdb/db.h>

#include "storage/local/highwater.h"
#include "tests/unit/storage/local/engine_support.h"

using namespace holdfast;
using namespace holdfast::storage;
using namespace holdfast::storage::local;
using tests::EngineWorld;
using tests::overwrite;
using Cause = EngineCondition::Cause;

namespace {

std::string key_of(int number) {
    return "key-" + std::to_string(100'000 + number);
}

std::vector<std::string> files_of_index(const EngineWorld& world, const std::string& ending) {
    std::vector<std::string> found;
    for (const auto& name : world.names("index"))
        if (name.ends_with(ending)) found.push_back(world.path("index/" + name));
    return found;
}

std::string content_of(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

/// Those of the index' own rows. There may be two for a moment: RocksDB rewrites the one of a new
/// volume.
std::vector<std::string> tables_of_the_index_itself(const EngineWorld& world) {
    auto tables = files_of_index(world, ".sst");
    std::erase_if(tables, [](const std::string& path) {
        return content_of(path).find("volume_id") == std::string::npos;
    });
    return tables;
}

/// The others, written at least in part.
std::vector<std::string> tables_of_rows(const EngineWorld& world) {
    auto tables = files_of_index(world, ".sst");
    std::erase_if(tables, [](const std::string& path) {
        const auto content = content_of(path);
        return content.empty() || content.find("volume_id") != std::string::npos;
    });
    return tables;
}

/// So many commits that one family was flushed to a table while the others have theirs only in the
/// log, in which another file was begun; killed. How many there are.
int fill_past_a_flush(EngineWorld& world) {
    world.options.memtable_bytes = 1 << 20;
    world.start();
    int commits = 0;
    // The first table is part of the index when a second begins.
    while (tables_of_rows(world).size() < 2)
        REQUIRE(world.put(key_of(commits++), std::string(1000, 'v')));
    world.crash();
    return commits;
}

std::vector<std::pair<std::string, std::string>> all_but_the_aside(const EngineWorld& world) {
    auto files = world.everything();
    std::erase_if(files, [](const auto& file) {
        return file.first.find("index-wal-aside") != std::string::npos;
    });
    return files;
}

void check_reads_only(EngineWorld& world, Cause cause, const std::string& reason) {
    const auto before = all_but_the_aside(world);
    world.start();
    const auto condition = world.engine->condition();
    CHECK(condition.cause == cause);
    CHECK_THAT(condition.reason, Catch::Contains(reason));
    CHECK(condition.reason.find('\n') == std::string::npos);
    CHECK(world.get(key_of(0))->version == 1);
    CHECK(world.put("more", "").error().kind == StorageError::Kind::read_only);
    REQUIRE(world.engine->resume());
    CHECK_FALSE(world.names("index-wal-aside").empty());
    world.stop();
    CHECK(all_but_the_aside(world) == before);
}

}  // namespace

TEST_CASE("recovery: 2.6 a log that is damaged before what a table has is a loss like any other",
          "[local][recovery][crash]") {
    EngineWorld world;
    const int commits = fill_past_a_flush(world);
    const auto oldest = files_of_index(world, ".log").front();
    const auto bytes = std::filesystem::file_size(oldest);
    overwrite(oldest, bytes / 2, "\xa5\x5a\xa5");
    check_reads_only(world, Cause::missing_commits, "missing");
    check_reads_only(world, Cause::missing_commits, "missing");

    world.options.accept_loss = true;
    world.start();
    CHECK(world.engine->condition().writable());
    CHECK(world.get(key_of(0)));
    CHECK(world.get(key_of(commits - 1)));
    CHECK(world.put("more", ""));
    world.crash();
    world.options.accept_loss = false;
    world.start();
    CHECK(world.engine->condition().writable());
    CHECK(world.get("more"));
}

TEST_CASE("recovery: 2.5 damage to the index' own rows stops the writes, not the reads",
          "[local][recovery]") {
    EngineWorld world;
    world.start();
    for (int i = 0; i < 10; ++i) REQUIRE(world.put(key_of(i), "v"));
    world.crash();
    const auto tables = tables_of_the_index_itself(world);
    REQUIRE(tables.size() == 1);
    overwrite(tables.front(), 4, "\xa5\x5a\xa5");  // in the first block
    check_reads_only(world, Cause::damaged_index, "cannot be read");
    check_reads_only(world, Cause::damaged_index, "cannot be read");
    // Nobody knows what would be given up.
    world.options.accept_loss = true;
    check_reads_only(world, Cause::damaged_index, "cannot be read");
}

TEST_CASE("fault: 2.7.3 damage that RocksDB meets by itself is a failure of the index, also later",
          "[local][recovery][fault]") {
    EngineWorld world;
    world.options.memtable_bytes = 1 << 20;
    world.start();
    int commits = 0;
    const auto put_one = [&] { return world.put(key_of(commits++ % 500), std::string(1000, 'v')); };
    while (tables_of_rows(world).size() < 2) REQUIRE(put_one());
    CHECK(world.engine->upkeep().index_failures() == 0);
    const auto table = tables_of_rows(world).front();
    overwrite(table, 100, std::string(64, '\x5a'));
    // Until it is merged with others.
    while (put_one()) REQUIRE(commits < 100'000);
    CHECK(world.cause() == Cause::fault);
    CHECK(world.engine->upkeep().index_failures() > 0);
    // It opens again, and meets the damage again.
    static_cast<void>(world.engine->resume());
    CHECK(world.engine->upkeep().index_failures() > 0);
}

TEST_CASE("recovery: 2.6 a damaged log does not hide that the index' own rows are damaged as well",
          "[local][recovery]") {
    EngineWorld world;
    fill_past_a_flush(world);
    const auto oldest = files_of_index(world, ".log").front();
    overwrite(oldest, std::filesystem::file_size(oldest) / 2, "\xa5\x5a\xa5");
    const auto tables = tables_of_the_index_itself(world);
    REQUIRE(tables.size() == 1);
    overwrite(tables.front(), 4, "\xa5\x5a\xa5");
    check_reads_only(world, Cause::damaged_index, "cannot be read");
}

TEST_CASE("recovery: 2.6 without the mark nobody knows what is missing, until that is accepted",
          "[local][recovery][crash]") {
    EngineWorld world;
    world.start();
    for (int i = 0; i < 10; ++i) REQUIRE(world.put(key_of(i), "v"));
    world.crash();
    const auto mark = world.path("highwater");
    SECTION("gone") {
        std::filesystem::remove(mark);
    }
    SECTION("empty") {
        std::filesystem::resize_file(mark, 0);
    }
    SECTION("garbled") {
        overwrite(mark, 0, std::string(2 * high_water_slot_bytes, '\x5a'));
    }
    check_reads_only(world, Cause::missing_commits, "how many is not known");

    world.options.accept_loss = true;
    world.start();
    CHECK(world.engine->condition().writable());
    CHECK(world.get(key_of(9))->version == 10);
    REQUIRE(world.put("more", ""));
    world.crash();
    world.options.accept_loss = false;
    world.start();
    CHECK(world.engine->condition().writable());
    CHECK(world.get("more"));
}

TEST_CASE("recovery: P12 a mark that is missing after a clean stop is made again",
          "[local][recovery]") {
    EngineWorld world;
    world.start();
    for (int i = 0; i < 10; ++i) REQUIRE(world.put(key_of(i), "v"));
    world.stop();
    std::filesystem::remove(world.path("highwater"));
    world.start();
    CHECK(world.engine->condition().writable());
    CHECK(world.get(key_of(9)));
    REQUIRE(world.put("more", ""));
    world.crash();
    world.start();
    CHECK(world.engine->condition().writable());
    CHECK(world.get("more"));
}

TEST_CASE(
    "recovery: 2.6 an index with what this version does not know is a newer one's, not damage",
    "[local][recovery]") {
    EngineWorld world;
    world.start();
    REQUIRE(world.put("key", "value"));
    world.stop();
    std::vector<rocksdb::ColumnFamilyDescriptor> families;
    for (const auto* name : {"default", "index", "body"})
        families.emplace_back(name, rocksdb::ColumnFamilyOptions());
    rocksdb::DB* opened = nullptr;
    std::vector<rocksdb::ColumnFamilyHandle*> handles;
    REQUIRE(rocksdb::DB::Open({}, world.path("index"), families, &handles, &opened).ok());
    const std::unique_ptr<rocksdb::DB> database(opened);
    handles.emplace_back();
    REQUIRE(database->CreateColumnFamily({}, "later", &handles.back()).ok());
    for (auto* handle : handles) REQUIRE(database->DestroyColumnFamilyHandle(handle).ok());
    REQUIRE(opened->Close().ok());
    // `holdfast fsck --rebuild` would move a damaged one aside.
    CHECK(world.refusal().kind == OpenError::Kind::foreign_format);
}
