#include "storage/local/segment_store.h"

#include "base/spawn.h"
#include "tests/loop_of_nobody.h"
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
        auto ref = run(write_blob(*store, number, content, shape));
        REQUIRE(ref);
        return *ref;
    }
    base::Bytes read(const BlobRef& ref) {
        auto bytes = run(read_blob(*store, ref));
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
        auto bytes = run(read_frames(*fixture.store, ref, first, count));
        REQUIRE(bytes);
        const auto from = std::size_t(first) * frame_bytes;
        const auto size = std::min(content.size() - from, std::size_t(count) * frame_bytes);
        CHECK(std::equal(bytes->begin(), bytes->end(), content.begin() + from,
                         content.begin() + from + size));
    }
}

TEST_CASE("segments: one flipped bit of a frame or of the table is corrupt, never wrong data (P10)",
          "[storage][segment]") {
    Fixture fixture;
    const auto content = content_of(1, 3 * frame_bytes);
    const auto ref = fixture.write(1, content);
    const auto path =
        fixture.directory.path() + "/" + fixture.vfs->list(fixture.directory.path())->at(0);
    const auto file = *fixture.vfs->open(path, base::OpenMode::read_write, 0);
    const auto frames_at = ref.extents[0].offset + 64;
    const auto table_at = frames_at + ref.stored_bytes;
    for (const auto at : {frames_at + frame_bytes + 17, table_at + 5}) {
        base::Bytes byte(1);
        REQUIRE(file->pread(at, byte));
        byte[0] ^= 0x10;
        REQUIRE(file->pwrite(at, byte));
        const auto damaged = run(read_frames(*fixture.store, ref, 1, 1));
        REQUIRE_FALSE(damaged);
        CHECK(damaged.error().kind == StorageError::Kind::corrupt);
        const auto beside = run(read_frames(*fixture.store, ref, 2, 1));
        REQUIRE(beside);
        CHECK(std::equal(beside->begin(), beside->end(), content.begin() + 2 * frame_bytes));
        byte[0] ^= 0x10;
        REQUIRE(file->pwrite(at, byte));
        CHECK(fixture.read(ref) == content);
    }
}

TEST_CASE("segments: a frame of another blob is not taken for this one's", "[storage][segment]") {
    Fixture fixture;
    const auto content = content_of(1, frame_bytes);
    auto ref = fixture.write(1, content);
    ref.id = blob_id(2);
    const auto read = run(read_blob(*fixture.store, ref));
    REQUIRE_FALSE(read);
    CHECK(read.error().kind == StorageError::Kind::corrupt);
}

TEST_CASE("segments: released space goes back to the disk, the neighbours stay (P13)",
          "[storage][segment]") {
    Fixture fixture;
    const auto first = content_of(1, 7 * frame_bytes);
    const auto kept_before = fixture.write(1, first);
    const auto released = fixture.write(2, content_of(2, 40 * frame_bytes));
    const auto kept_after = fixture.write(3, content_of(3, 40 * frame_bytes));
    const auto before = fixture.store->statistics().bytes_live;
    CHECK(run(fixture.store->release(released)));
    CHECK(before - fixture.store->statistics().bytes_live >= released.stored_bytes);
    CHECK(run(fixture.store->release(released)));
    CHECK(fixture.read(kept_before) == first);
    CHECK(fixture.read(kept_after) == content_of(3, 40 * frame_bytes));
    CHECK_FALSE(run(read_blob(*fixture.store, released)));
}

TEST_CASE("segments: a reference to another blob's extent releases nothing", "[storage][segment]") {
    Fixture fixture;
    const auto content = content_of(1, 3 * frame_bytes);
    const auto ref = fixture.write(1, content);
    auto wrong = ref;
    wrong.id = blob_id(2);
    const auto released = run(fixture.store->release(wrong));
    REQUIRE_FALSE(released);
    CHECK(released.error().kind == StorageError::Kind::corrupt);
    CHECK(fixture.read(ref) == content);
}

TEST_CASE("segments: release waits for the readers of its blob", "[storage][segment]") {
    Fixture fixture;
    const auto content = content_of(1, frame_bytes);
    const auto ref = fixture.write(1, content);
    LoopOfNobody borrowed;
    auto& loop = *borrowed;
    bool released = false;
    base::Bytes read(frame_bytes);
    const auto release = [&]() -> base::Awaitable<void> {
        const auto done = co_await fixture.store->release(ref);
        released = done.has_value();
    };
    const auto hold = [&]() -> base::Awaitable<void> {
        auto reader = co_await fixture.store->open(ref);
        REQUIRE(reader);
        base::spawn(loop, release());
        const auto other = content_of(2, frame_bytes);
        for (int i = 0; i < 3; ++i) {
            const auto written = co_await write_blob(*fixture.store, 2, other);
            CHECK(written);
        }
        CHECK_FALSE(released);
        const auto got = co_await (*reader)->read(0, 1, read);
        CHECK(got);
        CHECK_FALSE(released);
    };
    base::spawn(loop, hold());
    loop.run();
    CHECK(released);
    CHECK(read == content);
}

TEST_CASE("segments: a segment with nothing left in it is unlinked", "[storage][segment]") {
    Fixture fixture;
    std::vector<BlobRef> refs;
    for (std::uint64_t number = 0; number < 8; ++number)
        refs.push_back(fixture.write(number, content_of(number, 40 * frame_bytes)));
    REQUIRE(fixture.files() >= 3);
    const auto keep_restarting = GENERATE(true, false);
    if (keep_restarting) fixture.reopen();
    for (const auto& ref : refs) CHECK(run(fixture.store->release(ref)));
    if (!keep_restarting) CHECK(fixture.store->close());
    CHECK(fixture.files() == 0);
}

