#include <algorithm>
#include <filesystem>
#include <fstream>

#include "storage/local/index_rebuild.h"
#include "storage/local/segment_format.h"
#include "tests/unit/storage/local/segment_support.h"

using namespace holdfast;
using namespace holdfast::storage;
using namespace holdfast::storage::local;
using holdfast::tests::content_of;
using holdfast::tests::run_to_end;
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
    BlobRef write(std::uint64_t run, std::uint64_t number, std::size_t bytes,
                  std::uint64_t kept = 0) {
        auto options = tests::small_segments(path);
        options.incarnation = run;
        options.last_commit = [this] { return last_commit; };
        std::unique_ptr<SegmentStore> store;
        if (run == 1) {
            store = tests::open_segments(options, *vfs, clock, pool);
        } else {
            auto opened = SegmentStore::open(options, *vfs, clock, pool);
            REQUIRE(opened);
            store = *std::move(opened);
        }
        WriteShape shape;
        shape.identity.last_commit = kept;
        const auto ref =
            run_to_end(tests::write_blob(*store, number, content_of(number, bytes), shape));
        REQUIRE(ref);
        REQUIRE(store->close());
        return *ref;
    }
    void overwrite(const Extent& extent, std::uint64_t offset, const std::string& bytes) {
        std::fstream file(path + "/" + SegmentName::of(extent.segment).file_name(),
                          std::ios::in | std::ios::out | std::ios::binary);
        file.seekp(static_cast<std::streamoff>(extent.offset + offset));
        file.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
        REQUIRE(file.good());
    }
    BlobLook look(const BlobRef& ref) { return look_at_blob(*vfs, path, ref); }
};

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
    auto found = find_blobs(*runs.vfs, runs.path);
    REQUIRE(found);
    REQUIRE(found->blobs.size() == 3);
    std::sort(found->blobs.begin(), found->blobs.end(),
              [](const auto& a, const auto& b) { return a.is_later_than(b); });
    CHECK(found->blobs[0].ref.id == latest.id);
    CHECK(found->blobs[1].run == 3);
    CHECK(found->blobs[2].ref.extents[0].segment == old.extents[0].segment);
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
