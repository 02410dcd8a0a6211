// Every call of the file system fails once, and then for ever: spec durability 2.5, 5.3.

#include <cerrno>

#include "base/failpoint.h"
#include "base/faulty_vfs.h"
#include "base/sim_vfs.h"
#include "tests/unit/storage/local/segment_support.h"

using namespace holdfast;
using namespace holdfast::tests;
using Kind = StorageError::Kind;

namespace {

struct Fixture {
    base::SimVfs disk;
    base::FaultyVfs vfs{disk};
    base::FakeClock clock{base::WallTime{}};
    base::WorkerPool pool{2};
    std::unique_ptr<SegmentStore> store = open_segments(small_segments("/s"), vfs, clock, pool);

    storage::Result<BlobRef> write(std::uint64_t number, std::size_t size = 20'000) {
        return run(write_blob(*store, number, content_of(number, size)));
    }
    bool whole(std::uint64_t number, const BlobRef& ref) {
        const auto bytes = run(read_blob(*store, ref));
        return bytes && *bytes == content_of(number, ref.stored_bytes);
    }
};

Kind kind_of(const storage::Result<BlobRef>& result) {
    REQUIRE_FALSE(result);
    return result.error().kind;
}

}  // namespace

TEST_CASE("segments: any failing call loses nothing acked, once and for ever",
          "[storage][segment][fault]") {
    for (const bool for_ever : {false, true})
        for (const int code : {EIO, ENOSPC})
            for (std::uint64_t nth = 1;; ++nth) {
                Fixture fixture;
                const auto before = fixture.write(1);
                REQUIRE(before);
                fixture.vfs.fail({"", "", nth, code, for_ever});
                std::vector<std::pair<std::uint64_t, BlobRef>> acked{{1, *before}};
                for (const std::uint64_t number : {2, 3, 4}) {
                    const auto ref = fixture.write(number, number * 4 * frame_bytes);
                    if (ref)
                        acked.emplace_back(number, *ref);
                    else
                        CHECK((ref.error().kind == Kind::io ||
                               ref.error().kind == Kind::read_only ||
                               ref.error().kind == Kind::out_of_space));
                }
                // Not released for sure when it fails, but never an abort, and never another blob.
                static_cast<void>(run(fixture.store->release(*before)));
                const bool met = fixture.vfs.failed();
                fixture.vfs.heal();
                CAPTURE(for_ever, code, nth);
                for (const auto& [number, ref] : acked)
                    if (number != 1) CHECK(fixture.whole(number, ref));
                CHECK(fixture.store->close());
                fixture.store.reset();
                fixture.store = open_segments(small_segments("/s", 2), fixture.vfs, fixture.clock,
                                              fixture.pool);
                for (const auto& [number, ref] : acked)
                    if (number != 1) CHECK(fixture.whole(number, ref));
                if (!met) break;
            }
}

TEST_CASE("segments: a full disk is out_of_space before the first byte, and reads go on",
          "[storage][segment][fault]") {
    Fixture fixture;
    const auto before = fixture.write(1);
    REQUIRE(before);
    storage::BlobOptions options;
    options.frame_bytes = frame_bytes;
    options.expected_stored_bytes = std::uint64_t{2} << 40;
    const auto refused = run(fixture.store->create(options));
    REQUIRE_FALSE(refused);
    CHECK(refused.error().kind == Kind::out_of_space);
    CHECK(fixture.whole(1, *before));
    CHECK(fixture.write(2));
}

TEST_CASE("segments: 2.5 what completes an upload goes into the reserve, data does not",
          "[storage][segment][fault]") {
    base::SimVfs::Options small_disk;
    small_disk.space_bytes = 64 * base::MiB;
    base::SimVfs disk(small_disk);
    base::SystemClock clock;
    base::WorkerPool pool(1);
    auto segments = small_segments("/s");
    segments.free_space_reserve_bytes = 128 * base::MiB;
    const auto store = open_segments(segments, disk, clock, pool);
    storage::BlobOptions options;
    options.frame_bytes = frame_bytes;
    options.expected_stored_bytes = 1000;
    for (const auto kind : {storage::BlobKind::object, storage::BlobKind::part}) {
        options.kind = kind;
        const auto refused = run(store->create(options));
        REQUIRE_FALSE(refused);
        CHECK(refused.error().kind == Kind::out_of_space);
    }
    options.kind = storage::BlobKind::completion;
    auto writer = run(store->create(options));
    REQUIRE(writer);
    REQUIRE(run((*writer)->append(content_of(1, 1000))));
    CHECK(run((*writer)->finish(an_identity)));
}

