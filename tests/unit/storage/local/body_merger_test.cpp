#include "storage/local/body_merger.h"

#include <filesystem>
#include <thread>

#include "tests/unit/storage/local/body_merger_support.h"

using namespace holdfast;
using namespace holdfast::storage;
using namespace holdfast::tests;
using local::BodyMerger;

namespace {

std::uint64_t garbage_of(const BodySpace& space) {
    std::uint64_t bytes = 0;
    for (const auto& file : space.files) bytes += file.garbage_bytes;
    return bytes;
}

}  // namespace

TEST_CASE("bodies: P13 merging rows shows the garbage, moving the others gives whole files back",
          "[local][rows]") {
    TemporaryDirectory directory;
    MergeWorld world(directory);
    world.put(1, 1);
    // One step, as there is no table below yet; a table that is only moved down would stay one.
    REQUIRE(merge_all(world.merger, 0) == 1);
    CHECK(space_of(world.merger).unmerged_rows_max == 0);
    world.put(2, 2);
    CHECK(garbage_of(space_of(world.merger)) == 0);
    CHECK(space_of(world.merger).unmerged_rows_max >= bodies_count / 2);
    const auto before = numbers_of(space_of(world.merger));
    REQUIRE(before.size() == 2);

    CHECK(merge_all(world.merger, 0) > 5);
    const auto merged = space_of(world.merger);
    CHECK(merged.unmerged_rows_max == 0);
    CHECK(garbage_of(merged) >= bodies_count / 2 * body_bytes);
    CHECK(numbers_of(merged) == before);  // nothing was moved
    check_bodies(world, 2);

    CHECK(merge_all(world.merger, before.front()) > 5);
    const auto moved = space_of(world.merger);
    CHECK(garbage_of(moved) == 0);
    CHECK(numbers_of(moved).front() == before.back());  // no further than it was told
    check_bodies(world, 2);
}

TEST_CASE("bodies: more files than twenty are left alone when none is to be emptied",
          "[local][rows]") {
    TemporaryDirectory directory;
    MergeWorld world(directory);
    for (int part = 0; part < 30; ++part) world.put(30, 1, part);
    const auto before = numbers_of(space_of(world.merger));
    REQUIRE(before.size() == 30);
    merge_all(world.merger, 0);
    CHECK(numbers_of(space_of(world.merger)) == before);
}

TEST_CASE("bodies: a step moves what one table points to, whatever is written meanwhile",
          "[local][rows]") {
    TemporaryDirectory directory;
    MergeWorld world(directory);
    world.put(1, 1);
    merge_all(world.merger, 0);
    const auto oldest = space_of(world.merger).files.front();
    BodyMerge merge{{}, oldest.number};
    std::uint64_t gone = 0;
    int steps = 0;
    do {
        world.put_between("w" + std::to_string(steps));
        if (steps % 2 == 0) world.flush();  // a file of level 0 that overlaps with everything
        auto done = world.merger.step(merge);
        REQUIRE(done);
        merge.from = done->next;
        ++steps;
        const auto files = space_of(world.merger).files;
        const bool is_there = files.front().number == oldest.number;
        const auto now = is_there ? files.front().garbage_bytes : oldest.bytes;
        CHECK(now - gone < oldest.bytes / 4);
        gone = now;
    } while (!merge.from.empty());
    CHECK(steps > 5);
    CHECK(gone == oldest.bytes);
    check_bodies(world, 0);
}

TEST_CASE("bodies: no more is moved than was asked for, with rows in memory too", "[local][rows]") {
    TemporaryDirectory directory;
    MergeWorld world(directory);
    world.put(1, 1);
    world.put(2, 2);
    merge_all(world.merger, 0);
    const auto before = numbers_of(space_of(world.merger));
    REQUIRE(before.size() == 2);
    world.put_between("w");
    merge_all(world.merger, before.front());
    const auto after = space_of(world.merger);
    CHECK(after.files.front().number == before.back());
    CHECK(after.files.front().garbage_bytes == 0);
    check_bodies(world, 2);
}

