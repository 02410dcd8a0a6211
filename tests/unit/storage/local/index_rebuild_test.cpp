#include "storage/local/index_rebuild.h"

#include <filesystem>

#include "tests/unit/storage/local/engine_support.h"

using namespace holdfast;
using namespace holdfast::storage;
using namespace holdfast::storage::local;
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