TEST_CASE("segments: the promise of one upload counts against the next",
          "[storage][segment][fault]") {
    base::SimVfs::Options small_disk;
    small_disk.space_bytes = 64 * base::MiB;
    base::SimVfs disk(small_disk);
    base::SystemClock clock;
    base::WorkerPool pool(1);
    const auto store = open_segments(small_segments("/s"), disk, clock, pool);
    storage::BlobOptions options;
    options.frame_bytes = frame_bytes;
    options.expected_stored_bytes = 40 * base::MiB;
    auto first = run(store->create(options));
    REQUIRE(first);
    const auto second = run(store->create(options));
    REQUIRE_FALSE(second);
    CHECK(second.error().kind == Kind::out_of_space);
    first->reset();
    CHECK(run(store->create(options)));
}

TEST_CASE("segments: data kept as rows leaves the reserve free too, and room is seen again",
          "[storage][segment][fault]") {
    base::SimVfs::Options small_disk;
    small_disk.space_bytes = 64 * base::MiB;
    base::SimVfs disk(small_disk);
    base::FaultyVfs vfs(disk);
    base::FakeClock clock{base::WallTime{}};
    base::WorkerPool pool(1);
    auto segments = small_segments("/s");
    segments.free_space_reserve_bytes = 16 * base::MiB;
    const auto store = open_segments(segments, vfs, clock, pool);
    const auto fits = [&](std::uint64_t bytes) {
        const auto checked = run(store->check_space(bytes));
        if (!checked) CHECK(checked.error().kind == Kind::out_of_space);
        return checked.has_value();
    };
    CHECK(fits(16 * base::KiB));
    CHECK_FALSE(fits(49 * base::MiB));
    const auto rows = *disk.open("/rows", base::OpenMode::create, 0640);
    REQUIRE(rows->allocate(0, 50 * base::MiB));
    // Not measured again for each one.
    for (int body = 0; body < 100; ++body) CHECK(fits(16 * base::KiB));
    CHECK(vfs.calls("space") == 1);
    clock.advance(std::chrono::milliseconds(100));
    CHECK_FALSE(fits(16 * base::KiB));
    CHECK_FALSE(fits(0));
    REQUIRE(rows->truncate(0));
    clock.advance(std::chrono::milliseconds(100));
    CHECK(fits(16 * base::KiB));

    // What an upload was promised is not there for others.
    storage::BlobOptions options;
    options.frame_bytes = frame_bytes;
    options.expected_stored_bytes = 40 * base::MiB;
    const auto upload = run(store->create(options));
    REQUIRE(upload);
    CHECK_FALSE(fits(12 * base::MiB));
    vfs.fail({"space", "", 1, EIO, false});
    clock.advance(std::chrono::milliseconds(100));
    const auto unknown = run(store->check_space(1));
    REQUIRE_FALSE(unknown);
    CHECK(unknown.error().kind == Kind::io);
}

TEST_CASE(
    "segments: ENOSPC and EDQUOT while writing are out_of_space, EIO is io, only for that blob",
    "[storage][segment][fault]") {
    Fixture fixture;
    const auto before = fixture.write(1);
    REQUIRE(before);
    for (const int code : {ENOSPC, EDQUOT}) {
        fixture.vfs.fail({"pwrite", "", 1, code, false});
        CHECK(kind_of(fixture.write(2)) == Kind::out_of_space);
    }
    fixture.vfs.fail({"pwrite", "", 1, EIO, false});
    CHECK(kind_of(fixture.write(3, 9 * frame_bytes)) == Kind::io);
    CHECK(fixture.write(4));
    CHECK(fixture.whole(1, *before));
    CHECK_FALSE(fixture.store->read_only());
}

