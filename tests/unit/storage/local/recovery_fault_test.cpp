// Faults while the engine runs: writes stop, reads go on, and it comes back by itself.

#include <thread>

#include "base/faulty_vfs.h"
#include "storage/local/segment_format.h"
#include "tests/unit/storage/local/engine_support.h"

using namespace holdfast;
using namespace holdfast::storage;
using namespace holdfast::storage::local;
using test::run;
using tests::EngineWorld;
using tests::SetFailpoints;
using Cause = EngineCondition::Cause;

namespace {

/// The kernel's disk below one that fails when told to.
struct FaultyWorld {
    std::unique_ptr<base::Vfs> kernel = base::make_posix_vfs();
    EngineWorld world{std::make_unique<base::FaultyVfs>(*kernel)};
    base::FaultyVfs& faulty = static_cast<base::FaultyVfs&>(*world.vfs);
};

/// Until the supervisor has done its work; a test that never ends is one that failed.
template <class Condition>
void wait_until(Condition condition) {
    while (!condition()) std::this_thread::yield();
}

void check_faulted(EngineWorld& world) {
    CHECK(world.cause() == Cause::fault);
    CHECK_FALSE(world.engine->condition().reason.empty());
    CHECK(world.get("before")->value == "1");
    const auto refused = world.put("after", "2");
    REQUIRE_FALSE(refused);
    CHECK(refused.error().kind == StorageError::Kind::read_only);
    CHECK(world.put_blob(77).error().kind == StorageError::Kind::read_only);
}

}  // namespace

TEST_CASE("fault: 2.5 a failed WAL sync stops writes, not reads, until the engine was reopened",
          "[local][recovery][fault]") {
    FaultyWorld f;
    f.world.start();
    REQUIRE(f.world.put("before", "1"));
    f.faulty.fail({"sync_data", ".log", 1, EIO, false});
    const auto doubtful = f.world.put("doubtful", "1");
    REQUIRE_FALSE(doubtful);
    CHECK(doubtful.error().kind == StorageError::Kind::in_doubt);
    check_faulted(f.world);
    // P5: nobody sees a state that the replay of the log may change.
    CHECK(f.world.try_get("doubtful").error().kind == StorageError::Kind::unavailable);
    CHECK_FALSE(f.world.scan("a", "z"));
    CHECK(f.world.scan("a", "doubtful"));
    CHECK(f.world.engine->resume() == std::nullopt);
    CHECK(f.world.engine->condition().writable());
    // Either, but not both; what was acknowledged before is there.
    CHECK(f.world.get("before")->value == "1");
    const bool happened = f.world.get("doubtful").has_value();
    CHECK(f.world.put("after", "2"));
    f.world.crash();
    f.world.start();
    CHECK(f.world.engine->condition().writable());
    CHECK(f.world.get("doubtful").has_value() == happened);
    CHECK(f.world.get("after")->value == "2");
}

TEST_CASE("fault: what was acknowledged last is known while the index takes no writes",
          "[local][recovery][fault]") {
    FaultyWorld f;
    f.world.start();
    REQUIRE(f.world.put("before", "1"));
    const auto acked = f.world.engine->last_commit();
    CHECK(acked == 1);
    {
        const SetFailpoints failpoints("commit.wal.before=eio");
        f.faulty.fail({"sync_data", "probe", 1, EIO, true});
        CHECK_FALSE(f.world.put("doubtful", "1"));
        CHECK(f.world.engine->last_commit() == acked);
        CHECK(f.world.engine->resume());
        CHECK(f.world.engine->last_commit() == acked);
    }
    f.faulty.heal();
    CHECK(f.world.engine->resume() == std::nullopt);
    REQUIRE(f.world.put("after", "2"));
    CHECK(f.world.engine->last_commit() > acked);
}

TEST_CASE("fault: 2.5 the engine comes back without being asked", "[local][recovery][fault]") {
    FaultyWorld f;
    f.world.options.reopen_delay = std::chrono::milliseconds(1);
    f.world.start();
    REQUIRE(f.world.put("before", "1"));
    for (int round = 0; round < 3; ++round) {
        f.faulty.fail({"sync_data", ".log", 1, EIO, false});
        CHECK_FALSE(f.world.put("doubtful", "1"));
        wait_until([&] { return f.world.engine->condition().writable(); });
        CHECK(f.world.put("after", "2"));
    }
    CHECK(f.world.engine->statistics().commits == 4);
}

