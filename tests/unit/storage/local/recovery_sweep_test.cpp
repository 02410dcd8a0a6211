// Every call of the file system fails while an engine starts, comes back or stops: spec durability
// 5.3 (error sweeps), C6. Afterwards, on a disk that works, what was acknowledged is there.

#include "base/sim_vfs.h"
#include "tests/unit/storage/local/chosen_faults.h"
#include "tests/unit/storage/local/engine_support.h"

using namespace holdfast;
using namespace holdfast::storage;
using namespace holdfast::storage::local;
using tests::ChosenFaults;
using tests::EngineWorld;
using tests::SetFailpoints;

namespace {

constexpr int rows = 5;

/// An engine on a disk in memory that fails when told to.
struct SweepWorld {
    explicit SweepWorld(std::unique_ptr<base::SimVfs> given) : disk(std::move(given)) {
        world.options.directory = "/data";
        world.options.unclean_starts_max = 0;
    }
    /// False: it was refused.
    bool try_start() {
        world.engine.reset();
        auto opened =
            Engine::open(world.options, *world.vfs, world.clock, world.random, world.pool);
        if (opened) world.engine = *std::move(opened);
        return world.engine != nullptr;
    }
    /// Rows and a blob, in tables as well as in the log.
    void fill() {
        world.start();
        for (int i = 0; i < rows; ++i) REQUIRE(world.put("k" + std::to_string(i), "v"));
        world.stop();
        world.start();
        REQUIRE(world.put("last", "v"));
        const auto written = world.put_blob(1);
        REQUIRE(written);
        blob = *written;
    }
    void check_filled() {
        for (int i = 0; i < rows; ++i) REQUIRE(world.get("k" + std::to_string(i)));
        CHECK(world.get("last"));
        CHECK(world.can_read(blob));
    }
    void check_takes_writes() {
        CHECK(world.engine->condition().writable());
        CHECK(world.put("after", "v"));
        CHECK(world.put_blob(2));
    }

    std::unique_ptr<base::SimVfs> disk;
    EngineWorld world{std::make_unique<base::FaultyVfs>(*disk)};
    ChosenFaults faults{static_cast<base::FaultyVfs&>(*world.vfs)};
    BlobRef blob;
};

struct Calls {
    std::string path_part;
    std::string spared;
};

/// RocksDB's own are left out, as it waits a second after some.
const std::vector<Calls> calls_of_the_engine{{"", "/data/index"}, {"/data/index-wal-aside", ""}};
const std::vector<Calls> every_call{{"", ""}};

/// Until one is met no more.
template <class Attempt>
void fail_each(const std::vector<Calls>& calls, bool for_ever, Attempt attempt) {
    for (const auto& [path_part, spared] : calls) {
        bool met = true;
        for (std::uint64_t nth = 1; met; ++nth) {
            CAPTURE(path_part, for_ever, nth);
            met = attempt(ChosenFaults::Fault{"", path_part, spared, nth, for_ever});
        }
    }
}

enum class Before { nothing, crash, clean_stop, lost_mark };

/// What a start finds.
struct Found {
    explicit Found(Before given) : before(given) {
        SweepWorld w(std::make_unique<base::SimVfs>());
        if (before != Before::nothing) {
            w.fill();
            if (before == Before::clean_stop)
                w.world.stop();
            else
                w.world.crash();
            blob = w.blob;
        }
        if (before == Before::lost_mark) {
            REQUIRE(w.disk->unlink("/data/highwater"));
            REQUIRE(w.disk->sync_directory("/data"));
        }
        disk = w.disk->crash(1);
    }
    Before before;
    std::unique_ptr<base::SimVfs> disk;
    BlobRef blob;
};

/// A machine that lost power behind that.
struct NextWorld : SweepWorld {
    explicit NextWorld(const Found& found) : SweepWorld(found.disk->crash(1)) {
        blob = found.blob;
        // Without the mark nobody knows what is missing; here it is nothing.
        world.options.accept_loss = found.before == Before::lost_mark;
        world.options.reattach = found.before == Before::lost_mark;
    }
};

}  // namespace

TEST_CASE("fault: C6 any call that fails while the engine starts loses nothing, once or for ever",
          "[local][recovery][fault]") {
    const Found found(
        GENERATE(Before::nothing, Before::crash, Before::clean_stop, Before::lost_mark));
    CAPTURE(static_cast<int>(found.before));
    fail_each(calls_of_the_engine, GENERATE(false, true), [&](const ChosenFaults::Fault& fault) {
        NextWorld w(found);
        w.faults.fail(fault);
        const bool acked = w.try_start() && w.world.put("during", "v");
        w.world.crash();
        const bool met = w.faults.heal();
        w.world.start();
        if (found.before != Before::nothing) w.check_filled();
        if (acked) CHECK(w.world.get("during"));
        w.check_takes_writes();
        return met;
    });
}

TEST_CASE("fault: C6 any call that fails while the engine comes back leaves it to the next attempt",
          "[local][recovery][fault]") {
    const Found found(Before::crash);
    fail_each(every_call, GENERATE(false, true), [&](const ChosenFaults::Fault& fault) {
        NextWorld w(found);
        w.world.start();
        {
            const SetFailpoints failpoints("commit.wal.before=eio");
            REQUIRE_FALSE(w.world.put("doubtful", "v"));
        }
        w.faults.fail(fault);
        const auto wrong = w.world.engine->resume();
        CHECK(w.world.engine->condition().writable() == !wrong);
        const bool met = w.faults.heal();
        CHECK(w.world.engine->resume() == std::nullopt);
        w.check_filled();
        w.check_takes_writes();
        return met;
    });
}

TEST_CASE("fault: any call that fails while the engine stops makes the next start careful",
          "[local][recovery][fault]") {
    const Found found(Before::crash);
    const auto durability = GENERATE(Durability::strict, Durability::relaxed);
    CAPTURE(static_cast<int>(durability));
    fail_each(every_call, GENERATE(false, true), [&](const ChosenFaults::Fault& fault) {
        NextWorld w(found);
        w.world.options.durability = durability;
        w.world.start();
        REQUIRE(w.world.put("during", "v"));
        const auto blob = w.world.put_blob(3);
        REQUIRE(blob);
        w.faults.fail(fault);
        w.world.stop();
        const bool met = w.faults.heal();
        w.world.start();
        w.check_filled();
        CHECK(w.world.get("during"));
        CHECK(w.world.can_read(*blob));
        w.check_takes_writes();
        return met;
    });
}