TEST_CASE("segments: 2.5 no room for another segment is out_of_space, an error of the disk is io",
          "[storage][segment][fault]") {
    for (const int code : {ENOSPC, EDQUOT, EIO}) {
        Fixture fixture;
        fixture.vfs.fail({"open", ".segment", 1, code, false});
        CHECK(kind_of(fixture.write(1)) == (code == EIO ? Kind::io : Kind::out_of_space));
        CHECK(fixture.write(2));
        CHECK_FALSE(fixture.store->read_only());
    }
}

TEST_CASE("segments: 2.5 EROFS gives the segment up, and stops the writes where none can be made",
          "[storage][segment][fault]") {
    Fixture fixture;
    const auto before = fixture.write(1);
    REQUIRE(before);
    SECTION("of a write and then of another segment") {
        fixture.vfs.fail({"pwrite", "", 1, EROFS, false});
        CHECK(kind_of(fixture.write(2)) == Kind::io);
        fixture.vfs.fail({"open", ".segment", 1, EROFS, false});
        CHECK(kind_of(fixture.write(3)) == Kind::io);
    }
    SECTION("of a single sync") {
        fixture.vfs.fail({"sync_data", "", 1, EROFS, false});
        CHECK(kind_of(fixture.write(2)) == Kind::io);
    }
    CHECK(fixture.store->read_only());
    CHECK(kind_of(fixture.write(4)) == Kind::read_only);
    CHECK(fixture.whole(1, *before));
    fixture.store->resume();
    const auto after = fixture.write(5);
    REQUIRE(after);
    CHECK(after->extents[0].segment != before->extents[0].segment);
}

TEST_CASE("segments: a failed sync kills its segment, what it acked stays readable",
          "[storage][segment][fault]") {
    Fixture fixture;
    const auto before = fixture.write(1);
    REQUIRE(before);
    fixture.vfs.fail({"sync_data", "", 1, ENOSPC, false});
    CHECK(kind_of(fixture.write(2)) == Kind::io);
    const auto syncs = fixture.vfs.calls("sync_data");
    const auto after = fixture.write(3);
    REQUIRE(after);
    CHECK(after->extents[0].segment != before->extents[0].segment);
    CHECK(fixture.vfs.calls("sync_data") == syncs + 1);
    CHECK(fixture.whole(1, *before));
    CHECK(fixture.whole(3, *after));
    CHECK_FALSE(fixture.store->read_only());
}

TEST_CASE("segments: three dead segments within a minute stop writes, not reads",
          "[storage][segment][fault]") {
    Fixture fixture;
    const auto before = fixture.write(1);
    REQUIRE(before);
    fixture.vfs.fail({"sync_data", "", 1, EIO, true});
    CHECK(kind_of(fixture.write(2)) == Kind::io);
    CHECK(kind_of(fixture.write(3)) == Kind::io);
    fixture.clock.advance(std::chrono::seconds(61));
    CHECK(kind_of(fixture.write(4)) == Kind::io);
    CHECK(kind_of(fixture.write(5)) == Kind::io);
    CHECK_FALSE(fixture.store->read_only());
    CHECK(kind_of(fixture.write(6)) == Kind::io);
    CHECK(fixture.store->read_only());
    fixture.vfs.heal();
    CHECK(kind_of(fixture.write(7)) == Kind::read_only);
    CHECK(fixture.whole(1, *before));
}

TEST_CASE("segments: more bytes than were announced are kept as well, or refused with their blob",
          "[storage][segment][fault]") {
    const auto content = content_of(7, 7 * frame_bytes);
    const auto view = base::ByteView(content);
    const bool fails = GENERATE(false, true);
    Fixture fixture;
    storage::BlobOptions options;
    options.id = blob_id(7);
    options.frame_bytes = frame_bytes;
    options.expected_stored_bytes = 2 * frame_bytes;
    auto writer = run(fixture.store->create(options));
    REQUIRE(writer);
    // In memory so far.
    REQUIRE(run((*writer)->append(view.first(2 * frame_bytes))));
    if (fails) fixture.vfs.fail({"pwrite", "", 1, EIO, false});
    const auto appended = run((*writer)->append(view.subspan(2 * frame_bytes)));
    CHECK(appended.has_value() == !fails);
    if (fails) {
        CHECK_FALSE(run((*writer)->append(view.first(frame_bytes))));
        CHECK(kind_of(run((*writer)->finish(an_identity))) == Kind::io);
        return;
    }
    const auto ref = run((*writer)->finish(an_identity));
    REQUIRE(ref);
    CHECK(ref->stored_bytes == content.size());
    CHECK(fixture.whole(7, *ref));
    CHECK(kind_of(run((*writer)->finish(an_identity))) == Kind::io);
    CHECK_FALSE(run((*writer)->append(view.first(frame_bytes))));
}

