// The engine's composition: what is opened, in which order, and what is refused.

#include "storage/local/engine.h"

#include <fstream>

#include "base/failpoint.h"
#include "base/metrics.h"
#include "storage/local/volume.h"
#include "tests/catch.h"
#include "tests/unit/storage/local/row_support.h"

using namespace holdfast;
using namespace holdfast::storage;
using namespace holdfast::storage::local;
using test::run;
using tests::put_of;
using tests::TemporaryDirectory;

namespace {

struct EngineWorld {
    ~EngineWorld() { pool.join(); }

    base::Expected<std::unique_ptr<Engine>, OpenError> open(const std::string& directory) {
        EngineOptions options;
        options.directory = directory;
        options.segment_bytes = 4 << 20;
        options.free_space_reserve_bytes = 1;
        options.block_cache_bytes = 8 << 20;
        options.memtable_bytes = 8 << 20;
        return Engine::open(options, *vfs, clock, random, pool);
    }
    std::unique_ptr<Engine> must_open(const std::string& directory) {
        auto engine = open(directory);
        if (!engine) FAIL(engine.error().message);
        return *std::move(engine);
    }
    OpenError refusal(const std::string& directory) {
        const auto engine = open(directory);
        REQUIRE_FALSE(engine);
        return engine.error();
    }
    Incarnation left(const TemporaryDirectory& directory) {
        const auto content = base::read_file(*vfs, directory.file("incarnation"), 4096);
        REQUIRE(content);
        const auto incarnation = parse_incarnation(*content);
        REQUIRE(incarnation);
        return *incarnation;
    }

    std::unique_ptr<base::Vfs> vfs = base::make_posix_vfs();
    base::SystemClock clock;
    base::SystemRandom random;
    base::WorkerPool pool{2};
};

std::optional<Row> get(Engine& engine, const std::string& key) {
    std::vector<RowKey> keys{{RowFamily::index, key}};
    const auto rows = run(engine.metadata().get("p", std::move(keys)));
    REQUIRE(rows);
    return rows->at(0);
}

}  // namespace

TEST_CASE("engine: P1 rows and blobs of an acked commit survive a close and a crash",
          "[local][engine]") {
    TemporaryDirectory directory;
    EngineWorld world;
    const bool clean = GENERATE(true, false);
    BlobRef ref;
    {
        const auto engine = world.must_open(directory.path());
        BlobOptions options;
        options.id[0] = 1;
        options.frame_bytes = 65536;
        auto writer = run(engine->blobs().create(options));
        REQUIRE(writer);
        const base::Bytes frame(1000, 42);
        REQUIRE(run((*writer)->append(frame)));
        const BlobIdentity identity{"p", "k", "record"};
        const auto finished = run((*writer)->finish(identity));
        REQUIRE(finished);
        ref = *finished;
        CHECK(*run(engine->metadata().commit("p", put_of("k", "record"))) == 1);
        CHECK(engine->statistics().commits == 1);
        CHECK(engine->statistics().commit_groups == 1);
        CHECK(engine->statistics().segment_syncs >= 1);
        writer->reset();
        if (clean) engine->close();
    }
    CHECK(world.left(directory).clean == clean);
    CHECK(world.left(directory).number == 1);
    const auto engine = world.must_open(directory.path());
    CHECK(world.left(directory).number == 2);
    CHECK_FALSE(world.left(directory).clean);
    CHECK(get(*engine, "k")->value == "record");
    auto reader = run(engine->blobs().open(ref));
    REQUIRE(reader);
    base::Bytes back(65536);
    CHECK(*run((*reader)->read(0, 1, back)) == 1000);
    CHECK(back[999] == 42);
    CHECK(*run(engine->metadata().commit("p", put_of("l", ""))) == 2);
    reader->reset();
}

TEST_CASE("engine: the clean marker names the last commit", "[local][engine]") {
    TemporaryDirectory directory;
    EngineWorld world;
    const auto engine = world.must_open(directory.path());
    for (int i = 0; i < 3; ++i) REQUIRE(run(engine->metadata().commit("p", put_of("k", ""))));
    engine->close();
    CHECK(world.left(directory).clean);
    CHECK(world.left(directory).commit_no == 3);
}

TEST_CASE("engine: a directory that is open already is refused with in_use", "[local][engine]") {
    TemporaryDirectory directory;
    EngineWorld world;
    const auto engine = world.must_open(directory.path());
    CHECK(world.refusal(directory.path()).kind == OpenError::Kind::in_use);
    CHECK(run(engine->metadata().commit("p", put_of("k", ""))));
}

TEST_CASE("engine: an index that is missing is damage, one of another volume is foreign",
          "[local][engine]") {
    TemporaryDirectory directory;
    EngineWorld world;
    world.must_open(directory.path() + "/a")->close();
    world.must_open(directory.path() + "/b")->close();
    std::filesystem::remove_all(directory.file("a/index"));
    CHECK(world.refusal(directory.path() + "/a").kind == OpenError::Kind::damaged_index);
    std::filesystem::remove_all(directory.file("a/index"));
    std::filesystem::copy(directory.file("b/index"), directory.file("a/index"));
    const auto error = world.refusal(directory.path() + "/a");
    CHECK(error.kind == OpenError::Kind::foreign_format);
    CHECK(error.message.find("another volume") != std::string::npos);
}

TEST_CASE("engine: commits are counted for the metrics", "[local][engine]") {
    TemporaryDirectory directory;
    EngineWorld world;
    const auto engine = world.must_open(directory.path());
    const auto total = [](const std::string& name) {
        return base::metrics::counter(name, "").Value();
    };
    const double commits = total("holdfast_commits_total");
    const double groups = total("holdfast_commit_groups_total");
    REQUIRE(run(engine->metadata().commit("p", put_of("k", ""))));
    CHECK(total("holdfast_commits_total") == commits + 1);
    CHECK(total("holdfast_commit_groups_total") == groups + 1);
    CHECK(base::metrics::render().find("holdfast_commit_sync_duration_seconds_count") !=
          std::string::npos);
}

TEST_CASE("engine: an index that does not open leaves the volume as it was", "[local][engine]") {
    TemporaryDirectory directory;
    EngineWorld world;
    world.must_open(directory.path())->close();
    REQUIRE(base::set_failpoints("rocksdb.open=eio"));
    CHECK(world.refusal(directory.path()).kind == OpenError::Kind::io);
    REQUIRE(base::set_failpoints(""));
    CHECK(world.left(directory).clean);
    CHECK(run(world.must_open(directory.path())->metadata().commit("p", put_of("k", ""))));
}

TEST_CASE("engine: a creation that stops at any step is finished by the next start",
          "[local][engine]") {
    TemporaryDirectory directory;
    EngineWorld world;
    const std::string path = directory.path();
    world.must_open(path)->close();
    // As a crash right before the format file's rename leaves it: everything but that name.
    std::filesystem::rename(directory.file("format"), directory.file("format.new"));
    std::ofstream(directory.file("creating"));
    const auto engine = world.must_open(path);
    CHECK(run(engine->metadata().commit("p", put_of("k", ""))));
}
