#include "storage/workers/body_collector.h"

#include <cstdlib>
#include <deque>

#include "base/limits.h"
#include "tests/catch.h"
#include "tests/run_coroutine.h"

using namespace holdfast;
using namespace holdfast::storage;
using base::MiB;
using workers::BodyCollector;

namespace {

/// Says what the test tells it about bodies, and notes which merges are asked for.
class BodiesOnly final : public Upkeep {
public:
    Async<BodySpace> body_space() override {
        auto space = spaces.front();
        if (spaces.size() > 1) spaces.pop_front();
        co_return space;
    }
    Async<BodyMergeStep> merge_bodies(BodyMerge merge) override {
        merges.push_back(merge);
        if (failure && merge.move_up_to >= failing_from) co_return *failure;
        BodyMergeStep step;
        if (merge.from.empty()) step.next = "middle";
        co_return step;
    }
    void stop_merging() override {}

    Async<std::unique_ptr<RowSnapshot>> snapshot(RowPosition) override { co_return unasked(); }
    Async<std::vector<SegmentInfo>> segments() override { co_return unasked(); }
    Async<SegmentPage> scan(std::uint64_t, std::uint64_t) override { co_return unasked(); }
    [[nodiscard]] bool is_in_flight(const BlobId&) const override { return false; }
    Async<void> trim(std::uint64_t, std::vector<Extent>) override { co_return unasked(); }
    Async<void> drop(std::uint64_t) override { co_return unasked(); }
    [[nodiscard]] bool punches_holes() const override { return true; }
    Async<BlobCheck> check(const BlobRef&, std::size_t) override { co_return unasked(); }
    Async<std::vector<IndexFile>> index_files() override { co_return unasked(); }
    Async<base::Bytes> read_index_file(const std::string&, std::uint64_t, std::uint64_t) override {
        co_return unasked();
    }
    Async<std::vector<std::string>> other_files() override { co_return unasked(); }
    Async<FileCheck> check_file(const std::string&, std::uint64_t) override { co_return unasked(); }
    [[nodiscard]] EngineCondition condition() const override { return {}; }
    [[nodiscard]] std::uint64_t index_failures() const override { return 0; }
    DamageList& damage() override { return damage_; }
    VolumeSnapshots& volume_snapshots() override { std::abort(); }  // nobody asks
    Async<std::string> read_note(const std::string&) override { co_return unasked(); }
    Async<void> write_note(const std::string&, std::string) override { co_return unasked(); }

    std::deque<BodySpace> spaces;  ///< one for each question, the last one for all further
    std::vector<BodyMerge> merges;
    std::optional<StorageError> failure;
    std::uint64_t failing_from = 0;  ///< of merges that move so much

private:
    static StorageError unasked() { return {StorageError::Kind::io, "not of bodies"}; }
    base::SystemClock clock_;
    DamageList damage_{clock_};
};

struct World {
    Result<BodyCollector::Outcome> run() { return test::run_on(loop, collector.run()); }
    /// Up to which file each whole merge moved.
    [[nodiscard]] std::vector<std::uint64_t> merged_up_to() const {
        std::vector<std::uint64_t> found;
        for (const auto& merge : upkeep.merges)
            if (merge.from.empty()) found.push_back(merge.move_up_to);
        return found;
    }

    base::asio::io_context loop{1};
    BodiesOnly upkeep;
    workers::Throttle throttle{loop.get_executor(), 0};
    bool stopping = false;
    BodyCollector collector{upkeep, throttle, stopping, {32 * MiB, 64 << 10}};
};

/// Files of 100 MiB with so many MiB of garbage each, numbered from 1; room for everything.
BodySpace files_with(const std::vector<std::uint64_t>& garbage_mib) {
    BodySpace space;
    std::uint64_t number = 0;
    for (const auto garbage : garbage_mib)
        space.files.push_back({++number, 100 * MiB, garbage * MiB});
    space.free_bytes = std::uint64_t{1} << 40;
    space.room_bytes = space.free_bytes;
    return space;
}

}  // namespace

TEST_CASE("body collector: little garbage, known or possible, is left where it is", "[workers]") {
    World world;
    world.upkeep.spaces = {files_with({10, 10, 10})};
    world.upkeep.spaces[0].unmerged_rows_max = 16;  // 1 MiB
    const auto outcome = world.run();
    REQUIRE(outcome);
    CHECK(outcome->bytes == 300 * MiB);
    CHECK(outcome->garbage_bytes == 30 * MiB);
    CHECK(world.upkeep.merges.empty());
}

TEST_CASE("body collector: P13 rows that may hide too much are merged, all of them", "[workers]") {
    World world;
    world.upkeep.spaces = {files_with({0, 0}), files_with({1, 0})};
    world.upkeep.spaces[0].unmerged_rows_max = 1000;
    REQUIRE(world.run());
    REQUIRE(world.upkeep.merges.size() == 2);
    CHECK(world.upkeep.merges[0].from.empty());
    CHECK(world.upkeep.merges[1].from == "middle");
    CHECK(world.merged_up_to() == std::vector<std::uint64_t>{0});
}

TEST_CASE("body collector: P13 the oldest files are emptied until half of what may stay is left",
          "[workers]") {
    World world;
    // Of 400 MiB 290 are alive: 34.9 MiB may stay.
    world.upkeep.spaces = {files_with({50, 46, 10, 4})};
    REQUIRE(world.run());
    CHECK(world.merged_up_to() == std::vector<std::uint64_t>{0, 2});
}