TEST_CASE(
    "segments: a writer waits while too much is unsynced, and goes on when a sync failed, too",
    "[storage][segment][fault]") {
    const bool fails = GENERATE(false, true);
    Fixture fixture;
    auto options = small_segments("/s", 2);
    options.unsynced_bytes_max = 2 * frame_bytes;
    fixture.store.reset();
    fixture.store = open_segments(options, fixture.vfs, fixture.clock, fixture.pool);
    const auto before = fixture.write(1);
    REQUIRE(before);
    if (fails) fixture.vfs.fail({"sync_data", ".segment", 1, EIO, false});
    WriteShape shape;
    shape.size_known = false;
    shape.frames_at_once = 3;
    const auto content = content_of(2, 20 * frame_bytes);
    const auto ref = run(write_blob(*fixture.store, 2, content, shape));
    // What was acknowledged needed every sync of its segment.
    CHECK(ref.has_value() == !fails);
    if (ref) CHECK(fixture.whole(2, *ref));
    CHECK(fixture.write(3));
    CHECK(fixture.whole(1, *before));
}

TEST_CASE("segments: a failed directory sync stops writes before anything is acked",
          "[storage][segment][fault]") {
    Fixture fixture;
    fixture.vfs.fail({"sync_directory", "", 1, EIO, false});
    CHECK(kind_of(fixture.write(1)) == Kind::io);
    CHECK(fixture.store->read_only());
    CHECK(kind_of(fixture.write(2)) == Kind::read_only);
}

TEST_CASE("segments: a file system without allocation or holes works all the same",
          "[storage][segment][fault]") {
    Fixture fixture;
    fixture.vfs.fail({"allocate", "", 1, EOPNOTSUPP, true});
    const auto kept = fixture.write(1);
    const auto released = fixture.write(2);
    REQUIRE(kept);
    REQUIRE(released);
    fixture.vfs.fail({"punch_hole", "", 1, EOPNOTSUPP, true});
    CHECK(run(fixture.store->release(*released)));
    CHECK(fixture.whole(1, *kept));
}

TEST_CASE("segments: a passing read error is retried from the medium, a lasting one is io",
          "[storage][segment][fault]") {
    Fixture fixture;
    const auto ref = fixture.write(1);
    REQUIRE(ref);
    fixture.vfs.fail({"pread_nowait", "", 1, EIO, false});
    CHECK(fixture.whole(1, *ref));
    fixture.vfs.fail({"", ".segment", 1, EIO, true});
    const auto failed = run(read_blob(*fixture.store, *ref));
    REQUIRE_FALSE(failed);
    CHECK(failed.error().kind == Kind::io);
    fixture.vfs.heal();
    CHECK(fixture.whole(1, *ref));
}

#ifdef HF_FAILPOINTS
TEST_CASE("segments: each failpoint refuses the blob it is met by and no other",
          "[storage][segment][fault]") {
    for (const char* name :
         {"blob.create", "blob.write", "blob.footer", "blob.fdatasync.before",
          "blob.fdatasync.after", "blob.close", "dir.fsync.before", "dir.fsync.after"}) {
        Fixture fixture;
        CAPTURE(name);
        REQUIRE(base::set_failpoints(std::string(name) + "=eio@1"));
        CHECK(kind_of(fixture.write(1)) == Kind::io);
        REQUIRE(base::set_failpoints(""));
        if (std::string_view(name).starts_with("dir.")) continue;
        const auto ref = fixture.write(2);
        REQUIRE(ref);
        CHECK(fixture.whole(2, *ref));
    }
}
#endif
