// Merges of bodies that do not come to their end, as they are stopped or the index is closed.

#include <chrono>
#include <future>
#include <thread>

#include "base/failpoint.h"
#include "tests/unit/storage/local/body_merger_support.h"

using namespace holdfast;
using namespace holdfast::storage;
using namespace holdfast::tests;

namespace {

/// What RocksDB says to a call that it refuses as soon as it was told to end.
bool was_told_to_end(MergeWorld& world) {
    return world.database->db().CompactFiles({}, world.bodies(), {}, 6).IsShutdownInProgress();
}

/// A compaction has begun; it waits at the failpoint.
void wait_for_compaction(MergeWorld& world) {
    std::uint64_t running = 0;
    while (running == 0) {
        REQUIRE(world.database->db().GetIntProperty(rocksdb::DB::Properties::kNumRunningCompactions,
                                                    &running));
        std::this_thread::yield();
    }
}

void wait_for_flush(MergeWorld& world) {
    std::uint64_t in_memory = 1;
    while (in_memory > 0) {
        REQUIRE(world.database->db().GetIntProperty(
            world.bodies(), rocksdb::DB::Properties::kNumEntriesActiveMemTable, &in_memory));
        std::this_thread::yield();
    }
}

}  // namespace

TEST_CASE("bodies: a merge that is stopped says so, and so does every later one", "[local][rows]") {
    TemporaryDirectory directory;
    MergeWorld world(directory);
    world.put(1, 1);
    world.put(2, 2);
    REQUIRE(base::set_failpoints("rocksdb.compaction=pause"));
    auto step = std::async(std::launch::async, [&] { return world.merger.step({}); });
    wait_for_compaction(world);
    world.merger.stop();
    REQUIRE(base::set_failpoints(""));
    const auto stopped = step.get();
    REQUIRE_FALSE(stopped);
    CHECK(stopped.error().kind == StorageError::Kind::unavailable);
    CHECK_FALSE(world.merger.step({}));
    check_bodies(world, 2);
}

TEST_CASE("bodies: 2.5 closing the index waits for a merge under way and cuts it short",
          "[local][rows]") {
    TemporaryDirectory directory;
    {
        MergeWorld world(directory);
        world.put(1, 1);
        world.put(2, 2);
        REQUIRE(base::set_failpoints("rocksdb.compaction=pause"));
        auto step = std::async(std::launch::async, [&] { return world.merger.step({}); });
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
        CHECK_FALSE(world.merger.step({}));
    }
    RowWorld world(directory);
    check_bodies(world, 2);
}

TEST_CASE("bodies: 2.5 closing the index cuts a merge short that waits for another compaction",
          "[local][rows]") {
    TemporaryDirectory directory;
    {
        MergeWorld world(directory);
        world.put(1, 1);
        world.put(2, 2);
        REQUIRE(base::set_failpoints("rocksdb.compaction=pause"));
        auto other = std::async(std::launch::async, [&] {
            return world.database->db().CompactRange({}, world.bodies(), nullptr, nullptr);
        });
        wait_for_compaction(world);
        world.put_between("w");
        auto step = std::async(std::launch::async, [&] { return world.merger.step({}); });
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