TEST_CASE("fault: 2.5 after five attempts only an operator brings it back",
          "[local][recovery][fault]") {
    FaultyWorld f;
    f.world.options.reopen_delay = std::chrono::milliseconds(0);
    f.world.start();
    REQUIRE(f.world.put("before", "1"));
    {
        const SetFailpoints failpoints("commit.wal.before=eio");
        f.faulty.fail({"sync_data", "probe", 1, EIO, true});
        CHECK_FALSE(f.world.put("doubtful", "1"));
    }
    wait_until([&] { return f.world.engine->condition().gave_up; });
    CHECK(f.world.engine->condition().reopen_attempts == 5);
    check_faulted(f.world);
    // The first attempt opened the index for reading: what was in doubt is decided (P5).
    CHECK(f.world.try_get("doubtful"));
    const auto still = f.world.engine->resume();
    REQUIRE(still);
    CHECK(still->find("probe") != std::string::npos);
    f.faulty.heal();
    CHECK(f.world.engine->resume() == std::nullopt);
    CHECK(f.world.put("after", "2"));
}

TEST_CASE("fault: an index that does not open again is read from what is there",
          "[local][recovery][fault]") {
    EngineWorld world;
    world.start();
    REQUIRE(world.put("before", "1"));
    {
        const SetFailpoints failpoints("commit.wal.before=eio;rocksdb.open=eio@2");
        CHECK_FALSE(world.put("doubtful", "1"));
        CHECK(world.engine->resume());
    }
    check_faulted(world);
    CHECK(world.engine->resume() == std::nullopt);
    CHECK(world.put("after", "2"));
}

TEST_CASE("fault: an index that does not open at all answers with an error and comes back",
          "[local][recovery][fault]") {
    EngineWorld world;
    world.start();
    REQUIRE(world.put("before", "1"));
    {
        const SetFailpoints failpoints("commit.wal.before=eio;rocksdb.open=eio");
        CHECK_FALSE(world.put("doubtful", "1"));
        CHECK(world.engine->resume());
        CHECK(world.try_get("before").error().kind == StorageError::Kind::io);
    }
    CHECK(world.engine->resume() == std::nullopt);
    CHECK(world.get("before")->value == "1");
}

TEST_CASE("fault: 2.2.1 a segment whose name was not synced is never used, nor is its name again",
          "[local][recovery][fault]") {
    FaultyWorld f;
    f.world.start();
    REQUIRE(f.world.put("before", "1"));
    const auto early = f.world.put_blob(1);
    REQUIRE(early);
    f.world.crash();
    f.world.start();
    f.faulty.fail({"sync_directory", "segments", 1, EIO, false});
    CHECK_FALSE(f.world.put_blob(2));
    check_faulted(f.world);
    CHECK(f.world.can_read(*early));
    const auto before = f.world.names("segments");
    CHECK(f.world.engine->resume() == std::nullopt);
    const auto late = f.world.put_blob(3);
    REQUIRE(late);
    CHECK(f.world.can_read(*early));
    CHECK(f.world.can_read(*late));
    for (const auto& extent : late->extents)
        for (const auto& name : before)
            CHECK(extent.segment != storage::local::SegmentName::parse(name)->number());
}

TEST_CASE("fault: 2.5 a directory that cannot be opened to be synced costs that segment alone",
          "[local][recovery][fault]") {
    FaultyWorld f;
    f.world.start();
    f.faulty.fail({"sync_directory", "segments", 1, EMFILE, false});
    const auto refused = f.world.put_blob(1);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().kind == StorageError::Kind::unavailable);
    CHECK(f.faulty.failed());
    CHECK(f.world.engine->condition().writable());
    const auto blob = f.world.put_blob(2);
    REQUIRE(blob);
    CHECK(f.world.can_read(*blob));
}

TEST_CASE("fault: 2.5 three segments that died within a minute stop writes, and a reopening helps",
          "[local][recovery][fault]") {
    FaultyWorld f;
    f.world.start();
    REQUIRE(f.world.put("before", "1"));
    f.faulty.fail({"sync_data", ".segment", 1, EIO, true});
    for (std::uint8_t i = 1; i <= 3; ++i) {
        CHECK(f.world.engine->condition().writable());
        CHECK_FALSE(f.world.put_blob(i));
    }
    check_faulted(f.world);
    f.faulty.heal();
    CHECK(f.world.engine->resume() == std::nullopt);
    const auto blob = f.world.put_blob(9);
    REQUIRE(blob);
    CHECK(f.world.can_read(*blob));
}

TEST_CASE("fault: commits that vanish while the index is reopened end in read-only, not in silence",
          "[local][recovery][fault]") {
    EngineWorld world;
    world.start();
    REQUIRE(world.put("before", "1"));
    world.stop();
    world.start();
    for (int i = 0; i < 5; ++i) REQUIRE(world.put("k", "v"));
    {
        const SetFailpoints failpoints("commit.wal.before=eio");
        CHECK_FALSE(world.put("doubtful", "1"));
    }
    std::filesystem::resize_file(world.newest_log(), 0);
    REQUIRE(world.engine->resume());
    CHECK(world.cause() == Cause::missing_commits);
    CHECK(world.engine->condition().missing_commits == 5);
    CHECK(world.get("before")->value == "1");
    CHECK_FALSE(world.put("after", "2"));
}

