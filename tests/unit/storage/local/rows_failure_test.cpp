// Reads of the index that fail are counted wherever they happen, in the commit thread and in memory
// as well: the collector takes nothing for a leftover after one. Spec durability 2.5, 2.7.3.

#include <rocksdb/sst_file_writer.h>

#include <cerrno>

#include "base/faulty_vfs.h"
#include "storage/local/row_codec.h"
#include "storage/local/row_reader.h"
#include "tests/unit/storage/local/engine_support.h"

using namespace holdfast;
using namespace holdfast::storage;
using test::run;
using tests::EngineWorld;
using tests::put_of;
using tests::RowWorld;
using tests::TemporaryDirectory;

namespace {

/// An engine whose rows are in tables that nobody has read yet, on a disk that may refuse them.
struct UnreadTables {
    UnreadTables() {
        world.start();
        REQUIRE(world.put("row", "1"));
        world.crash();
        world.start();  // writes the log into tables
        world.crash();
        world.start();
        REQUIRE(failures() == 0);
    }
    void refuse_reads() { faulty.fail({"pread", ".sst", 1, EIO, true}); }
    std::uint64_t failures() { return world.engine->upkeep().index_failures(); }
    Result<RowVersion> commit(Transaction transaction) {
        return run(world.engine->metadata().commit("p", std::move(transaction)));
    }

    std::unique_ptr<base::Vfs> kernel = base::make_posix_vfs();
    EngineWorld world{std::make_unique<base::FaultyVfs>(*kernel)};
    base::FaultyVfs& faulty = static_cast<base::FaultyVfs&>(*world.vfs);
};

}  // namespace

TEST_CASE("2.7.3 an expected row that the commit thread cannot read fails its transaction alone",
          "[local][rows][fault]") {
    UnreadTables disk;
    Transaction replace = put_of("row", "2");
    replace.expectations.push_back(Expectation{"row", 1});
    disk.refuse_reads();
    const auto refused = disk.commit(replace);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().kind == StorageError::Kind::io);
    CHECK(disk.failures() == 1);
    CHECK(disk.world.put("other", "1"));
    disk.faulty.heal();
    CHECK(disk.commit(replace));
    CHECK(disk.failures() == 1);
    CHECK(disk.world.get("row")->value == "2");
}

TEST_CASE("2.5 fd exhaustion: a row that cannot be read for that is unavailable, and no mistrust",
          "[local][rows][fault]") {
    UnreadTables disk;
    const auto code = GENERATE(EMFILE, ENFILE, ENOMEM);
    Transaction replace = put_of("row", "2");
    replace.expectations.push_back(Expectation{"row", 1});
    disk.faulty.fail({"pread", ".sst", 1, code, true});
    const auto refused = disk.commit(replace);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().kind == StorageError::Kind::unavailable);
    const auto read = disk.world.try_get("row");
    REQUIRE_FALSE(read);
    CHECK(read.error().kind == StorageError::Kind::unavailable);
    CHECK(disk.failures() == 0);
    CHECK(disk.world.engine->upkeep().damage().size() == 0);
    disk.faulty.heal();
    CHECK(disk.world.get("row")->value == "1");
    CHECK(disk.commit(replace));
}

TEST_CASE("2.7.3 a range that the commit thread cannot read fails its transaction alone",
          "[local][rows][fault]") {
    UnreadTables disk;
    Transaction remove;
    remove.range_deletes.push_back(RangeDelete{RowFamily::index, "a", "z"});
    disk.refuse_reads();
    const auto refused = disk.commit(remove);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().kind == StorageError::Kind::io);
    CHECK(disk.failures() == 1);
    CHECK(disk.world.put("other", "1"));
    disk.faulty.heal();
    CHECK(disk.world.get("row")->value == "1");
    CHECK(disk.commit(remove));
    CHECK(disk.failures() == 1);
    CHECK_FALSE(disk.world.get("row"));
}

TEST_CASE("2.7.3 a row in memory that cannot be read is counted as one on the disk is",
          "[local][rows][fault]") {
    TemporaryDirectory directory;
    RowWorld world(directory);
    // What only a merge operator could read, and there is none.
    rocksdb::SstFileWriter table({}, {});
    REQUIRE(table.Open(directory.file("table")).ok());
    REQUIRE(table.Merge(local::disk_key("p", "row"), "a part of a value").ok());
    REQUIRE(table.Finish().ok());
    REQUIRE(world.database->db()
                .IngestExternalFile(world.database->family(RowFamily::index),
                                    {directory.file("table")}, {})
                .ok());
    const std::vector<RowKey> keys{{RowFamily::index, "row"}};
    CHECK_FALSE(run(world.rows->get("p", keys)));
    REQUIRE(world.access.read_failures() == 1);
    // The first read left it in the block cache.
    const auto in_memory = local::read_rows(*world.database, "p", keys, local::ReadDepth::memory);
    REQUIRE(in_memory);
    REQUIRE_FALSE(*in_memory);
    CHECK_FALSE(run(world.rows->get("p", keys)));
    CHECK(world.access.read_failures() == 2);
}
