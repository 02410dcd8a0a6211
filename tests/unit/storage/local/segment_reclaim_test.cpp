// What is cut off a segment that a crash left, and what is not.

#include "storage/local/segment_format.h"

#include "base/faulty_vfs.h"
#include "base/sim_vfs.h"
#include "tests/unit/storage/local/segment_support.h"

using namespace holdfast;
using namespace holdfast::tests;
using namespace holdfast::storage::local;

namespace {

/// An end mark whose checksum, its last bytes, ends in a zero.
std::array<std::uint8_t, extent_mark_bytes> mark_that_ends_in_zero() {
    for (std::uint64_t number = 0;; ++number) {
        ExtentMark mark;
        mark.id = blob_id(number);
        mark.last = true;
        mark.frames = 1;
        mark.stored_bytes = frame_bytes;
        const auto block = encode(mark);
        if (block.back() == 0) return block;
    }
}

}  // namespace

TEST_CASE("segments: an end mark that ends in zeros behind a block's border is not cut",
          "[storage][segment]") {
    base::SimVfs disk;
    base::SystemClock clock;
    base::WorkerPool pool(1);
    const std::string path = "/s/" + SegmentName{1, 1}.file_name();
    const auto mark = mark_that_ends_in_zero();
    // The one byte behind the border is the zero; the file goes on as a kill leaves it.
    const auto mark_end = 5 * extent_alignment_bytes + 1;
    const std::uint64_t left_by_kill = 32 * base::MiB;
    REQUIRE(disk.make_directories("/s"));
    {
        const auto file = *disk.open(path, base::OpenMode::create_exclusive, 0640);
        REQUIRE(file->allocate(0, left_by_kill));
        REQUIRE(file->pwrite(mark_end - mark.size(), mark));
    }
    open_segments(small_segments("/s", 2), disk, clock, pool).reset();

    const auto file = *disk.open(path, base::OpenMode::read, 0640);
    std::array<std::uint8_t, extent_mark_bytes> left{};
    const auto got = file->pread(mark_end - left.size(), left);
    REQUIRE(got);
    CHECK(*got == left.size());
    CHECK(decode_mark(left));
    CHECK(*file->size() < 2 * mark_end);
}

TEST_CASE("segments: an extent without a length that was given back before is given back again",
          "[storage][segment]") {
    base::SimVfs disk;
    base::FaultyVfs vfs(disk);
    base::SystemClock clock;
    base::WorkerPool pool(1);
    const auto store = open_segments(small_segments("/s"), vfs, clock, pool);
    auto blob = run(write_blob(*store, 1, content_of(1, 3 * frame_bytes)));
    REQUIRE(blob);
    REQUIRE(run(write_blob(*store, 2, content_of(2, 3 * frame_bytes))));
    REQUIRE(run(store->release(*blob)));
    blob->extents.front().length = 0;
    const auto punched = vfs.calls("punch_hole");
    CHECK(run(store->release(*blob)));
    CHECK(vfs.calls("punch_hole") == punched);
}
