// The collector when any of its calls fails, or while somebody writes between two of them: nothing
// that is referred to is lost, and a later pass gives everything else back (P13).

#include <boost/asio/post.hpp>
#include <cerrno>

#include "base/limits.h"
#include "base/spawn.h"
#include "tests/component/workers/faulty_disk.h"

using namespace holdfast;
using namespace holdfast::test;
using namespace std::chrono_literals;
using base::KiB;

namespace {

/// A collector that lives as long as a run: ages are counted while it is there.
struct Collecting {
    Collecting(FaultyDisk& w, const workers::CollectorOptions& options)
        : world(w), collector(w.loop.get_executor(), w.store(), w.upkeep(), options) {}
    workers::CollectorReport pass(bool consent = false) {
        run_on(world.loop, collector.run_once(consent));
        return collector.report();
    }

    FaultyDisk& world;
    workers::OrphanCollector collector;
};

}  // namespace

TEST_CASE("collector: whichever call of a pass goes wrong, nothing is lost and all comes back, P13",
          "[workers][collector]") {
    const auto trouble = GENERATE(fails_once, fails_for_ever, is_held_once, is_stopped);
    auto options = at_once();
    options.bodies = {0, std::uint64_t{2} << 20};
    FaultyDisk world(options);
    Content content(world.disk, 100 * KiB);
    std::uint64_t nth = 0;
    for (bool came = true; came;) {
        ++nth;
        INFO("call " << nth << ' ' << trouble.name);
        world.disk.put("replaced", 100 * KiB);
        world.disk.put("replaced", 80 * KiB);
        world.disk.write_blob(50 * KiB);
        world.collect(false, [&](workers::OrphanCollector& collector) {
            world.arm(trouble, nth, collector);
        });
        came = world.disarm();
        content.check();
        CHECK(world.disk.get("replaced") == text_of("replaced", 80 * KiB));
        world.disk.reclaim();
        check_settled(world, world.collect());
    }
    CHECK(nth > 20);
    content.check_all();
}

TEST_CASE("collector: what was put, or put and removed, during a pass is no leftover, 2.7.2",
          "[workers][collector]") {
    FaultyDisk world(at_once());
    auto& disk = world.disk;
    int walks = 0;
    int snapshots = 0;
    world.faults.before = [&](const std::string& call) {
        if (call == "upkeep.segments" && ++walks == 2) {  // the owners are known, the walk begins
            disk.put("late", 100 * KiB);
            disk.put("brief", 100 * KiB);
            disk.remove("brief");
        }
        // A segment that the walk did not see.
        if (call == "upkeep.snapshot" && ++snapshots == 2)
            for (int i = 0; i < 12; ++i) disk.put("later" + std::to_string(i), 1500 * KiB);
    };
    const auto report = world.collect();
    world.faults.before = nullptr;
    CHECK(walks >= 2);
    CHECK(report.failure.empty());
    CHECK(report.released == 0);
    CHECK(report.orphans == 0);
    CHECK(report.use.live_bytes >= 100 * KiB);
    CHECK(report.use.queued_bytes >= 100 * KiB);
    CHECK(disk.get("late") == text_of("late", 100 * KiB));
    for (int i = 0; i < 12; ++i) {
        const auto key = "later" + std::to_string(i);
        CHECK(disk.get(key) == text_of(key, 1500 * KiB));
    }
    disk.reclaim();
    check_settled(world, world.collect());
}

TEST_CASE("collector: more leftovers than it may remember stop it, and come back bit by bit, 2.7.3",
          "[workers][collector]") {
    auto options = at_once();
    options.candidates_max = 2;
    FaultyDisk world(options);
    world.disk.put("kept", 100 * KiB);
    for (int i = 0; i < 5; ++i) world.disk.write_blob(50 * KiB);
    const auto stopped = world.collect();
    check_sum(world.disk, stopped);
    CHECK(stopped.stopped_at == 2);
    CHECK(stopped.released == 0);
    CHECK(stopped.use.orphan_bytes >= 5 * 50 * KiB);
    CHECK(world.collect(true).released == 2);
    CHECK(world.collect(true).released == 2);
    const auto last = world.collect();
    CHECK(last.stopped_at == 0);
    CHECK(last.released == 1);
    check_settled(world, world.collect());
    CHECK(world.disk.get("kept") == text_of("kept", 100 * KiB));
}

