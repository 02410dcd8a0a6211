// Durability::relaxed may lose the last commits in a power failure, and nothing else.

#include "base/faulty_vfs.h"
#include "base/sim_vfs.h"
#include "tests/unit/storage/local/engine_support.h"

using namespace holdfast;
using namespace holdfast::storage;
using namespace holdfast::storage::local;
using test::run;
using tests::EngineWorld;

namespace {

constexpr int blobs = 6;

std::string row_of(int number) {
    return "row-" + std::to_string(number);
}

struct RelaxedWorld {
    base::SimVfs disk;
    EngineWorld world{disk.crash(0)};
    std::vector<BlobRef> refs;

    RelaxedWorld() {
        world.options.directory = "/data";
        world.options.durability = Durability::relaxed;
        world.start();
        for (int i = 0; i < blobs; ++i) {
            auto ref = world.put_blob(static_cast<std::uint8_t>(i + 1));
            REQUIRE(ref);
            refs.push_back(*ref);
            REQUIRE(world.put(row_of(i), "refers to it"));
        }
        // Durable from here on, whatever the setting.
        world.stop();
        world.start();
    }
    void remove(int number) {
        Transaction removal;
        removal.deletes.push_back({RowFamily::index, row_of(number)});
        REQUIRE(run(world.engine->metadata().commit("p", std::move(removal))));
    }
    /// What a power failure leaves: every row that is there has its blob.
    void check_after_power_failure(std::uint64_t seed) {
        CAPTURE(seed);
        EngineWorld after(static_cast<base::SimVfs&>(*world.vfs).crash(seed));
        after.options.directory = "/data";
        after.options.durability = Durability::relaxed;
        after.start();
        CHECK(after.engine->condition().writable());
        for (int i = 0; i < blobs; ++i)
            if (after.get(row_of(i))) CHECK(after.can_read(refs[static_cast<std::size_t>(i)]));
    }
};

/// One blob, on a disk that fails when told to.
struct FaultyRelaxedWorld {
    base::SimVfs disk;
    EngineWorld world{std::make_unique<base::FaultyVfs>(disk)};
    base::FaultyVfs& faulty = static_cast<base::FaultyVfs&>(*world.vfs);
    BlobRef old;

    FaultyRelaxedWorld() {
        world.options.directory = "/data";
        world.options.durability = Durability::relaxed;
        world.start();
        auto ref = world.put_blob(1);
        REQUIRE(ref);
        old = *std::move(ref);
    }
};

}  // namespace

TEST_CASE("relaxed: 2.7.1 no space is given back before the commit that frees it is durable",
          "[local][segment][crash]") {
    RelaxedWorld w;
    for (int i = 0; i + 1 < blobs; ++i) {
        w.remove(i);
        REQUIRE(run(w.world.engine->blobs().release(w.refs[static_cast<std::size_t>(i)])));
        for (std::uint64_t seed = 1; seed <= 8; ++seed) w.check_after_power_failure(seed);
    }
}

TEST_CASE("relaxed: 2.7.1 releases that come together all wait for it", "[local][segment]") {
    RelaxedWorld w;
    for (int i = 0; i < blobs; ++i) w.remove(i);
    std::vector<std::jthread> threads;
    for (const auto& ref : w.refs)
        threads.emplace_back([&] { static_cast<void>(run(w.world.engine->blobs().release(ref))); });
    threads.clear();
    for (int i = 0; i < blobs; ++i)
        CHECK_FALSE(w.world.can_read(w.refs[static_cast<std::size_t>(i)]));
    for (std::uint64_t seed = 1; seed <= 8; ++seed) w.check_after_power_failure(seed);
}

TEST_CASE("relaxed: what is written into new segments is durable before the old goes",
          "[local][segment][crash]") {
    RelaxedWorld w;
    // As compaction does: the same content elsewhere, the row refers to that, the old one goes.
    const auto moved = w.world.put_blob(99);
    REQUIRE(moved);
    REQUIRE(w.world.put("row-moved", "refers to it"));
    REQUIRE(run(w.world.engine->blobs().release(w.refs[0])));
    for (std::uint64_t seed = 1; seed <= 8; ++seed) {
        CAPTURE(seed);
        EngineWorld after(static_cast<base::SimVfs&>(*w.world.vfs).crash(seed));
        after.options.directory = "/data";
        after.start();
        REQUIRE(after.get("row-moved"));
        CHECK(after.can_read(*moved));
    }
}

TEST_CASE("relaxed: 2.5 after a sync that failed no space is given back any more",
          "[local][segment][fault]") {
    FaultyRelaxedWorld f;
    REQUIRE(f.world.put("row", "refers to it"));
    f.world.stop();
    f.world.start();
    // It replaces the old one, and is all there is of the object when that goes.
    REQUIRE(f.world.put_blob(2));
    REQUIRE(f.world.put("row", "refers to the new one"));
    const auto [operation, part] = GENERATE(table<std::string, std::string>(
        {{"sync_data", "/segments/"}, {"sync_directory", "/segments"}}));
    CAPTURE(operation);
    f.faulty.fail({operation, part, 1, EIO, false});
    CHECK_FALSE(run(f.world.engine->blobs().release(f.old)));
    CHECK(f.faulty.failed());
    // The disk says that all is well now, and has dropped what it could not write.
    CHECK_FALSE(run(f.world.engine->blobs().release(f.old)));
    CHECK(f.world.can_read(f.old));
}

TEST_CASE("relaxed: 2.5 a sync of the log that fails before a release stops the writes",
          "[local][segment][fault]") {
    FaultyRelaxedWorld f;
    REQUIRE(f.world.put("row", "refers to nothing any more"));
    f.faulty.fail({"sync_data", ".log", 1, EIO, false});
    CHECK_FALSE(run(f.world.engine->blobs().release(f.old)));
    CHECK(f.world.cause() == EngineCondition::Cause::fault);
    CHECK(f.world.can_read(f.old));
}