TEST_CASE("bodies: a table whose last row was replaced or deleted since is moved all the same",
          "[local][rows]") {
    TemporaryDirectory directory;
    MergeWorld world(directory);
    world.put(1, 1);
    merge_all(world.merger, 0);
    const auto oldest = space_of(world.merger).files.front().number;
    SECTION("replaced") {
        world.put(1, 2);
    }
    SECTION("every other one deleted") {
        Transaction transaction;
        for (int number = 1; number < bodies_count; number += 2)
            transaction.deletes.push_back(body_key(number));
        REQUIRE(world.commit(std::move(transaction)));
    }
    merge_all(world.merger, oldest);
    CHECK(numbers_of(space_of(world.merger)).front() > oldest);
}

TEST_CASE("bodies: P13 small ones that were deleted give the space of their tables back",
          "[local][rows]") {
    TemporaryDirectory directory;
    MergeWorld world(directory);
    Transaction puts;
    Transaction deletes;
    for (int number = 0; number < bodies_count; ++number) {
        const auto key = body_key(number);
        puts.puts.push_back(Put{key, std::string(700, 'x')});
        deletes.deletes.push_back(key);
    }
    REQUIRE(world.commit(std::move(puts)));
    world.flush();
    SECTION("from the lowest level") {
        merge_all(world.merger, 0);
    }
    SECTION("before any was merged") {}
    CHECK(space_of(world.merger).table_bytes > bodies_count * 700);
    REQUIRE(world.commit(std::move(deletes)));
    CHECK(space_of(world.merger).unmerged_rows_max >= bodies_count);
    merge_all(world.merger, 0);
    CHECK(space_of(world.merger).table_bytes == 0);
    CHECK(space_of(world.merger).unmerged_rows_max == 0);
}

TEST_CASE("bodies: P13 rows of the index that were deleted give their space back with a merge",
          "[local][rows]") {
    TemporaryDirectory directory;
    RowWorld world(directory);
    BodyMerger merger(world.access);
    auto& db = world.database->db();
    auto* const index = world.database->family(RowFamily::index);
    Transaction puts;
    Transaction deletes;
    for (int number = 0; number < bodies_count; ++number) {
        puts.puts.push_back(put_row(body_key(number).key, body_of(number, 1)));
        deletes.deletes.push_back(puts.puts.back().key);
    }
    REQUIRE(world.commit(std::move(puts)));
    REQUIRE(db.Flush({}, index).ok());
    REQUIRE(world.commit(std::move(deletes)));
    CHECK(space_of(merger).index_deletions == bodies_count);
    merge_all(merger, 0);
    CHECK(space_of(merger).index_deletions == 0);
    std::uint64_t bytes = 1;
    while (bytes > 0) {  // RocksDB does the rest by itself
        REQUIRE(db.GetIntProperty(index, rocksdb::DB::Properties::kLiveSstFilesSize, &bytes));
        std::this_thread::yield();
    }
}

TEST_CASE("bodies: 2.5, 2.7.3 damage that a merge meets is an error of the index, told at once",
          "[local][rows]") {
    TemporaryDirectory directory;
    std::vector<std::string> told;
    MergeWorld world(directory, [&](const std::string& reason) { told.push_back(reason); });
    world.put(1, 1);
    merge_all(world.merger, 0);
    const auto oldest = space_of(world.merger).files.front();
    for (const auto& entry : std::filesystem::directory_iterator(directory.file("index"))) {
        if (entry.path().extension() != ".blob") continue;
        auto file = world.vfs->open(entry.path(), base::OpenMode::read_write);
        REQUIRE(file);
        const base::Bytes garbage(3 * body_bytes, 0x5a);
        REQUIRE((*file)->pwrite(oldest.bytes / 2, garbage));
    }
    BodyMerge merge{{}, oldest.number};
    auto step = world.merger.step(merge);
    while (step && !step->next.empty()) {
        merge.from = step->next;
        step = world.merger.step(merge);
    }
    REQUIRE_FALSE(step);
    CHECK(step.error().kind == StorageError::Kind::corrupt);
    REQUIRE(told.size() == 1);
    CHECK(told[0].find(step.error().detail) != std::string::npos);
    CHECK(world.access.read_failures() > 0);
}
