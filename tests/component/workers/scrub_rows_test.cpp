// Rows that cannot be read or do not parse: listed, and no end of the pass.

#include <rocksdb/db.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>

#include "base/limits.h"
#include "storage/local/rocksdb_options.h"
#include "tests/component/workers/disk_catalog.h"

using namespace holdfast;
using namespace holdfast::test;
using base::KiB;
using storage::Damage;

namespace {

constexpr int objects = 400;
constexpr std::size_t object_bytes = 20 * KiB;

std::string key_of(int number) {
    return "object-" + std::to_string(100'000 + number);
}

/// Merges the index' rows into one table that nothing merges again by itself; where it is.
/// REQUIRES: the index is closed.
std::string merge_rows(const DiskCatalog& disk) {
    const auto options = storage::local::make_row_options({8 << 20, 8 << 20}, 100);
    const std::vector<rocksdb::ColumnFamilyDescriptor> families{
        {"default", options.meta}, {"index", options.index}, {"body", options.body}};
    rocksdb::DB* opened = nullptr;
    std::vector<rocksdb::ColumnFamilyHandle*> handles;
    REQUIRE(
        rocksdb::DB::Open(options.database, disk.index_path(""), families, &handles, &opened).ok());
    const std::unique_ptr<rocksdb::DB> database(opened);
    rocksdb::CompactRangeOptions all;
    all.bottommost_level_compaction = rocksdb::BottommostLevelCompaction::kForce;
    REQUIRE(database->CompactRange(all, handles[1], nullptr, nullptr).ok());
    rocksdb::ColumnFamilyMetaData rows;
    database->GetColumnFamilyMetaData(handles[1], &rows);
    for (auto* handle : handles) delete handle;
    REQUIRE(rows.file_count == 1);
    const auto level = std::find_if(rows.levels.begin(), rows.levels.end(),
                                    [](const auto& one) { return !one.files.empty(); });
    return disk.index_path(level->files.front().relative_filename);
}

/// A disk whose rows of many objects are in one table of family index, which it names.
std::string fill(DiskCatalog& disk) {
    for (int i = 0; i < objects; ++i) disk.put(key_of(i), object_bytes);
    std::string table;
    disk.kill_and_restart([&] { table = merge_rows(disk); });
    return table;
}

/// The file of small objects' bodies. REQUIRES: there is one.
std::string blob_file_of(const DiskCatalog& disk) {
    for (const auto& entry : std::filesystem::directory_iterator(disk.index_path("")))
        if (entry.path().extension() == ".blob") return entry.path();
    FAIL("no blob file");
    return {};
}

std::vector<Damage> listed(DiskCatalog& disk, Damage::Kind kind) {
    auto all = disk.upkeep().damage().all();
    std::erase_if(all, [&](const Damage& damage) { return damage.kind != kind; });
    return all;
}

/// A row that no record parses from, or one without.
void write_row(DiskCatalog& disk, const std::string& key, std::optional<std::string> value) {
    storage::Transaction transaction;
    const storage::RowKey row{storage::RowFamily::index, key};
    if (value)
        transaction.puts.push_back({row, *value});
    else
        transaction.deletes.push_back(row);
    REQUIRE(disk.run(disk.store().metadata.commit(disk.partition(), std::move(transaction))));
}

}  // namespace

TEST_CASE("scrub: a damaged block of the index' rows ends no pass: its file is listed, P11",
          "[workers][scrub]") {
    DiskCatalog disk;
    const auto table = fill(disk);
    const auto last = disk.blob_of(key_of(objects - 1));
    const auto place = std::filesystem::file_size(table) / 3;
    SECTION("in the middle of the rows") {
        disk.kill_and_restart([&] { disk.damage_file(table, place); });
        disk.damage(last.extents.front().segment, last.extents.front().offset + 64 + 1000);
        for (int pass = 1; pass <= 2; ++pass) {
            disk.scrub();
            const auto report = disk.scrubber().report();
            CHECK_THAT(report.failure, Catch::Contains("cannot be read"));
            CHECK_FALSE(report.running);
            CHECK(report.at.empty());
            // A block of 16 KiB holds some ninety rows; all others have been looked at.
            CHECK(report.blobs > objects - 150);
            CHECK(report.blobs < objects);
            const auto files = listed(disk, Damage::Kind::file);
            REQUIRE(files.size() == 1);
            CHECK(files.front().file == std::filesystem::path(table).filename());
            const auto rows = listed(disk, Damage::Kind::rows);
            REQUIRE(rows.size() == 1);
            CHECK(rows.front().bucket == "photos");
            CHECK_THAT(rows.front().row_key, Catch::StartsWith("oobject-"));
            const auto blobs = listed(disk, Damage::Kind::blob);
            REQUIRE(blobs.size() == 1);
            CHECK(blobs.front().row_key == "o" + key_of(objects - 1));
        }
        // As good as a replaced disk: the block is whole again.
        disk.kill_and_restart([&] { disk.damage_file(table, place); });
        disk.run(disk.scrubber().recheck());
        CHECK(listed(disk, Damage::Kind::rows).empty());
        disk.scrub();
        CHECK(disk.scrubber().report().failure.empty());
        CHECK(listed(disk, Damage::Kind::file).empty());
        CHECK(disk.scrubber().report().blobs == objects);
    }
    SECTION("in the very first block") {
        disk.kill_and_restart([&] { disk.damage_file(table, 100); });
        disk.scrub();
        CHECK_THAT(disk.scrubber().report().failure, Catch::Contains("cannot be read"));
        CHECK(disk.scrubber().report().blobs > objects - 150);
        CHECK(listed(disk, Damage::Kind::file).size() == 1);
        CHECK(listed(disk, Damage::Kind::rows).size() == 1);
    }
    SECTION("in two blocks") {
        disk.kill_and_restart([&] {
            for (const int part : {3, 7})
                disk.damage_file(table, std::filesystem::file_size(table) * part / 10);
        });
        disk.scrub();
        CHECK(disk.scrubber().report().blobs > 10);
        CHECK(listed(disk, Damage::Kind::file).size() == 1);
        CHECK(listed(disk, Damage::Kind::rows).size() == 2);
    }
    SECTION("and the whole table") {
        disk.kill_and_restart([&] {
            for (std::uint64_t at = 0; at < std::filesystem::file_size(table) - 4096; at += 2048)
                disk.damage_file(table, at);
        });
        disk.scrub();
        CHECK_THAT(disk.scrubber().report().failure, Catch::Contains("cannot be read"));
        CHECK(listed(disk, Damage::Kind::file).size() == 1);
        CHECK_FALSE(listed(disk, Damage::Kind::rows).empty());
    }
}

TEST_CASE("scrub: each row that does not parse is listed until it is gone or replaced, P11",
          "[workers][scrub]") {
    DiskCatalog disk;
    disk.put("whole", 200 * KiB);
    write_row(disk, "oone", "\xff\xff\xff");
    write_row(disk, "otwo", "\xff\xff\xff");
    disk.scrub();
    auto rows = listed(disk, Damage::Kind::row);
    REQUIRE(rows.size() == 2);
    CHECK(rows[0].row_key == "oone");
    CHECK(rows[1].row_key == "otwo");
    CHECK(rows[1].bucket == "photos");
    CHECK_FALSE(rows[1].what.empty());
    CHECK(disk.scrubber().report().blobs == 1);

    disk.kill_and_restart();
    disk.run(disk.scrubber().recheck());
    CHECK(listed(disk, Damage::Kind::row).size() == 2);
    write_row(disk, "oone", std::nullopt);
    disk.scrub();
    rows = listed(disk, Damage::Kind::row);
    REQUIRE(rows.size() == 1);
    CHECK(rows[0].row_key == "otwo");
    write_row(disk, "otwo", "");
    disk.scrub();
    CHECK(listed(disk, Damage::Kind::row).empty());
}

TEST_CASE("a small object whose bytes are bad in memory only is read from the medium, 2.5",
          "[workers][scrub]") {
    // Before the disk that they are watched by.
    std::string path;
    bool was_read_again = false;
    DiskCatalog disk;
    disk.put("cat.jpg", 8 * KiB);
    disk.kill_and_restart();
    disk.kill_and_restart([&] {
        path = blob_file_of(disk);
        disk.damage_file(path, 4 * KiB);
        // The medium has other bytes than the cache.
        disk.vfs.watch([&](const char* call, const std::string& file) {
            if (file != path || std::string_view(call) != "open_medium" || was_read_again) return;
            was_read_again = true;
            disk.damage_file(path, 4 * KiB);
        });
    });
    CHECK(disk.get("cat.jpg") == text_of("cat.jpg", 8 * KiB));
    CHECK(was_read_again);
    CHECK(disk.upkeep().damage().size() == 0);
    CHECK(disk.upkeep().index_failures() == 0);
}

TEST_CASE("a small object that a read finds damaged is listed until it is replaced, 2.5",
          "[workers][scrub]") {
    DiskCatalog disk;
    disk.put("cat.jpg", 8 * KiB);
    disk.put("dog.jpg", 8 * KiB);
    disk.kill_and_restart();  // replays the log into files
    disk.kill_and_restart([&] { disk.damage_file(blob_file_of(disk), 4 * KiB); });
    const auto read = disk.run(disk.read("cat.jpg"));
    REQUIRE_FALSE(read);
    CHECK(read.error().storage.kind == storage::StorageError::Kind::corrupt);
    CHECK(disk.get("dog.jpg") == text_of("dog.jpg", 8 * KiB));
    auto rows = listed(disk, Damage::Kind::row);
    REQUIRE(rows.size() == 1);
    CHECK(rows[0].row_key == "ocat.jpg");
    CHECK(rows[0].family == storage::RowFamily::body);
    CHECK(rows[0].bucket.empty());

    disk.scrub();  // which finds the file as well
    rows = listed(disk, Damage::Kind::row);
    REQUIRE(rows.size() == 1);
    CHECK(rows[0].bucket == "photos");
    CHECK(listed(disk, Damage::Kind::file).size() == 1);
    SECTION("by a small object") {
        disk.put("cat.jpg", 4 * KiB);
        CHECK(disk.get("cat.jpg") == text_of("cat.jpg", 4 * KiB));
    }
    SECTION("by a large object") {
        disk.put("cat.jpg", 100 * KiB);
        CHECK(disk.get("cat.jpg") == text_of("cat.jpg", 100 * KiB));
    }
    SECTION("by nothing") {
        disk.remove("cat.jpg");
    }
    CHECK(listed(disk, Damage::Kind::row).empty());
}

TEST_CASE("a small object is read again when the disk fails once, 2.5", "[workers][scrub]") {
    DiskCatalog disk;
    disk.put("cat.jpg", 8 * KiB);
    disk.kill_and_restart();
    disk.vfs.fail({"pread", ".blob", 1, EIO, false});
    CHECK(disk.get("cat.jpg") == text_of("cat.jpg", 8 * KiB));
    CHECK(disk.vfs.failed());
    CHECK(disk.upkeep().damage().size() == 0);
    CHECK(disk.upkeep().index_failures() == 0);
}