TEST_CASE("fault: P8 readers run through reopenings and never miss what was acknowledged",
          "[local][recovery][fault]") {
    EngineWorld world;
    world.start();
    for (int i = 0; i < 100; ++i) REQUIRE(world.put("key-" + std::to_string(i), "1"));
    std::atomic<bool> stopping = false;
    std::atomic<std::uint64_t> reads = 0;
    std::atomic<std::uint64_t> wrong = 0;
    std::vector<std::thread> readers;
    for (int number = 0; number < 3; ++number)
        readers.emplace_back([&, number] {
            for (int i = number; !stopping; ++i) {
                const auto row = world.try_get("key-" + std::to_string(i % 100));
                if (!row || !*row || (*row)->value != "1") ++wrong;
                ++reads;
            }
        });
    for (int round = 0; round < 10; ++round) {
        const auto before = reads.load();
        {
            const SetFailpoints failpoints("commit.wal.before=eio");
            CHECK_FALSE(world.put("doubtful", "1"));
        }
        wait_until([&] { return reads > before; });
        CHECK(world.engine->resume() == std::nullopt);
        CHECK(world.put("after", "2"));
    }
    stopping = true;
    for (auto& reader : readers) reader.join();
    CHECK(wrong == 0);
}

TEST_CASE("fault: a snapshot of the rows ends with the index it belongs to, and a new one works",
          "[local][recovery][fault]") {
    EngineWorld world;
    world.start();
    REQUIRE(world.put("before", "1"));
    auto snapshot = run(world.engine->upkeep().snapshot({}));
    REQUIRE(snapshot);
    {
        const SetFailpoints failpoints("commit.wal.before=eio");
        CHECK_FALSE(world.put("doubtful", "1"));
    }
    REQUIRE(world.engine->resume() == std::nullopt);
    const auto page = run((*snapshot)->next(10));
    REQUIRE_FALSE(page);
    CHECK(page.error().kind == StorageError::Kind::unavailable);
    auto again = run(world.engine->upkeep().snapshot({}));
    REQUIRE(again);
    CHECK(run((*again)->next(10))->size() == 1);
}

TEST_CASE("fault: snapshots that end while the index is reopened touch nothing of the old one",
          "[local][recovery][fault]") {
    EngineWorld world;
    world.start();
    for (int i = 0; i < 100; ++i) REQUIRE(world.put("key-" + std::to_string(i), "1"));
    std::atomic<bool> stopping = false;
    std::atomic<std::uint64_t> taken = 0;
    std::vector<std::thread> passes;
    for (int number = 0; number < 2; ++number)
        passes.emplace_back([&] {
            while (!stopping) {
                auto snapshot = run(world.engine->upkeep().snapshot({}));
                if (snapshot) static_cast<void>(run((*snapshot)->next(10)));
                ++taken;
            }
        });
    for (int round = 0; round < 10; ++round) {
        const auto before = taken.load();
        {
            const SetFailpoints failpoints("commit.wal.before=eio");
            CHECK_FALSE(world.put("doubtful", "1"));
        }
        wait_until([&] { return taken > before; });
        CHECK(world.engine->resume() == std::nullopt);
        CHECK(world.put("after", "2"));
    }
    stopping = true;
    for (auto& pass : passes) pass.join();
}

TEST_CASE("fault: 2.5 a file system that turns read-only stops writes until it takes them again",
          "[local][recovery][fault]") {
    FaultyWorld f;
    f.world.start();
    REQUIRE(f.world.put("before", "1"));
    f.faulty.fail({"open", ".segment", 1, EROFS, true});
    CHECK_FALSE(f.world.put_blob(1));
    check_faulted(f.world);
    f.faulty.heal();
    CHECK(f.world.engine->resume() == std::nullopt);
    const auto blob = f.world.put_blob(2);
    REQUIRE(blob);
    CHECK(f.world.can_read(*blob));
    CHECK(f.world.put("after", "2"));
}

TEST_CASE(
    "fault: 2.5 an index that found no room comes back below the reserve, so that one deletes",
    "[local][recovery][fault]") {
    FaultyWorld f;
    f.world.options.free_space_reserve_bytes = std::uint64_t{1} << 60;  // of no disk
    f.world.start();
    REQUIRE(f.world.put("before", "1"));
    const auto fault = [&](int code) {
        f.faulty.fail({"sync_data", ".log", 1, code, false});
        CHECK_FALSE(f.world.put("doubtful", "1"));
        CHECK(f.world.cause() == Cause::fault);
        return f.world.engine->resume();
    };
    CHECK(fault(ENOSPC) == std::nullopt);
    CHECK(f.world.put("after", "2"));
    // Any other fault asks for the whole of it, also after that one.
    const auto refused = fault(EIO);
    REQUIRE(refused);
    CHECK(refused->find("are needed") != std::string::npos);
}