TEST_CASE("segments: a writer that ends early leaves no space taken", "[storage][segment]") {
    Fixture fixture;
    for (const bool size_known : {true, false}) {
        storage::BlobOptions options;
        options.id = blob_id(1);
        options.frame_bytes = frame_bytes;
        if (size_known) options.expected_stored_bytes = 60 * frame_bytes;
        const auto give_up = [&]() -> base::Awaitable<base::Unit> {
            auto writer = co_await fixture.store->create(options);
            REQUIRE(writer);
            const auto content = content_of(1, 40 * frame_bytes);
            const auto appended = co_await (*writer)->append(content);
            CHECK(appended);
            co_return base::Unit{};
        };
        run(give_up());
    }
    CHECK(fixture.store->close());
    CHECK(fixture.files() == 0);
}

namespace {

/// A writer that announced 60 MiB and wrote 3 MiB.
base::Awaitable<std::unique_ptr<storage::BlobWriter>> begin_upload(SegmentStore& store,
                                                                   base::ByteView three_mib) {
    storage::BlobOptions options;
    options.id = blob_id(1);
    options.frame_bytes = frame_bytes;
    options.expected_stored_bytes = 60 * base::MiB;
    auto writer = co_await store.create(options);
    REQUIRE(writer);
    const auto appended = co_await (*writer)->append(three_mib);
    CHECK(appended);
    co_return std::move(*writer);
}

}  // namespace

TEST_CASE("segments: uploads that end early never stop or slow down the later ones",
          "[storage][segment]") {
    Fixture fixture;
    const auto piece = content_of(1, 48 * frame_bytes);
    const bool cut_at_once = GENERATE(true, false);
    CAPTURE(cut_at_once);
    // Far more than may be unsynced at a time, in segments that are full and in ones that are not.
    std::vector<std::unique_ptr<storage::BlobWriter>> held;
    for (int upload = 0; upload < 95; ++upload) {
        held.push_back(run(begin_upload(*fixture.store, piece)));
        if (cut_at_once || held.size() == 7) held.clear();
    }
    const auto syncs = fixture.store->statistics().syncs;
    const auto content = content_of(2, 30 * frame_bytes);
    const WriteShape in_small_pieces{.size_known = false, .frames_at_once = 1};
    CHECK(fixture.read(fixture.write(2, content, in_small_pieces)) == content);
    // The blob's own, one a segment, and one of what was unsynced when the bound was met.
    CHECK(fixture.store->statistics().syncs - syncs <= 4);
}

TEST_CASE("segments: what a kill left allocated at a segment's end is given back",
          "[storage][segment]") {
    Fixture fixture;
    const auto content = content_of(1, 3 * frame_bytes);
    const auto ref = fixture.write(1, content);
    const auto path =
        fixture.directory.path() + "/" + fixture.vfs->list(fixture.directory.path())->at(0);
    const auto size = [&] { return *(*fixture.vfs->open(path, base::OpenMode::read, 0))->size(); };
    const auto left_by_kill = size();
    fixture.reopen();
    fixture.reopen();  // waits for what runs in the background
    CHECK(size() < left_by_kill);
    CHECK(size() >= ref.extents[0].offset + ref.extents[0].length);
    CHECK(fixture.read(ref) == content);
}

TEST_CASE("segments: a run never appends to a segment of an earlier one", "[storage][segment]") {
    Fixture fixture;
    const auto first = fixture.write(1, content_of(1, 20'000));
    CHECK(fixture.store->close());
    fixture.reopen();
    const auto second = fixture.write(2, content_of(2, 20'000));
    CHECK(first.extents[0].segment != second.extents[0].segment);
    CHECK(fixture.files() == 2);
}

TEST_CASE("segments: a run counter that went back is refused", "[storage][segment]") {
    Fixture fixture;
    fixture.write(1, content_of(1, 20'000));
    fixture.store.reset();
    const auto opened = SegmentStore::open(small_segments(fixture.directory.path(), 1),
                                           *fixture.vfs, fixture.clock, fixture.pool);
    REQUIRE_FALSE(opened);
    CHECK(opened.error().kind == storage::local::OpenError::Kind::damaged);
}

TEST_CASE("segments: an identity too large for the reserved room is kept all the same",
          "[storage][segment]") {
    Fixture fixture;
    WriteShape shape;
    shape.identity.record = std::string(50'000, 'r');
    for (const std::size_t size : {std::size_t{20'000}, 31 * std::size_t{frame_bytes} + 5}) {
        const auto content = content_of(size, size);
        const auto ref = fixture.write(size, content, shape);
        CHECK(fixture.read(ref) == content);
    }
}

TEST_CASE("segments: batched and relaxed stores read back what they wrote", "[storage][segment]") {
    using storage::local::Durability;
    Fixture fixture;
    fixture.store.reset();
    for (const auto durability : {Durability::batched, Durability::relaxed}) {
        auto options = small_segments(fixture.directory.path(), ++fixture.incarnation);
        options.durability = durability;
        fixture.store = open_segments(options, *fixture.vfs, fixture.clock, fixture.pool);
        const auto content = content_of(1, 9 * frame_bytes);
        CHECK(fixture.read(fixture.write(1, content)) == content);
        const bool synced = fixture.store->statistics().syncs > 0;
        CHECK(synced == (durability == Durability::batched));
        fixture.store.reset();
    }
}