TEST_CASE("body collector: no more than four bytes are moved for one that comes back",
          "[workers]") {
    World world;
    SECTION("which the first ones decide, as far as they go") {
        world.upkeep.spaces = {files_with({30, 0, 0, 0, 0, 60})};
        REQUIRE(world.run());
        CHECK(world.merged_up_to() == std::vector<std::uint64_t>{0, 1});
    }
    SECTION("so that nothing is when all garbage is in the newest") {
        world.upkeep.spaces = {files_with({0, 0, 0, 0, 0, 60})};
        REQUIRE(world.run());
        CHECK(world.merged_up_to() == std::vector<std::uint64_t>{0});
    }
}

TEST_CASE("body collector: 4 no more is moved than there is room for beside the reserve",
          "[workers]") {
    World world;
    auto space = files_with({50, 50, 50, 50});
    space.room_bytes = 110 * MiB;
    world.upkeep.spaces = {space};
    REQUIRE(world.run());
    CHECK(world.merged_up_to() == std::vector<std::uint64_t>{0, 2});
}

TEST_CASE("body collector: P13 small bodies that lie in tables count, and rows may hide them",
          "[workers]") {
    World world;
    BodySpace space = files_with({});
    space.table_bytes = 40 * MiB;
    world.upkeep.spaces = {space};
    SECTION("rows of so many may") {
        world.upkeep.spaces[0].unmerged_rows_max = 1000;
        const auto outcome = world.run();
        REQUIRE(outcome);
        CHECK(outcome->bytes == 40 * MiB);
        CHECK(world.merged_up_to() == std::vector<std::uint64_t>{0});
    }
    SECTION("no row does") {
        REQUIRE(world.run());
        CHECK(world.upkeep.merges.empty());
    }
}

TEST_CASE("body collector: P13 many deletions of other rows that are in memory are written",
          "[workers]") {
    World world;
    world.upkeep.spaces = {files_with({0})};
    world.upkeep.spaces[0].index_deletions = 10'000;
    REQUIRE(world.run());
    CHECK(world.merged_up_to() == std::vector<std::uint64_t>{0});
}

TEST_CASE("body collector: rows are merged from the reserve, but not without any room",
          "[workers]") {
    World world;
    auto space = files_with({90, 90});
    space.table_bytes = 8 * MiB;
    space.room_bytes = 0;
    SECTION("less than the rows may need") {
        space.free_bytes = 8 * MiB;
    }
    SECTION("more") {
        space.free_bytes = 9 * MiB;
    }
    const bool has_room = space.free_bytes > space.table_bytes;
    world.upkeep.spaces = {space};
    const auto outcome = world.run();
    REQUIRE(outcome);
    CHECK(outcome->garbage_bytes == 180 * MiB);
    CHECK(world.merged_up_to().size() == (has_room ? 1 : 0));
}

TEST_CASE("body collector: P11 after damage was met nothing is merged any more", "[workers]") {
    World world;
    world.upkeep.spaces = {files_with({90, 90})};
    world.upkeep.failure = StorageError{StorageError::Kind::corrupt, "on purpose"};
    const auto first = world.run();
    REQUIRE(first);
    REQUIRE(first->failure);
    CHECK(first->failure->kind == StorageError::Kind::corrupt);
    CHECK(first->garbage_bytes == 180 * MiB);  // measured all the same
    const auto second = world.run();
    REQUIRE(second);
    CHECK_FALSE(second->failure);
    CHECK(second->garbage_bytes == 180 * MiB);
    CHECK(world.upkeep.merges.size() == 1);
}

TEST_CASE("body collector: 2.5 nothing is merged after the disk failed two passes in a row",
          "[workers]") {
    World world;
    world.upkeep.spaces = {files_with({90, 90})};
    world.upkeep.failure = StorageError{StorageError::Kind::io, "on purpose"};
    SECTION("when the first merge of a pass already fails") {}
    SECTION("when only bodies cannot be moved") {
        world.upkeep.failing_from = 1;
    }
    REQUIRE(world.run()->failure);
    REQUIRE(world.run()->failure);
    const auto merges = world.upkeep.merges.size();
    CHECK_FALSE(world.run()->failure);
    CHECK(world.upkeep.merges.size() == merges);
}

TEST_CASE("body collector: 2.5 failures with a pass that went through between them are forgotten",
          "[workers]") {
    World world;
    world.upkeep.spaces = {files_with({90, 90})};
    const StorageError failure{StorageError::Kind::io, "on purpose"};
    for (int turn = 0; turn < 3; ++turn) {
        world.upkeep.failure = failure;
        CHECK(world.run()->failure);
        world.upkeep.failure.reset();
        CHECK_FALSE(world.run()->failure);
    }
    world.upkeep.failure = StorageError{StorageError::Kind::out_of_space, "on purpose"};
    for (int turn = 0; turn < 3; ++turn) CHECK(world.run()->failure);
}

TEST_CASE("body collector: a stop ends it between two steps", "[workers]") {
    World world;
    world.upkeep.spaces = {files_with({90, 90})};
    world.stopping = true;
    const auto outcome = world.run();
    REQUIRE(outcome);
    REQUIRE(outcome->failure);
    CHECK(outcome->failure->kind == StorageError::Kind::unavailable);
    CHECK(world.upkeep.merges.empty());
}