TEST_CASE("collector: what a pass was too full to look at keeps its place in quarantine, 2.7.2",
          "[workers][collector]") {
    auto options = at_once();
    options.quarantine = 1h;
    options.candidates_max = 2;
    FaultyDisk world(options);
    for (const char* key : {"lost1", "lost2"}) world.disk.put(key, 50 * KiB);
    world.kill_and_restart();
    world.disk.write_blob(50 * KiB);
    Collecting collecting(world, options);
    CHECK(collecting.pass().quarantined == 1);
    // Two objects in front of it lose their rows, which leaves no room for it.
    storage::Transaction lost;
    for (const char* row : {"olost1", "olost2"}) lost.deletes.push_back({{}, row});
    REQUIRE(world.disk.run(
        world.disk.store().metadata.commit(world.disk.partition(), std::move(lost))));
    world.disk.clock.advance(1h);
    const auto full = collecting.pass(true);
    CHECK(full.failure.empty());
    CHECK(full.released == 0);
    CHECK(full.quarantined == 3);
    world.disk.clock.advance(1h);
    CHECK(collecting.pass(true).released == 2);
    CHECK(collecting.pass().released == 1);
    check_settled(world, collecting.pass());
}

TEST_CASE("collector: a leftover whose end is damaged is kept and given back like any other, 2.7.2",
          "[workers][collector]") {
    auto options = at_once();
    options.quarantine = 1h;
    FaultyDisk world(options);
    const auto blob = world.disk.write_blob(50 * KiB);
    const auto& extent = blob.extents.front();
    world.kill_and_restart();
    world.disk.damage(extent.segment, extent.offset + extent.length - 30);
    const auto report = world.collect();
    REQUIRE(report.listed.size() == 1);
    CHECK(report.listed.front().leftover.kind == storage::SegmentPiece::Kind::damaged);
    world.kill_and_restart();
    Collecting collecting(world, options);
    CHECK(collecting.pass().quarantined == 1);
    world.disk.clock.advance(1h);
    CHECK(collecting.pass().released == 1);
    check_settled(world, world.collect());
}

TEST_CASE(
    "collector: while no writes are taken it measures, and writes and gives back nothing, 2.6",
    "[workers][collector]") {
    using Cause = storage::EngineCondition::Cause;
    const auto cause = GENERATE(Cause::chosen, Cause::missing_commits, Cause::fault);
    FaultyDisk world(at_once());
    world.disk.put("kept", 100 * KiB);
    world.disk.write_blob(50 * KiB);
    storage::EngineCondition condition;
    condition.cause = cause;
    condition.reason = "told by the test";
    SECTION("from the start") {
        world.upkeep().forced_condition = condition;
        int writes = 0;
        world.faults.before = [&](const std::string& call) {
            if (call == "blobs.release" || call == "upkeep.trim" || call == "upkeep.merge_bodies" ||
                call == "upkeep.write_note")
                ++writes;
        };
        const auto report = world.collect();
        check_sum(world.disk, report);
        CHECK(report.blocked == condition.reason);
        CHECK(report.orphans == 1);
        CHECK(writes == 0);
    }
    SECTION("from the first release on") {
        world.disk.write_blob(50 * KiB);
        world.faults.before = [&](const std::string& call) {
            if (call == "blobs.release") world.upkeep().forced_condition = condition;
        };
        const auto report = world.collect();
        check_sum(world.disk, report);
        CHECK(report.blocked == condition.reason);
        CHECK(report.released == 1);
        CHECK(report.quarantined == 1);
    }
    world.faults.before = nullptr;
    world.upkeep().forced_condition.reset();
    world.collect();
    check_settled(world, world.collect());
    CHECK(world.disk.get("kept") == text_of("kept", 100 * KiB));
}

