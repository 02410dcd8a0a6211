#include "storage/local/index_rebuild.h"

#include <cerrno>
#include <filesystem>

#include "base/sim_vfs.h"
#include "tests/unit/storage/local/chosen_faults.h"
#include "tests/unit/storage/local/engine_support.h"

using namespace holdfast;
using namespace holdfast::storage;
using namespace holdfast::storage::local;
using holdfast::tests::ChosenFaults;
using holdfast::tests::EngineWorld;

namespace {

std::unique_ptr<IndexRebuild> begin_rebuild(EngineWorld& world) {
    auto rebuild = IndexRebuild::begin(world.options.directory, *world.vfs, world.random);
    REQUIRE(rebuild);
    return *std::move(rebuild);
}

RowVersion version_of(EngineWorld& world, const std::string& key) {
    const auto row = world.get(key);
    return row ? row->version : 0;
}

}  // namespace

TEST_CASE("index rebuild: until its end the volume is as it was, then the new index is there",
          "[local][rebuild]") {
    EngineWorld world;
    world.start();
    for (const auto* key : {"a", "b", "c"}) REQUIRE(world.put(key, "value"));
    world.stop();
    {
        const auto rebuild = begin_rebuild(world);
        REQUIRE(rebuild->put("p", {RowFamily::index, "new"}, "value"));
        CHECK(world.refusal().kind == OpenError::Kind::in_use);
    }
    world.start();
    CHECK(version_of(world, "a") == 1);
    CHECK(version_of(world, "new") == 0);
    world.stop();
    auto rebuild = begin_rebuild(world);
    rebuild->number_commits_after(40);
    REQUIRE(rebuild->put("p", {RowFamily::index, "new"}, "value"));
    const auto kept = rebuild->finish();
    REQUIRE(kept);
    CHECK(*kept == world.path("index.damaged-1"));
    CHECK(std::filesystem::exists(*kept + "/CURRENT"));
    rebuild.reset();
    world.start();
    CHECK(world.engine->condition().writable());
    CHECK(version_of(world, "a") == 0);
    CHECK(version_of(world, "new") == 41);
    REQUIRE(world.put("more", "value"));
    CHECK(version_of(world, "more") == 42);
    world.stop();
}

TEST_CASE("index rebuild: commits are numbered above everything that was acknowledged (2.6)",
          "[local][rebuild]") {
    EngineWorld world;
    world.start();
    for (int i = 0; i < 5; ++i) REQUIRE(world.put("a", "value"));
    world.stop();
    std::filesystem::remove_all(world.path("index"));
    world.refusal();
    {
        const auto rebuild = begin_rebuild(world);
        REQUIRE(rebuild->put("p", {RowFamily::index, "new"}, "value"));
        const auto kept = rebuild->finish();
        REQUIRE(kept);
        CHECK(kept->empty());
    }
    world.start();
    CHECK(world.engine->condition().writable());
    CHECK(version_of(world, "new") > 5);
}

TEST_CASE("index rebuild: what is no volume is refused and not touched", "[local][rebuild]") {
    EngineWorld world;
    std::filesystem::create_directories(world.options.directory);
    CHECK_FALSE(IndexRebuild::begin(world.options.directory, *world.vfs, world.random));
    CHECK(std::filesystem::is_empty(world.options.directory));
}

namespace {

/// A volume whose index is to be made anew, on a disk that fails when told to.
struct FaultyRebuild {
    FaultyRebuild() {
        world.options.directory = "/data";
        world.start();
        REQUIRE(world.put("old", "value"));
        world.stop();
    }
    /// Where the old index is kept; what failed is not told apart.
    std::optional<std::string> rebuild() {
        auto begun = IndexRebuild::begin(world.options.directory, *world.vfs, world.random);
        if (!begun) return std::nullopt;
        if (!(*begun)->put("p", {RowFamily::index, "new"}, "value")) return std::nullopt;
        auto kept = (*begun)->finish();
        if (!kept) return std::nullopt;
        return *kept;
    }

    base::SimVfs disk;
    EngineWorld world{std::make_unique<base::FaultyVfs>(disk)};
    ChosenFaults faults{static_cast<base::FaultyVfs&>(*world.vfs)};
};

}  // namespace

TEST_CASE("index rebuild: C6 whatever call fails there is the old index or the new one, whole",
          "[local][rebuild][fault]") {
    // Without the mark one is made, too.
    const bool mark_is_lost = GENERATE(false, true);
    // Of RocksDB's own calls only some: it waits a second after others.
    struct Calls {
        std::string operation;
        std::string path_part;
        std::string spared;
    };
    for (const auto& calls :
         {Calls{"", "", "/data/index"}, Calls{"rename", "/data/index", ".dbtmp"},
          Calls{"exists", "/data/index", "/data/index.rebuilding/"}}) {
        bool met = true;
        for (std::uint64_t nth = 1; met; ++nth) {
            CAPTURE(mark_is_lost, calls.operation, calls.spared, nth);
            FaultyRebuild f;
            if (mark_is_lost) REQUIRE(f.disk.unlink("/data/highwater"));
            f.faults.fail({calls.operation, calls.path_part, calls.spared, nth, false});
            const auto kept = f.rebuild();
            met = f.faults.heal();
            CHECK((met || kept));
            if (!kept) REQUIRE(f.rebuild());
            f.world.start();
            CHECK(f.world.engine->condition().writable());
            CHECK(version_of(f.world, "new") > 1);
            CHECK(version_of(f.world, "old") == 0);
            REQUIRE(f.world.put("more", "value"));
        }
    }
}

TEST_CASE("index rebuild: a new index that is not on the disk does not take the old one's place",
          "[local][rebuild][fault]") {
    for (const auto* operation : {"pwrite", "sync_data"}) {
        FaultyRebuild f;
        f.faults.fail({operation, ".sst", "", 1, false});
        CHECK_FALSE(f.rebuild());
        CHECK(f.faults.heal());
        f.world.start();
        CHECK(version_of(f.world, "old") == 1);
        CHECK(version_of(f.world, "new") == 0);
    }
}

TEST_CASE("index rebuild: what an earlier one left is thrown away, or it does not begin",
          "[local][rebuild][fault]") {
    FaultyRebuild f;
    {
        const auto unfinished = IndexRebuild::begin("/data", *f.world.vfs, f.world.random);
        REQUIRE(unfinished);
        REQUIRE((*unfinished)->put("p", {RowFamily::index, "unfinished"}, "value"));
    }
    for (const auto* operation : {"list", "unlink", "exists", "make_directories"}) {
        f.faults.fail({operation, "/data/index.rebuilding", "", 1, false});
        const auto refused = IndexRebuild::begin("/data", *f.world.vfs, f.world.random);
        REQUIRE_FALSE(refused);
        CHECK(refused.error().kind == OpenError::Kind::io);
    }
    f.faults.heal();
    REQUIRE(f.rebuild());
    f.world.start();
    CHECK(version_of(f.world, "unfinished") == 0);
    CHECK(version_of(f.world, "new") > 0);
}
