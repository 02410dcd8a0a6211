// Snapshots when calls fail or the power does: there is a whole one or none, and what is left of
// one goes.

#include <atomic>
#include <cerrno>

#include "tests/unit/storage/local/snapshot_support.h"

using namespace holdfast;
using namespace holdfast::storage;
using namespace holdfast::storage::local;
using namespace holdfast::tests;

TEST_CASE("snapshot: a deletion that failed in the middle goes on when it is asked for again",
          "[local][snapshot][fault]") {
    SimWorld world;
    world.start();
    REQUIRE(world.put_blob(1));
    REQUIRE(make(world, "one"));
    world.faulty().fail({"remove_directory", ".deleting", 1, EIO, false});
    CHECK_FALSE(remove(world, "one"));
    CHECK(world.faulty().failed());
    const auto again = remove(world, "one");
    CHECK((again || again.error().kind == SnapshotError::Kind::not_there));
    CHECK(names_of(world).empty());
    CHECK_FALSE(*world.vfs->exists("/data/snapshots/.deleting"));
}

TEST_CASE("snapshot: injected failures leave nothing of it", "[local][snapshot]") {
    EngineWorld world;
    world.start();
    const auto filled = fill(world);
    for (const char* failpoint :
         {"snapshot.index=eio", "snapshot.segment=enospc", "snapshot.publish=eio"}) {
        CAPTURE(failpoint);
        const SetFailpoints set(failpoint);
        CHECK_FALSE(make(world, "s"));
        CHECK(world.names("snapshots").empty());
    }
    // Nothing is held for one that did not come to be.
    CHECK(run(world.engine->blobs().release(filled.blobs[0])));
    REQUIRE(make(world, "s"));
    const SetFailpoints slow("snapshot.delete=delay:1");
    REQUIRE(remove(world, "s"));
}

TEST_CASE("snapshot: whichever call fails, it is whole or not there, and another one can be made",
          "[local][snapshot][fault]") {
    const auto operation = GENERATE(as<std::string>{}, "link", "pwrite", "open", "sync_data",
                                    "sync_directory", "rename", "make_directories", "list");
    SimWorld world;
    world.start();
    const auto filled = fill(world);
    for (std::uint64_t nth = 1;; ++nth) {
        CAPTURE(operation, nth);
        REQUIRE(nth < 1000);
        world.faulty().fail({operation, "/data/snapshots", nth, EIO, false});
        const auto made = make(world, "s");
        const bool met = world.faulty().failed();
        world.faulty().heal();
        const bool there = !names_of(world).empty();
        CHECK(made.has_value() == there);
        if (!met) {
            REQUIRE(made);
            break;
        }
        if (there) REQUIRE(remove(world, "s"));
    }
    CHECK(world.engine->condition().writable());
    go_on_with_a_copy(world, "s");
    check_filled(world, filled);
}

TEST_CASE("snapshot: 2.3.8 power lost at any moment of making one leaves a whole one or none",
          "[local][snapshot][crash]") {
    SimWorld world;
    world.start();
    const auto filled = fill(world);
    std::vector<std::unique_ptr<base::SimVfs>> survivors;
    std::atomic<std::uint64_t> calls = 0;
    const auto seed =
        static_cast<std::uint64_t>(std::chrono::steady_clock::now().time_since_epoch().count());
    CAPTURE(seed);
    world.faulty().watch([&](const char*, const std::string& path) {
        if (path.find("/snapshots") == std::string::npos) return;
        survivors.push_back(world.test_disk.crash(seed + ++calls));
    });
    REQUIRE(make(world, "s"));
    world.faulty().watch(nullptr);
    // From here on it is durable.
    for (std::uint64_t i = 0; i < 10; ++i) survivors.push_back(world.test_disk.crash(seed - i));
    const auto asked_last = survivors.size() - 10;
    std::size_t whole = 0;
    for (std::size_t i = 0; i < survivors.size(); ++i) {
        CAPTURE(i);
        SimWorld after(std::make_unique<TestDisk>(std::move(survivors[i])));
        after.start();
        check_filled(after, filled);
        const bool there = !names_of(after).empty();
        CHECK((there || i < asked_last));
        if (there) {
            ++whole;
            go_on_with_a_copy(after, "s");
            check_filled(after, filled);
        } else {
            REQUIRE(make(after, "s"));  // also of what was left
            CHECK(*after.vfs->list("/data/snapshots") == std::vector<std::string>{"s"});
        }
    }
    CHECK(whole >= 10);
}

TEST_CASE("snapshot: power lost at any moment of deleting one leaves a whole one or none",
          "[local][snapshot][crash]") {
    SimWorld world;
    world.start();
    const auto filled = fill(world);
    REQUIRE(make(world, "s"));
    std::vector<std::unique_ptr<base::SimVfs>> survivors;
    std::uint64_t seed = 0;
    world.faulty().watch([&](const char*, const std::string& path) {
        if (path.find("/snapshots") == std::string::npos) return;
        survivors.push_back(world.test_disk.crash(++seed));
    });
    REQUIRE(remove(world, "s"));
    world.faulty().watch(nullptr);
    for (auto& survivor : survivors) {
        SimWorld after(std::make_unique<TestDisk>(std::move(survivor)));
        after.start();
        check_filled(after, filled);
        if (names_of(after).empty()) continue;
        go_on_with_a_copy(after, "s");
        check_filled(after, filled);
    }
}

TEST_CASE("snapshot: a start removes what a crash left, in the background", "[local][snapshot]") {
    EngineWorld world;
    world.start();
    const auto filled = fill(world);
    REQUIRE(make(world, "s"));
    world.crash();
    std::filesystem::rename(world.path("snapshots/s"), world.path("snapshots/.making"));
    std::filesystem::create_directories(world.path("snapshots/.deleting/index"));
    world.start();
    world.stop();  // which waits for it
    CHECK(world.names("snapshots").empty());
    world.start();
    CHECK(run(world.engine->blobs().release(filled.blobs[0])));
}

TEST_CASE("snapshot: what a crash left is removed when a start that took no writes takes them",
          "[local][snapshot]") {
    EngineWorld world;
    world.options.unclean_starts_max = 2;
    for (int start = 0; start < 2; ++start) {
        world.start();
        world.crash();
    }
    std::filesystem::create_directories(world.path("snapshots/.making/index"));
    world.start();
    REQUIRE(world.engine->condition().cause == EngineCondition::Cause::crash_loop);
    CHECK(world.names("snapshots").size() == 1);
    REQUIRE(world.engine->resume() == std::nullopt);
    world.stop();  // which waits for it
    CHECK(world.names("snapshots").empty());
}
