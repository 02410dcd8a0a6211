#include "storage/local/segment_store.h"

#include "tests/unit/storage/local/segment_support.h"

using namespace holdfast;
using namespace holdfast::tests;

namespace {

/// A store on the kernel's file system that can be reopened as after a kill.
struct Fixture {
    SegmentDirectory directory;
    std::unique_ptr<base::Vfs> vfs = base::make_posix_vfs();
    base::SystemClock clock;
    base::WorkerPool pool{2};
    std::uint64_t incarnation = 1;
    std::unique_ptr<SegmentStore> store =
        open_segments(small_segments(directory.path()), *vfs, clock, pool);

    void reopen() {
        store.reset();
        store = open_segments(small_segments(directory.path(), ++incarnation), *vfs, clock, pool);
    }
    BlobRef write(std::uint64_t number, base::ByteView content, const WriteShape& shape = {}) {
        auto ref = run_to_end(write_blob(*store, number, content, shape));
        REQUIRE(ref);
        return *ref;
    }
    base::Bytes read(const BlobRef& ref) {
        auto bytes = run_to_end(read_blob(*store, ref));
        REQUIRE(bytes);
        return *std::move(bytes);
    }
    std::size_t files() { return vfs->list(directory.path()).value().size(); }
};

const std::size_t interesting_sizes[] = {0,
                                         1,
                                         20'000,
                                         frame_bytes - 1,
                                         frame_bytes,
                                         frame_bytes + 1,
                                         4 * frame_bytes,
                                         5 * frame_bytes + 7,
                                         30 * frame_bytes,
                                         31 * frame_bytes + 1,
                                         100 * frame_bytes + 100,
                                         200 * frame_bytes};

}  // namespace

TEST_CASE("segments: a blob of any size reads back, also after a restart (P1)",
          "[storage][segment]") {
    Fixture fixture;
    std::vector<std::pair<BlobRef, base::Bytes>> written;
    for (const bool size_known : {true, false})
        for (const auto size : interesting_sizes) {
            auto content = content_of(written.size(), size);
            const auto ref = fixture.write(written.size(), content, {.size_known = size_known});
            CHECK(ref.stored_bytes == size);
            CHECK(fixture.read(ref) == content);
            written.emplace_back(ref, std::move(content));
        }
    fixture.reopen();
    for (const auto& [ref, content] : written) CHECK(fixture.read(ref) == content);
}

TEST_CASE("segments: any range of frames reads back, across extents", "[storage][segment]") {
    Fixture fixture;
    const auto content = content_of(1, 100 * frame_bytes + 100);
    const auto ref = fixture.write(1, content);
    REQUIRE(ref.extents.size() > 3);
    for (const auto& [first, count] :
         {std::pair{0, 1}, {3, 4}, {29, 4}, {99, 2}, {100, 1}, {0, 101}}) {
        auto bytes = run_to_end(read_frames(*fixture.store, ref, first, count));
        REQUIRE(bytes);
        const auto from = std::size_t(first) * frame_bytes;
        const auto size = std::min(content.size() - from, std::size_t(count) * frame_bytes);
        CHECK(std::equal(bytes->begin(), bytes->end(), content.begin() + from,
                         content.begin() + from + size));
    }
}
