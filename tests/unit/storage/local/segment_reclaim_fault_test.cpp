// Giving space back on a disk that fails: what is referred to stays whole, what was not given back
// is given back by the next attempt. Spec durability 2.2.9, 2.7, 5.3.

#include <cerrno>

#include "base/faulty_vfs.h"
#include "base/sim_vfs.h"
#include "storage/local/segment_works.h"
#include "tests/unit/storage/local/segment_support.h"

using namespace holdfast;
using namespace holdfast::tests;
using namespace holdfast::storage::local;
using Kind = StorageError::Kind;

namespace {

/// Many segments for little data.
SegmentOptions tiny_segments(std::uint64_t incarnation) {
    auto options = small_segments("/s", incarnation);
    options.segment_bytes = base::MiB;
    options.extent_bytes_max = 512 * base::KiB;
    return options;
}

struct Fixture {
    base::SimVfs disk;
    base::FaultyVfs vfs{disk};
    base::SystemClock clock;
    base::WorkerPool pool{2};
    std::unique_ptr<SegmentStore> store = open_segments(tiny_segments(1), vfs, clock, pool);

    BlobRef write(std::uint64_t number, std::size_t size) const {
        auto ref = run(write_blob(*store, number, content_of(number, size)));
        REQUIRE(ref);
        return *std::move(ref);
    }
    storage::Result<void> release(const BlobRef& ref) const { return run(store->release(ref)); }
    [[nodiscard]] bool whole(std::uint64_t number, const BlobRef& ref) const {
        const auto bytes = run(read_blob(*store, ref));
        return bytes && *bytes == content_of(number, ref.stored_bytes);
    }
    [[nodiscard]] SegmentReclaimer& reclaimer() const { return store->works().reclaimer; }
    [[nodiscard]] bool is_there(std::uint64_t segment) {
        return *disk.exists("/s/" + SegmentName::of(segment).file_name());
    }
    /// As a kill and a start: the segments so far are an earlier run's. Waits for what is done in
    /// the background.
    void next_run(std::uint64_t run) {
        store.reset();
        store = open_segments(tiny_segments(run), vfs, clock, pool);
        store->works().jobs.wait();
    }
};

}  // namespace

TEST_CASE("segments: any call that fails while leftovers of a crash are cut costs no blob",
          "[storage][segment][fault]") {
    for (const bool for_ever : {false, true}) {
        bool met = true;
        for (std::uint64_t nth = 1; met; ++nth) {
            CAPTURE(for_ever, nth);
            Fixture f;
            const auto kept = f.write(1, 3 * frame_bytes);
            f.next_run(2);
            const auto gone = f.write(2, 3 * frame_bytes);
            REQUIRE(f.release(gone));
            // One segment with a blob and one without, both with what was allocated for more.
            f.store.reset();
            f.vfs.fail({"", ".segment", nth, EIO, for_ever});
            f.next_run(3);
            met = f.vfs.failed();
            f.vfs.heal();
            CHECK(f.whole(1, kept));
            f.next_run(4);
            CHECK(f.whole(1, kept));
            CHECK_FALSE(f.is_there(gone.extents.front().segment));
        }
    }
}

TEST_CASE(
    "segments: 2.7.1 any call that fails while a blob is released is told, and the next "
    "attempt gives all of it back",
    "[storage][segment][fault]") {
    for (const bool for_ever : {false, true}) {
        bool met = true;
        for (std::uint64_t nth = 1; met; ++nth) {
            CAPTURE(for_ever, nth);
            Fixture f;
            const auto kept = f.write(1, 3 * frame_bytes);
            f.next_run(2);
            // In more than one extent and more than one segment.
            const auto gone = f.write(2, 20 * frame_bytes);
            REQUIRE(gone.extents.front().segment != gone.extents.back().segment);
            f.next_run(3);
            f.vfs.fail({"", "", nth, EIO, for_ever});
            const auto released = f.release(gone);
            met = f.vfs.failed();
            if (!met) CHECK(released);
            f.vfs.heal();
            CHECK(f.release(gone));
            CHECK(f.whole(1, kept));
            f.next_run(4);
            for (const auto& extent : gone.extents) CHECK_FALSE(f.is_there(extent.segment));
            // Of segments that are gone there is nothing to give back.
            CHECK(f.release(gone));
        }
    }
}

TEST_CASE("segments: 2.2.9 any call that fails while a segment is trimmed or dropped is told",
          "[storage][segment][fault]") {
    for (const bool drops : {false, true}) {
        bool met = true;
        for (std::uint64_t nth = 1; met; ++nth) {
            CAPTURE(drops, nth);
            Fixture f;
            const auto blob = f.write(1, 3 * frame_bytes);
            const auto segment = blob.extents.front().segment;
            const storage::Extent behind{segment, aligned_up(blob.extents.front().length) * 2,
                                         extent_alignment_bytes};
            const auto reclaim = [&] {
                return drops ? f.reclaimer().drop(segment) : f.reclaimer().trim(segment, {behind});
            };
            // Still written to: nothing of it is anybody's to take.
            CHECK(reclaim());
            CHECK(f.whole(1, blob));
            f.next_run(2);
            f.vfs.fail({"", ".segment", nth, EIO, false});
            const auto done = reclaim();
            met = f.vfs.failed();
            // Whether a trimmed segment is empty is only looked at.
            if (!met) CHECK(done);
            if (drops) CHECK(done.has_value() == !met);
            f.vfs.heal();
            CHECK(reclaim());
            CHECK(f.is_there(segment) == !drops);
            if (!drops) CHECK(f.whole(1, blob));
            REQUIRE(f.reclaimer().drop(segment));
            CHECK(reclaim());  // of one that is gone
        }
    }
}

TEST_CASE("segments: a file system without holes keeps what cannot be punched",
          "[storage][segment][fault]") {
    Fixture f;
    const auto blob = f.write(1, 3 * frame_bytes);
    f.next_run(2);
    CHECK(f.reclaimer().punches_holes());
    f.vfs.fail({"punch_hole", "", 1, EOPNOTSUPP, true});
    const auto segment = blob.extents.front().segment;
    CHECK(f.reclaimer().trim(segment, {{segment, 1 << 20, 4096}, {segment, 2 << 20, 4096}}));
    CHECK_FALSE(f.reclaimer().punches_holes());
    CHECK(f.vfs.calls("punch_hole") > 0);
    CHECK(f.whole(1, blob));
}

TEST_CASE("segments: while a snapshot is made nothing is given back, and then what emptied goes",
          "[storage][segment]") {
    Fixture f;
    const auto kept = f.write(1, 3 * frame_bytes);
    f.next_run(2);
    const auto emptied = f.write(2, 3 * frame_bytes);
    f.next_run(3);
    const auto dropped = emptied.extents.front().segment;
    {
        const SegmentReclaimer::Hold hold(f.reclaimer());
        const auto refused = f.release(kept);
        REQUIRE_FALSE(refused);
        CHECK(refused.error().kind == Kind::held);
        CHECK(f.reclaimer().drop(dropped));
        CHECK(f.is_there(dropped));
        CHECK(f.whole(1, kept));
        CHECK(f.whole(2, emptied));
    }
    // It still has a blob: only what reads as zeros all over goes by itself.
    CHECK(f.is_there(dropped));
    CHECK(f.whole(2, emptied));
    CHECK(f.release(kept));
    CHECK_FALSE(f.is_there(kept.extents.front().segment));
}