TEST_CASE(
    "collector: without holes, a segment of this run goes an hour after it was emptied, 2.7.2",
    "[workers][collector]") {
    auto options = keeping(0ms);
    FaultyDisk world(options);
    auto& disk = world.disk;
    disk.vfs.fail({"punch_hole", "", 1, EOPNOTSUPP, true});
    for (int i = 0; i < 60; ++i) disk.put("k" + std::to_string(i), 700 * KiB);
    const auto segments = disk.segments_of_run(1);
    REQUIRE(segments >= 3);
    for (int i = 0; i < 60; ++i) disk.remove("k" + std::to_string(i));
    Collecting collecting(world, options);
    CHECK(collecting.pass().failure.empty());
    CHECK(disk.segments_of_run(1) == segments);  // the rows of garbage name what is in them
    disk.reclaim();
    CHECK(collecting.pass().failure.empty());
    disk.clock.advance(59min);
    CHECK(collecting.pass().failure.empty());
    disk.clock.advance(1min);
    CHECK(collecting.pass().failure.empty());
    CHECK(disk.segments_of_run(1) < segments);
    check_sum(disk, collecting.pass());
}

TEST_CASE("collector: the report lists a thousand of what is in quarantine, and counts all",
          "[workers][collector]") {
    auto options = at_once();
    options.quarantine = 1h;
    FaultyDisk world(options);
    constexpr std::uint64_t count = workers::CollectorReport::listed_max + 1;
    for (std::uint64_t i = 0; i < count; ++i) world.disk.write_blob(1000);
    const auto report = world.collect(true);
    CHECK(report.quarantined == count);
    CHECK(report.listed.size() == workers::CollectorReport::listed_max);
}

TEST_CASE("collector: begins by itself when a pass is due, and else only when asked",
          "[workers][collector]") {
    auto options = at_once();
    const bool by_itself = GENERATE(true, false);
    options.interval = by_itself ? 24h : 0ms;
    options.first_delay = 0ms;
    FaultyDisk world(options);
    world.disk.write_blob(50 * KiB);
    Collecting collecting(world, options);
    const auto work = [&]() -> base::Awaitable<void> {
        const auto executor = world.loop.get_executor();
        base::spawn(executor, collecting.collector.run());
        if (!by_itself) {
            for (int i = 0; i < 100; ++i) co_await base::asio::post(executor, base::use_awaitable);
            CHECK(collecting.collector.report().passes == 0);
            collecting.collector.request(true);
            collecting.collector.request(false);
        }
        while (collecting.collector.report().passes == 0)
            co_await base::asio::post(executor, base::use_awaitable);
        co_await collecting.collector.stop();
    };
    run_on(world.loop, work());
    CHECK(collecting.collector.report().released == 1);
}

TEST_CASE("collector: a request that was consented to stays so until its pass, 2.7.3",
          "[workers][collector]") {
    auto options = at_once();
    options.interval = 0ms;
    options.candidates_max = 1;  // so that it would stop
    FaultyDisk world(options);
    for (int i = 0; i < 2; ++i) world.disk.write_blob(50 * KiB);
    Collecting collecting(world, options);
    const auto work = [&]() -> base::Awaitable<void> {
        const auto executor = world.loop.get_executor();
        collecting.collector.request(true);
        collecting.collector.request(false);
        base::spawn(executor, collecting.collector.run());
        while (collecting.collector.report().passes == 0)
            co_await base::asio::post(executor, base::use_awaitable);
        co_await collecting.collector.stop();
    };
    run_on(world.loop, work());
    CHECK(collecting.collector.report().stopped_at == 0);
    CHECK(collecting.collector.report().released == 1);
}
