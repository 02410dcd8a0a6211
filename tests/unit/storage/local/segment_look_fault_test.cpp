// Reading segments on a disk that fails, and what only damage leaves there: nothing whole is
// reported that is not. Spec durability 2.2.4, P10, P11.

#include <cerrno>

#include "base/faulty_vfs.h"
#include "base/sim_vfs.h"
#include "storage/local/index_rebuild.h"
#include "storage/local/segment_format.h"
#include "storage/local/segment_scan.h"
#include "tests/unit/storage/local/segment_support.h"

using namespace holdfast;
using namespace holdfast::tests;
using namespace holdfast::storage;
using namespace holdfast::storage::local;

namespace {

/// A blob of several extents and a small one, and nobody who writes any more.
struct Disk {
    Disk() {
        base::SystemClock clock;
        base::WorkerPool pool(1);
        const auto store = open_segments(small_segments("/s"), disk, clock, pool);
        large = write(*store, 1, 5'000'000);
        small = write(*store, 2, 30'000);
        REQUIRE(large.extents.size() > 2);
    }
    static BlobRef write(SegmentStore& store, std::uint64_t number, std::size_t bytes) {
        auto ref = run(write_blob(store, number, content_of(number, bytes)));
        REQUIRE(ref);
        return *std::move(ref);
    }
    [[nodiscard]] static std::string path_of(const Extent& extent) {
        return "/s/" + SegmentName::of(extent.segment).file_name();
    }
    void overwrite(const Extent& extent, std::uint64_t offset, base::ByteView bytes) {
        const auto file = *disk.open(path_of(extent), base::OpenMode::read_write, 0);
        REQUIRE(file->pwrite(extent.offset + offset, bytes));
    }
    void cut(const Extent& extent, std::uint64_t behind) {
        const auto file = *disk.open(path_of(extent), base::OpenMode::read_write, 0);
        REQUIRE(file->truncate(extent.offset + behind));
    }
    SegmentsFound find() {
        auto found = find_blobs(vfs, "/s");
        REQUIRE(found);
        return *std::move(found);
    }
    BlobLook look(const BlobRef& ref) { return look_at_blob(vfs, "/s", ref); }
    std::string small_content() { return read_small_blob(vfs, "/s", small); }

    base::SimVfs disk;
    base::FaultyVfs vfs{disk};
    BlobRef large;
    BlobRef small;
};

bool tells(const SegmentsFound& found, const std::string& text) {
    for (const auto& problem : found.problems)
        if (problem.find(text) != std::string::npos) return true;
    return false;
}

}  // namespace

TEST_CASE("found blobs: P11 any call that fails while segments are searched is told of",
          "[local][rebuild][fault]") {
    Disk disk;
    for (const bool for_ever : {false, true}) {
        bool met = true;
        for (std::uint64_t nth = 1; met; ++nth) {
            CAPTURE(for_ever, nth);
            disk.vfs.fail({"", "", nth, EIO, for_ever});
            const auto found = find_blobs(disk.vfs, "/s");
            met = disk.vfs.failed();
            if (!found) {
                CHECK(found.error().kind == OpenError::Kind::io);
                continue;
            }
            // A passing error may have been met by a second try alone.
            if (found->blobs.size() < 2) CHECK_FALSE(found->problems.empty());
            for (const auto& blob : found->blobs) {
                const auto& ref = blob.ref.id == disk.large.id ? disk.large : disk.small;
                CHECK(blob.ref.stored_bytes == ref.stored_bytes);
                CHECK(blob.ref.extents.size() == ref.extents.size());
                CHECK(blob.identity.record == an_identity.record);
            }
            if (!met) CHECK(found->blobs.size() == 2);
        }
    }
}

TEST_CASE("found blobs: P10 any call that fails while a blob is looked at or read is not wholeness",
          "[local][rebuild][fault]") {
    Disk disk;
    for (const bool for_ever : {false, true}) {
        bool met = true;
        for (std::uint64_t nth = 1; met; ++nth) {
            CAPTURE(for_ever, nth);
            disk.vfs.fail({"", "", nth, EIO, for_ever});
            const auto look = disk.look(disk.large);
            met = disk.vfs.failed();
            if (!met) CHECK(look.state == BlobLook::State::whole);
            // Twice before it is called damaged; a file that does not open once is.
            if (look.state != BlobLook::State::whole) CHECK_FALSE(look.what.empty());
            if (met && for_ever) CHECK(look.state == BlobLook::State::damaged);
        }
        met = true;
        for (std::uint64_t nth = 1; met; ++nth) {
            CAPTURE(for_ever, nth);
            disk.vfs.fail({"", "", nth, EIO, for_ever});
            const auto content = disk.small_content();
            met = disk.vfs.failed();
            const bool whole = content == base::as_text(content_of(2, 30'000));
            CHECK((whole || content.empty()));
            if (!met) CHECK(whole);
        }
    }
}

TEST_CASE("found blobs: P11 a damaged extent is named, and its blob is not found",
          "[local][rebuild]") {
    Disk disk;
    const auto& last = disk.large.extents.back();
    const auto identity_bytes = encode(an_identity).size();
    const base::Bytes bad(8, std::uint8_t{0x5a});
    const auto is_lost = [&] {
        const auto found = disk.find();
        CHECK(found.blobs.size() == 1);
        CHECK(found.blobs.front().ref.id == disk.small.id);
        return found;
    };
    SECTION("its identity") {
        disk.overwrite(last, last.length - extent_mark_bytes - identity_bytes, bad);
        const auto found = is_lost();
        CHECK(tells(found, "the identity of blob"));
        CHECK(tells(found, "extents of blob"));
    }
    SECTION("its end mark") {
        disk.overwrite(last, last.length - extent_mark_bytes + 40, bad);
        CHECK(tells(is_lost(), "the end mark of blob"));
    }
    SECTION("its header") {
        disk.overwrite(last, 16, bad);
        CHECK(tells(is_lost(), "no whole header names"));
        CHECK(disk.look(disk.large).what.find("header or end mark") != std::string::npos);
    }
    SECTION("an extent in the middle is gone") {
        const auto& middle = disk.large.extents[1];
        disk.overwrite(middle, 0, base::Bytes(aligned_up(middle.length)));
        CHECK(tells(is_lost(), "and not all of them"));
    }
    SECTION("a file that is no segment is told of and passed over") {
        REQUIRE(disk.disk.open("/s/notes.txt", base::OpenMode::create, 0640));
        const auto found = disk.find();
        CHECK(tells(found, "segments/notes.txt is not a segment"));
        CHECK(found.blobs.size() == 2);
    }
}

TEST_CASE("found blobs: P10 a damaged table, frame or end of a blob is told apart",
          "[local][rebuild]") {
    using State = BlobLook::State;
    Disk disk;
    const auto& extent = disk.small.extents.front();
    const auto table_offset = extent_header_bytes + std::uint64_t{30'000};
    SECTION("the table") {
        disk.overwrite(extent, table_offset, base::Bytes(2, std::uint8_t{0x5a}));
        const auto look = disk.look(disk.small);
        CHECK(look.state == State::damaged);
        CHECK(look.what.find("frame table") != std::string::npos);
    }
    SECTION("a table that was never written") {
        disk.overwrite(extent, table_offset, base::Bytes(frame_entry_bytes));
        CHECK(disk.look(disk.small).state == State::never_written);
    }
    SECTION("a frame") {
        disk.overwrite(extent, 1000, base::Bytes(2, std::uint8_t{0x5a}));
        CHECK(disk.look(disk.small).state == State::damaged);
    }
    SECTION("two frames of one extent") {
        const auto& first = disk.large.extents.front();
        for (const std::uint64_t frame : {3, 7})
            disk.overwrite(first, frame * frame_bytes + 1000, base::Bytes(2, std::uint8_t{0x5a}));
        CHECK(disk.look(disk.large).what.find("2 damaged frames") != std::string::npos);
    }
    SECTION("two frames that were never written") {
        const auto& first = disk.large.extents.front();
        for (const std::uint64_t frame : {3, 7})
            disk.overwrite(first, frame * frame_bytes + 4096, base::Bytes(4096));
        const auto look = disk.look(disk.large);
        CHECK(look.state == State::never_written);
        CHECK(look.what.find("2 damaged frames") != std::string::npos);
    }
    SECTION("what follows is cut off") {
        disk.cut(extent, 10'000);
        CHECK(disk.look(disk.small).state == State::damaged);
    }
    SECTION("another length than the record says") {
        auto other = disk.small;
        other.extents.front().length -= 1;
        CHECK(disk.look(other).state == State::damaged);
        CHECK(read_small_blob(disk.vfs, "/s", other).empty());
        return;
    }
    CHECK(disk.small_content().empty() == (disk.look(disk.small).state != State::whole));
}

TEST_CASE("found blobs: what is no small blob is not read into memory", "[local][rebuild]") {
    Disk disk;
    auto too_large = disk.small;
    too_large.stored_bytes = 17 * base::MiB;
    CHECK(read_small_blob(disk.vfs, "/s", too_large).empty());
    CHECK_FALSE(disk.small_content().empty());
}
