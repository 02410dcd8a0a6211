#include "storage/local/body_merger.h"

#include <filesystem>
#include <future>
#include <thread>

#include "base/failpoint.h"
#include "tests/catch.h"
#include "tests/unit/storage/local/row_support.h"

using namespace holdfast;
using namespace holdfast::storage;
using local::BodyMerger;
using tests::RowWorld;
using tests::TemporaryDirectory;

namespace {

constexpr int numbers = 6000;
constexpr std::size_t body_bytes = 1100;  // long enough for a blob file

std::string key_of(int number) {
    return "k" + std::to_string(10'000 + number);
}

std::string body_of(int number, int version) {
    return std::to_string(number) + "v" + std::to_string(version) + std::string(body_bytes, '.');
}

rocksdb::ColumnFamilyHandle* bodies(RowWorld& world) {
    return world.database->family(RowFamily::body);
}

void flush(RowWorld& world) {
    REQUIRE(world.database->db().Flush({}, bodies(world)).ok());
}

/// Every `step`th body, in a file of its own.
void put(RowWorld& world, int step, int version) {
    Transaction transaction;
    for (int number = 0; number < numbers; number += step)
        transaction.puts.push_back(
            Put{RowKey{RowFamily::body, key_of(number)}, body_of(number, version)});
    const auto committed = world.commit(std::move(transaction));
    REQUIRE(committed);
    flush(world);
}

/// Tables of one block each; nothing is compacted unless it is asked for.
void prepare(RowWorld& world) {
    REQUIRE(world.database->db()
                .SetOptions(bodies(world), {{"target_file_size_base", "8192"},
                                            {"disable_auto_compactions", "true"}})
                .ok());
}

/// All steps of one merge; how many they were.
int merge_all(BodyMerger& merger, std::uint64_t move_up_to) {
    BodyMerge merge{{}, move_up_to};
    int steps = 0;
    do {
        auto done = merger.step(merge);
        REQUIRE(done);
        merge.from = done->next;
        REQUIRE(++steps < 1000);
    } while (!merge.from.empty());
    return steps;
}

BodySpace space_of(BodyMerger& merger) {
    auto space = merger.space();
    REQUIRE(space);
    return *std::move(space);
}

std::uint64_t garbage_of(const BodySpace& space) {
    std::uint64_t bytes = 0;
    for (const auto& file : space.files) bytes += file.garbage_bytes;
    return bytes;
}

std::vector<std::uint64_t> numbers_of(const BodySpace& space) {
    std::vector<std::uint64_t> found;
    for (const auto& file : space.files) found.push_back(file.number);
    return found;
}

/// Every body is there, every `step`th in its second version; 0: none.
void check_bodies(RowWorld& world, int step) {
    std::vector<RowKey> keys;
    for (int number = 0; number < numbers; ++number)
        keys.push_back({RowFamily::body, key_of(number)});
    const auto rows = tests::await(world.rows->get("p", std::move(keys)));
    REQUIRE(rows);
    int right = 0;
    for (int number = 0; number < numbers; ++number) {
        const auto& row = rows->at(static_cast<std::size_t>(number));
        if (row && row->value == body_of(number, step > 0 && number % step == 0 ? 2 : 1)) ++right;
    }
    CHECK(right == numbers);
}

/// Rows of other keys, all over the range of the bodies, that stay in memory.
void put_between(RowWorld& world, const std::string& suffix) {
    Transaction transaction;
    for (int number = 0; number < numbers; number += 10)
        transaction.puts.push_back(
            Put{RowKey{RowFamily::body, key_of(number) + suffix}, body_of(number, 1)});
    const auto committed = world.commit(std::move(transaction));
    REQUIRE(committed);
}

/// What RocksDB says to a call that it refuses as soon as it was told to end.
bool was_told_to_end(RowWorld& world) {
    return world.database->db().CompactFiles({}, bodies(world), {}, 6).IsShutdownInProgress();
}

/// A compaction has begun; it waits at the failpoint.
void wait_for_compaction(RowWorld& world) {
    std::uint64_t running = 0;
    while (running == 0) {
        REQUIRE(world.database->db().GetIntProperty(rocksdb::DB::Properties::kNumRunningCompactions,
                                                    &running));
        std::this_thread::yield();
    }
}

void wait_for_flush(RowWorld& world) {
    std::uint64_t in_memory = 1;
    while (in_memory > 0) {
        REQUIRE(world.database->db().GetIntProperty(
            bodies(world), rocksdb::DB::Properties::kNumEntriesActiveMemTable, &in_memory));
        std::this_thread::yield();
    }
}

}  // namespace

TEST_CASE("bodies: P13 merging rows shows the garbage, moving the others gives whole files back",
          "[local][rows]") {
    TemporaryDirectory directory;
    RowWorld world(directory);
    BodyMerger merger(world.access);
    prepare(world);
    put(world, 1, 1);
    // One step, as there is no table below yet; a table that is only moved down would stay one.
    REQUIRE(merge_all(merger, 0) == 1);
    CHECK(space_of(merger).unmerged_rows_max == 0);
    put(world, 2, 2);
    CHECK(garbage_of(space_of(merger)) == 0);
    CHECK(space_of(merger).unmerged_rows_max >= numbers / 2);
    const auto before = numbers_of(space_of(merger));
    REQUIRE(before.size() == 2);

    CHECK(merge_all(merger, 0) > 5);
    const auto merged = space_of(merger);
    CHECK(merged.unmerged_rows_max == 0);
    CHECK(garbage_of(merged) >= numbers / 2 * body_bytes);
    CHECK(numbers_of(merged) == before);  // nothing was moved
    check_bodies(world, 2);

    CHECK(merge_all(merger, before.front()) > 5);
    const auto moved = space_of(merger);
    CHECK(garbage_of(moved) == 0);
    CHECK(numbers_of(moved).front() == before.back());  // no further than it was told
    check_bodies(world, 2);
}

TEST_CASE("bodies: more files than twenty are left alone when none is to be emptied",
          "[local][rows]") {
    TemporaryDirectory directory;
    RowWorld world(directory);
    BodyMerger merger(world.access);
    prepare(world);
    for (int part = 0; part < 30; ++part) {
        Transaction transaction;
        for (int number = part; number < numbers; number += 30)
            transaction.puts.push_back(
                Put{RowKey{RowFamily::body, key_of(number)}, body_of(number, 1)});
        const auto committed = world.commit(std::move(transaction));
        REQUIRE(committed);
        flush(world);
    }
    const auto before = numbers_of(space_of(merger));
    REQUIRE(before.size() == 30);
    merge_all(merger, 0);
    CHECK(numbers_of(space_of(merger)) == before);
}

TEST_CASE("bodies: a merge that is stopped says so, and so does every later one", "[local][rows]") {
    TemporaryDirectory directory;
    RowWorld world(directory);
    BodyMerger merger(world.access);
    prepare(world);
    put(world, 1, 1);
    put(world, 2, 2);
    REQUIRE(base::set_failpoints("rocksdb.compaction=pause"));
    auto step = std::async(std::launch::async, [&] { return merger.step({}); });
    wait_for_compaction(world);
    merger.stop();
    REQUIRE(base::set_failpoints(""));
    const auto stopped = step.get();
    REQUIRE_FALSE(stopped);
    CHECK(stopped.error().kind == StorageError::Kind::unavailable);
    CHECK_FALSE(merger.step({}));
    check_bodies(world, 2);
}

TEST_CASE("bodies: a step moves what one table points to, whatever is written meanwhile",
          "[local][rows]") {
    TemporaryDirectory directory;
    RowWorld world(directory);
    BodyMerger merger(world.access);
    prepare(world);
    put(world, 1, 1);
    merge_all(merger, 0);
    const auto oldest = space_of(merger).files.front();
    BodyMerge merge{{}, oldest.number};
    std::uint64_t gone = 0;
    int steps = 0;
    do {
        put_between(world, "w" + std::to_string(steps));
        if (steps % 2 == 0) flush(world);  // a file of level 0 that overlaps with everything
        auto done = merger.step(merge);
        REQUIRE(done);
        merge.from = done->next;
        ++steps;
        const auto files = space_of(merger).files;
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
    RowWorld world(directory);
    BodyMerger merger(world.access);
    prepare(world);
    put(world, 1, 1);
    put(world, 2, 2);
    merge_all(merger, 0);
    const auto before = numbers_of(space_of(merger));
    REQUIRE(before.size() == 2);
    put_between(world, "w");
    merge_all(merger, before.front());
    const auto after = space_of(merger);
    CHECK(after.files.front().number == before.back());
    CHECK(after.files.front().garbage_bytes == 0);
    check_bodies(world, 2);
}

TEST_CASE("bodies: a table whose last row was replaced or deleted since is moved all the same",
          "[local][rows]") {
    TemporaryDirectory directory;
    RowWorld world(directory);
    BodyMerger merger(world.access);
    prepare(world);
    put(world, 1, 1);
    merge_all(merger, 0);
    const auto oldest = space_of(merger).files.front().number;
    SECTION("replaced") {
        put(world, 1, 2);
    }
    SECTION("every other one deleted") {
        Transaction transaction;
        for (int number = 1; number < numbers; number += 2)
            transaction.deletes.push_back(RowKey{RowFamily::body, key_of(number)});
        REQUIRE(world.commit(std::move(transaction)));
    }
    merge_all(merger, oldest);
    CHECK(numbers_of(space_of(merger)).front() > oldest);
}

TEST_CASE("bodies: P13 small ones that were deleted give the space of their tables back",
          "[local][rows]") {
    TemporaryDirectory directory;
    RowWorld world(directory);
    BodyMerger merger(world.access);
    prepare(world);
    Transaction puts;
    Transaction deletes;
    for (int number = 0; number < numbers; ++number) {
        const RowKey key{RowFamily::body, key_of(number)};
        puts.puts.push_back(Put{key, std::string(700, 'x')});
        deletes.deletes.push_back(key);
    }
    REQUIRE(world.commit(std::move(puts)));
    flush(world);
    SECTION("from the lowest level") {
        merge_all(merger, 0);
    }
    SECTION("before any was merged") {}
    CHECK(space_of(merger).table_bytes > numbers * 700);
    REQUIRE(world.commit(std::move(deletes)));
    CHECK(space_of(merger).unmerged_rows_max >= numbers);
    merge_all(merger, 0);
    CHECK(space_of(merger).table_bytes == 0);
    CHECK(space_of(merger).unmerged_rows_max == 0);
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
    for (int number = 0; number < numbers; ++number) {
        puts.puts.push_back(tests::put_row(key_of(number), body_of(number, 1)));
        deletes.deletes.push_back(puts.puts.back().key);
    }
    REQUIRE(world.commit(std::move(puts)));
    REQUIRE(db.Flush({}, index).ok());
    REQUIRE(world.commit(std::move(deletes)));
    CHECK(space_of(merger).index_deletions == numbers);
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
    RowWorld world(directory);
    std::vector<std::string> told;
    BodyMerger merger(world.access, [&](const std::string& reason) { told.push_back(reason); });
    prepare(world);
    put(world, 1, 1);
    merge_all(merger, 0);
    const auto oldest = space_of(merger).files.front();
    for (const auto& entry : std::filesystem::directory_iterator(directory.file("index"))) {
        if (entry.path().extension() != ".blob") continue;
        auto file = world.vfs->open(entry.path(), base::OpenMode::read_write);
        REQUIRE(file);
        const base::Bytes garbage(3 * body_bytes, 0x5a);
        REQUIRE((*file)->pwrite(oldest.bytes / 2, garbage));
    }
    BodyMerge merge{{}, oldest.number};
    auto step = merger.step(merge);
    while (step && !step->next.empty()) {
        merge.from = step->next;
        step = merger.step(merge);
    }
    REQUIRE_FALSE(step);
    CHECK(step.error().kind == StorageError::Kind::corrupt);
    REQUIRE(told.size() == 1);
    CHECK(told[0].find(step.error().detail) != std::string::npos);
    CHECK(world.access.read_failures() > 0);
}

TEST_CASE("bodies: 2.5 closing the index waits for a merge under way and cuts it short",
          "[local][rows]") {
    TemporaryDirectory directory;
    {
        RowWorld world(directory);
        BodyMerger merger(world.access);
        prepare(world);
        put(world, 1, 1);
        put(world, 2, 2);
        REQUIRE(base::set_failpoints("rocksdb.compaction=pause"));
        auto step = std::async(std::launch::async, [&] { return merger.step({}); });
        wait_for_compaction(world);
        auto close = std::async(std::launch::async, [&] { return world.access.close(); });
        while (!was_told_to_end(world)) std::this_thread::yield();
        CHECK(close.wait_for(std::chrono::seconds(0)) == std::future_status::timeout);
        REQUIRE(base::set_failpoints(""));
        CHECK(close.get() != nullptr);
        const auto cut = step.get();
        REQUIRE_FALSE(cut);
        CHECK(cut.error().kind == StorageError::Kind::unavailable);
        world.access.give_up();
        CHECK_FALSE(merger.step({}));
    }
    RowWorld world(directory);
    check_bodies(world, 2);
}

TEST_CASE("bodies: 2.5 closing the index cuts a merge short that waits for another compaction",
          "[local][rows]") {
    TemporaryDirectory directory;
    {
        RowWorld world(directory);
        BodyMerger merger(world.access);
        prepare(world);
        put(world, 1, 1);
        put(world, 2, 2);
        REQUIRE(base::set_failpoints("rocksdb.compaction=pause"));
        auto other = std::async(std::launch::async, [&] {
            return world.database->db().CompactRange({}, bodies(world), nullptr, nullptr);
        });
        wait_for_compaction(world);
        put_between(world, "w");
        auto step = std::async(std::launch::async, [&] { return merger.step({}); });
        wait_for_flush(world);  // with which it begins
        auto close = std::async(std::launch::async, [&] { return world.access.close(); });
        while (!was_told_to_end(world)) std::this_thread::yield();
        REQUIRE(base::set_failpoints(""));
        CHECK(close.get() != nullptr);
        CHECK(other.get().IsShutdownInProgress());
        const auto cut = step.get();
        REQUIRE_FALSE(cut);
        CHECK(cut.error().kind == StorageError::Kind::unavailable);
    }
    RowWorld world(directory);
    check_bodies(world, 2);
}
