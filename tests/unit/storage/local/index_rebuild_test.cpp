#include "storage/local/index_rebuild.h"

#include <algorithm>
#include <filesystem>

#include "tests/unit/storage/local/segment_support.h"

using namespace holdfast;
using namespace holdfast::storage;
using namespace holdfast::storage::local;
using holdfast::tests::content_of;
using holdfast::tests::run_to_end;
using holdfast::tests::write_blob;

namespace {

/// A volume on the kernel's file system, and engines that open it.
struct World {
    tests::SegmentDirectory directory;
    std::unique_ptr<base::Vfs> vfs = base::make_posix_vfs();
    base::SystemClock clock;
    base::SystemRandom random;
    base::WorkerPool pool{2};
    const std::string path = directory.path();

    base::Expected<std::unique_ptr<Engine>, OpenError> open() {
        EngineOptions options;
        options.directory = path;
        options.free_space_reserve_bytes = 1;
        options.block_cache_bytes = 8 << 20;
        options.memtable_bytes = 8 << 20;
        return Engine::open(options, *vfs, clock, random, pool);
    }
    std::unique_ptr<Engine> must_open() {
        auto engine = open();
        if (!engine) FAIL(engine.error().message);
        return *std::move(engine);
    }
    void put(Engine& engine, const std::string& key) {
        Transaction transaction;
        transaction.puts.push_back({{RowFamily::index, key}, "value"});
        REQUIRE(run_to_end(engine.metadata().commit("p", std::move(transaction))));
    }
    RowVersion version_of(Engine& engine, const std::string& key) {
        std::vector<RowKey> keys{{RowFamily::index, key}};
        auto rows = run_to_end(engine.metadata().get("p", std::move(keys)));
        REQUIRE(rows);
        return rows->front() ? rows->front()->version : 0;
    }
    std::unique_ptr<IndexRebuild> begin() {
        auto rebuild = IndexRebuild::begin(path, *vfs, random);
        REQUIRE(rebuild);
        return *std::move(rebuild);
    }
};

}  // namespace

TEST_CASE("index rebuild: until its end the volume is as it was, then the new index is there",
          "[local][rebuild]") {
    World world;
    {
        auto engine = world.must_open();
        for (const auto* key : {"a", "b", "c"}) world.put(*engine, key);
        engine->close();
    }
    {
        const auto rebuild = world.begin();
        REQUIRE(rebuild->put("p", {RowFamily::index, "new"}, "value"));
        CHECK(world.open().error().kind == OpenError::Kind::in_use);
    }
    {
        auto engine = world.must_open();
        CHECK(world.version_of(*engine, "a") == 1);
        CHECK(world.version_of(*engine, "new") == 0);
        engine->close();
    }
    auto rebuild = world.begin();
    rebuild->number_commits_after(40);
    REQUIRE(rebuild->put("p", {RowFamily::index, "new"}, "value"));
    const auto kept = rebuild->finish();
    REQUIRE(kept);
    CHECK(*kept == world.path + "/index.damaged-1");
    CHECK(std::filesystem::exists(*kept + "/CURRENT"));
    rebuild.reset();
    auto engine = world.must_open();
    CHECK(engine->condition().writable());
    CHECK(world.version_of(*engine, "a") == 0);
    CHECK(world.version_of(*engine, "new") == 41);
    world.put(*engine, "more");
    CHECK(world.version_of(*engine, "more") == 42);
    engine->close();
}

TEST_CASE("index rebuild: commits are numbered above everything that was acknowledged (2.6)",
          "[local][rebuild]") {
    World world;
    {
        auto engine = world.must_open();
        for (int i = 0; i < 5; ++i) world.put(*engine, "a");
        engine->close();
    }
    std::filesystem::remove_all(world.path + "/index");
    CHECK_FALSE(world.open());
    {
        const auto rebuild = world.begin();
        REQUIRE(rebuild->put("p", {RowFamily::index, "new"}, "value"));
        const auto kept = rebuild->finish();
        REQUIRE(kept);
        CHECK(kept->empty());
    }
    const auto engine = world.must_open();
    CHECK(engine->condition().writable());
    CHECK(world.version_of(*engine, "new") > 5);
}

TEST_CASE("index rebuild: what is no volume is refused and not touched", "[local][rebuild]") {
    World world;
    std::filesystem::create_directories(world.path);
    CHECK_FALSE(IndexRebuild::begin(world.path, *world.vfs, world.random));
    CHECK(std::filesystem::is_empty(world.path));
}

TEST_CASE("found blobs: all of them, the later ones known by the commits before them (2.2.4)",
          "[local][rebuild]") {
    World world;
    auto engine = world.must_open();
    const auto first = run_to_end(write_blob(engine->blobs(), 1, content_of(1, 30'000)));
    world.put(*engine, "a");
    const auto second = run_to_end(write_blob(engine->blobs(), 2, content_of(2, 90'000'000)));
    REQUIRE((first && second));
    engine->close();
    engine.reset();
    auto found = find_blobs(*world.vfs, world.path + "/segments");
    REQUIRE(found);
    CHECK(found->problems.empty());
    REQUIRE(found->blobs.size() == 2);
    std::sort(found->blobs.begin(), found->blobs.end(),
              [](const auto& a, const auto& b) { return a.is_later_than(b); });
    CHECK(found->blobs[0].ref.id == second->id);
    CHECK(found->blobs[0].ref.extents.size() == second->extents.size());
    CHECK(found->blobs[0].identity.last_commit == 1);
    CHECK(found->blobs[1].identity.last_commit == 0);
    CHECK(found->blobs[1].run == 1);
    const auto content = read_small_blob(*world.vfs, world.path + "/segments", *first);
    CHECK(content == base::as_text(content_of(1, 30'000)));
    auto damaged = *first;
    damaged.extents[0].offset += 4096;
    CHECK(read_small_blob(*world.vfs, world.path + "/segments", damaged).empty());
}

TEST_CASE("found blobs: one that is written again keeps its place in the order",
          "[local][rebuild]") {
    World world;
    auto engine = world.must_open();
    world.put(*engine, "a");
    world.put(*engine, "b");
    {
        BlobOptions options;
        options.id[0] = 1;
        options.frame_bytes = 4096;
        auto writer = run_to_end(engine->blobs().create(options));
        REQUIRE(writer);
        const auto content = content_of(1, 100);
        REQUIRE(run_to_end((*writer)->append(content)));
        BlobIdentity identity{"p", "k", "record"};
        identity.last_commit = 1;
        REQUIRE(run_to_end((*writer)->finish(identity)));
    }
    engine->close();
    engine.reset();
    const auto found = find_blobs(*world.vfs, world.path + "/segments");
    REQUIRE(found);
    REQUIRE(found->blobs.size() == 1);
    CHECK(found->blobs[0].identity.last_commit == 1);
}
