#include <algorithm>
#include <filesystem>

#include "storage/local/index_rebuild.h"
#include "storage/local/segment_format.h"
#include "tests/unit/storage/local/engine_support.h"
#include "tests/unit/storage/local/segment_support.h"

using namespace holdfast;
using namespace holdfast::storage;
using namespace holdfast::storage::local;
using holdfast::test::run;
using holdfast::tests::content_of;
using holdfast::tests::EngineWorld;
using holdfast::tests::write_blob;
using holdfast::tests::WriteShape;

namespace {

/// Runs of a store of segments; the last commit is the test's to say.
struct Runs {
    tests::SegmentDirectory directory;
    std::unique_ptr<base::Vfs> vfs = base::make_posix_vfs();
    base::SystemClock clock;
    base::WorkerPool pool{1};
    const std::string path = directory.path();
    std::uint64_t last_commit = 0;

    /// `kept`: the commit in the identity; 0: the last one.
    BlobRef write(std::uint64_t incarnation, std::uint64_t number, std::size_t bytes,
                  std::uint64_t kept = 0) {
        auto options = tests::small_segments(path);
        options.incarnation = incarnation;
        options.last_commit = [this] { return last_commit; };
        const auto store = tests::open_segments(options, *vfs, clock, pool);
        WriteShape shape;
        shape.identity.last_commit = kept;
        const auto ref = run(tests::write_blob(*store, number, content_of(number, bytes), shape));
        REQUIRE(ref);
        REQUIRE(store->close());
        return *ref;
    }
    void overwrite(const Extent& extent, std::uint64_t offset, const std::string& bytes) {
        tests::overwrite(path + "/" + SegmentName::of(extent.segment).file_name(),
                         extent.offset + offset, bytes);
    }
    BlobLook look(const BlobRef& ref) { return look_at_blob(*vfs, path, ref); }
};

std::vector<StoredBlob> latest_first(base::Vfs& vfs, const std::string& path) {
    auto found = find_blobs(vfs, path);
    REQUIRE(found);
    CHECK(found->problems.empty());
    std::sort(found->blobs.begin(), found->blobs.end(),
              [](const auto& a, const auto& b) { return a.is_later_than(b); });
    return std::move(found->blobs);
}

}  // namespace

TEST_CASE("found blobs: one that a later run moved does not come behind what was sealed after it",
          "[local][rebuild]") {
    Runs runs;
    runs.last_commit = 10;
    const auto old = runs.write(1, 1, 30'000);
    runs.last_commit = 50;
    const auto latest = runs.write(2, 2, 30'000);
    runs.last_commit = 90;
    runs.write(3, 1, 30'000, 10);
    const auto blobs = latest_first(*runs.vfs, runs.path);
    REQUIRE(blobs.size() == 3);
    CHECK(blobs[0].ref.id == latest.id);
    CHECK(blobs[1].run == 3);
    CHECK(blobs[2].ref.extents[0].segment == old.extents[0].segment);
}

TEST_CASE("found blobs: P5, P11 what the disk never got is told from what it damaged",
          "[local][rebuild]") {
    using State = BlobLook::State;
    Runs runs;
    const auto blob = runs.write(1, 1, 5'000'000);
    REQUIRE(blob.extents.size() > 1);
    const auto& second = blob.extents[1];
    CHECK(runs.look(blob).state == State::whole);
    SECTION("a flipped byte in a frame is damage") {
        runs.overwrite(second, 100'000, "?");
        runs.overwrite(second, 100'001, "?");
        const auto look = runs.look(blob);
        CHECK(look.state == State::damaged);
        CHECK(look.what.find("1 damaged frames") != std::string::npos);
        CHECK(look.what.find(".segment at ") != std::string::npos);
    }
    SECTION("a page of zeros was never written") {
        runs.overwrite(second, 100'000, std::string(4096, '\0'));
        CHECK(runs.look(blob).state == State::never_written);
    }
    SECTION("also when another extent is damaged") {
        runs.overwrite(blob.extents[0], 5'000, "?!?!");
        runs.overwrite(second, 100'000, std::string(4096, '\0'));
        CHECK(runs.look(blob).state == State::never_written);
    }
    SECTION("a few zeros are damage") {
        runs.overwrite(second, 100'000, std::string(300, '\0'));
        CHECK(runs.look(blob).state == State::damaged);
    }
    SECTION("a segment that is gone is damage") {
        std::filesystem::remove(runs.path + "/" + SegmentName::of(second.segment).file_name());
        CHECK(runs.look(blob).state == State::damaged);
    }
}

TEST_CASE("found blobs: all of them, the later ones known by the commits before them (2.2.4)",
          "[local][rebuild]") {
    EngineWorld world;
    world.start();
    const auto first = run(write_blob(world.engine->blobs(), 1, content_of(1, 30'000)));
    REQUIRE(world.put("a", "value"));
    const auto second = run(write_blob(world.engine->blobs(), 2, content_of(2, 90'000'000)));
    REQUIRE((first && second));
    world.stop();
    const auto blobs = latest_first(*world.vfs, world.path("segments"));
    REQUIRE(blobs.size() == 2);
    CHECK(blobs[0].ref.id == second->id);
    CHECK(blobs[0].ref.extents.size() == second->extents.size());
    CHECK(blobs[0].identity.last_commit == 1);
    CHECK(blobs[1].identity.last_commit == 0);
    CHECK(blobs[1].run == 1);
    const auto content = read_small_blob(*world.vfs, world.path("segments"), *first);
    CHECK(content == base::as_text(content_of(1, 30'000)));
    auto damaged = *first;
    damaged.extents[0].offset += 4096;
    CHECK(read_small_blob(*world.vfs, world.path("segments"), damaged).empty());
}

TEST_CASE("found blobs: one that is written again keeps its place in the order",
          "[local][rebuild]") {
    EngineWorld world;
    world.start();
    REQUIRE(world.put("a", "value"));
    REQUIRE(world.put("b", "value"));
    {
        BlobOptions options;
        options.id[0] = 1;
        options.frame_bytes = 4096;
        auto writer = run(world.engine->blobs().create(options));
        REQUIRE(writer);
        const auto content = content_of(1, 100);
        REQUIRE(run((*writer)->append(content)));
        BlobIdentity identity{"p", "k", "record"};
        identity.last_commit = 1;
        REQUIRE(run((*writer)->finish(identity)));
    }
    world.stop();
    const auto blobs = latest_first(*world.vfs, world.path("segments"));
    REQUIRE(blobs.size() == 1);
    CHECK(blobs[0].identity.last_commit == 1);
}
