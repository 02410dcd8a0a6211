#include "storage/local/body_merger.h"

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

/// Every body is there, every `step`th in its second version.
void check_bodies(RowWorld& world, int step) {
    std::vector<RowKey> keys;
    for (int number = 0; number < numbers; ++number)
        keys.push_back({RowFamily::body, key_of(number)});
    const auto rows = tests::await(world.rows->get("p", std::move(keys)));
    REQUIRE(rows);
    int right = 0;
    for (int number = 0; number < numbers; ++number) {
        const auto& row = rows->at(static_cast<std::size_t>(number));
        if (row && row->value == body_of(number, number % step == 0 ? 2 : 1)) ++right;
    }
    CHECK(right == numbers);
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

}  // namespace

TEST_CASE("bodies: P13 merging rows shows the garbage, moving the others gives whole files back",
          "[local][rows]") {
    TemporaryDirectory directory;
    RowWorld world(directory);
    BodyMerger merger(world.access);
    prepare(world);
    put(world, 1, 1);
    // One step, as there is no table below yet; a table that is only moved down would stay one.
    REQUIRE(merge_all(merger, space_of(merger).files.back().number) == 1);
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
        // Nobody comes in any more: it is being closed.
        while (world.access.try_use()) std::this_thread::yield();
        CHECK(close.wait_for(std::chrono::seconds(0)) == std::future_status::timeout);
        REQUIRE(base::set_failpoints(""));
        CHECK(close.get() != nullptr);
        static_cast<void>(step.get());
        world.access.give_up();
        CHECK_FALSE(merger.step({}));
    }
    RowWorld world(directory);
    check_bodies(world, 2);
}
