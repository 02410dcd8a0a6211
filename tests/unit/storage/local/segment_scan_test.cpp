#include "storage/local/segment_scan.h"

#include <algorithm>
#include <map>
#include <random>

#include "base/sim_vfs.h"
#include "tests/unit/storage/local/segment_support.h"

using namespace holdfast;
using namespace holdfast::storage::local;
using namespace holdfast::tests;
using Kind = ScanItem::Kind;

namespace {

const std::string directory = "/segments";

struct Disk {
    base::SimVfs vfs;
    base::SystemClock clock;
    base::WorkerPool pool{1};
    std::unique_ptr<SegmentStore> store =
        open_segments(small_segments(directory), vfs, clock, pool);

    BlobRef write(std::uint64_t number, std::size_t size, const WriteShape& shape = {}) {
        auto ref = run(write_blob(*store, number, content_of(number, size), shape));
        REQUIRE(ref);
        return *ref;
    }
    std::unique_ptr<base::VfsFile> open(std::uint64_t segment) {
        auto file = vfs.open(directory + "/" + SegmentName::of(segment).file_name(),
                             base::OpenMode::read_write, 0);
        REQUIRE(file);
        return *std::move(file);
    }
};

std::uint64_t size_of(base::VfsFile& file) {
    return file.size().value();
}

/// Everything in a file; the pieces follow each other without gaps.
std::vector<ScanItem> scan_all(base::VfsFile& file, std::uint64_t begin = 0) {
    SegmentScan scan(file, {begin, size_of(file), true});
    std::vector<ScanItem> items;
    auto expected = begin;
    while (auto item = scan.next()) {
        REQUIRE(item->offset == expected);
        REQUIRE(item->bytes > 0);
        REQUIRE(scan.position() > item->offset);
        expected = scan.position();
        items.push_back(*std::move(item));
    }
    CHECK(expected >= size_of(file));
    return items;
}

std::vector<ScanItem> of_kind(const std::vector<ScanItem>& items, Kind kind) {
    std::vector<ScanItem> found;
    std::copy_if(items.begin(), items.end(), std::back_inserter(found),
                 [&](const ScanItem& item) { return item.kind == kind; });
    return found;
}

/// A file of its own, with nothing but what the test puts there.
struct RawSegment {
    base::SimVfs vfs;
    std::unique_ptr<base::VfsFile> file;

    RawSegment() {
        REQUIRE(vfs.make_directories("/s"));
        auto made = vfs.open("/s/raw", base::OpenMode::create, 0640);
        REQUIRE(made);
        file = *std::move(made);
    }
    void put(std::uint64_t offset, base::ByteView bytes) const {
        REQUIRE(file->pwrite(offset, bytes));
    }
};

void flip(base::VfsFile& file, std::uint64_t offset) {
    std::uint8_t byte = 0;
    REQUIRE(file.pread(offset, {&byte, 1}));
    byte ^= 0x10;
    REQUIRE(file.pwrite(offset, {&byte, 1}));
}

}  // namespace

TEST_CASE("segment scan: finds every extent of every blob with place and identity (2.2.4)",
          "[storage][segment][scan]") {
    Disk disk;
    std::vector<BlobRef> refs;
    for (const bool size_known : {true, false})
        for (const std::size_t size :
             {std::size_t{1}, std::size_t{20'000}, std::size_t{frame_bytes},
              5 * std::size_t{frame_bytes} + 7, 90 * std::size_t{frame_bytes} + 1})
            refs.push_back(disk.write(refs.size() + 1, size, {.size_known = size_known}));
    WriteShape big_identity;
    big_identity.identity.record = std::string(50'000, 'r');
    refs.push_back(disk.write(100, 3 * frame_bytes, big_identity));
    REQUIRE(disk.store->close());

    std::map<std::uint64_t, std::map<std::uint64_t, ScanItem>> found;
    for (const auto& ref : refs)
        for (const auto& extent : ref.extents) found[extent.segment];
    for (auto& [segment, items] : found) {
        const auto file = disk.open(segment);
        for (auto& item : scan_all(*file)) {
            if (item.kind == Kind::hole) continue;
            REQUIRE(item.kind == Kind::whole);
            CHECK(check_frames(*file, item).value().whole());
            items.emplace(item.offset, std::move(item));
        }
    }
    for (const auto& ref : refs) {
        std::uint64_t data_bytes = 0;
        for (std::size_t number = 0; number < ref.extents.size(); ++number) {
            const auto& extent = ref.extents[number];
            REQUIRE(found[extent.segment].count(extent.offset) == 1);
            const auto& item = found[extent.segment][extent.offset];
            CHECK(item.header.id == ref.id);
            CHECK(item.header.number == number);
            CHECK(item.length == extent.length);
            CHECK(item.mark.last == (number + 1 == ref.extents.size()));
            CHECK(item.identity.has_value() == item.mark.last);
            if (item.data_bytes() > 0) CHECK(item.first_frame * frame_bytes == data_bytes);
            data_bytes += item.data_bytes();
            CHECK(item.mark.stored_bytes == data_bytes);
            found[extent.segment].erase(extent.offset);
        }
        CHECK(data_bytes == ref.stored_bytes);
    }
    for (const auto& [segment, items] : found) CHECK(items.empty());
}

TEST_CASE("segment scan: a released blob is a hole, and the scan goes on behind it",
          "[storage][segment][scan]") {
    Disk disk;
    const auto first = disk.write(1, 20'000);
    const auto second = disk.write(2, 30'000);
    const auto third = disk.write(3, 20'000);
    REQUIRE(run(disk.store->release(second)));
    REQUIRE(disk.store->close());
    const auto file = disk.open(first.extents[0].segment);
    const auto items = scan_all(*file);
    const auto whole = of_kind(items, Kind::whole);
    REQUIRE(whole.size() == 2);
    CHECK(whole[0].header.id == first.id);
    CHECK(whole[1].header.id == third.id);
    CHECK(of_kind(items, Kind::hole).size() == items.size() - 2);
}

TEST_CASE("segment scan: goes on where an earlier one stopped, and stops where it was told",
          "[storage][segment][scan]") {
    Disk disk;
    std::vector<BlobRef> refs;
    for (std::uint64_t number = 1; number <= 5; ++number) refs.push_back(disk.write(number, 9'000));
    // The segment is open, its end not trimmed: what is written for good ends behind the third.
    const auto file = disk.open(refs[0].extents[0].segment);
    SegmentScan before(*file, {0, refs[3].extents[0].offset, false});
    std::vector<storage::BlobId> ids;
    ids.push_back(before.next().value().header.id);
    const auto position = before.position();
    SegmentScan after(*file, {position, refs[3].extents[0].offset, false});
    while (auto item = after.next()) ids.push_back(item->header.id);
    CHECK(ids == std::vector{refs[0].id, refs[1].id, refs[2].id});
    CHECK(after.bytes_read() < 3 * 20'000);
}

TEST_CASE("segment scan: a writer that was cut off leaves an unfinished extent, no whole one",
          "[storage][segment][scan]") {
    Disk disk;
    const auto done = disk.write(1, 600'000);
    auto write_half = [&]() -> storage::Async<std::unique_ptr<storage::BlobWriter>> {
        storage::BlobOptions options;
        options.id = blob_id(2);
        options.frame_bytes = frame_bytes;
        options.expected_stored_bytes = 20 * frame_bytes;
        auto writer = co_await disk.store->create(options);
        const auto half = content_of(2, 10 * frame_bytes);
        if (writer)
            if (auto put = co_await (*writer)->append(half); !put) co_return put.error();
        co_return std::move(writer);
    };
    auto writer = run(write_half());
    REQUIRE(writer);
    const auto file = disk.open(done.extents[0].segment);
    const auto items = scan_all(*file);
    CHECK(of_kind(items, Kind::whole).size() == 1);
    const auto unfinished = of_kind(items, Kind::unfinished);
    REQUIRE(unfinished.size() == 1);
    CHECK(unfinished[0].header.id == blob_id(2));
    CHECK(unfinished[0].bytes == unfinished[0].header.reserved_bytes);
    writer->reset();
    REQUIRE(disk.store->close());
}

TEST_CASE("segment scan: a flipped byte costs its own extent and nothing else (P11)",
          "[storage][segment][scan]") {
    Disk disk;
    std::vector<BlobRef> refs;
    for (std::uint64_t number = 1; number <= 3; ++number)
        refs.push_back(disk.write(number, 2 * frame_bytes));
    REQUIRE(disk.store->close());
    const auto extent = refs[1].extents[0];
    const auto file = disk.open(extent.segment);
    const auto mark = extent.offset + extent.length - extent_mark_bytes;
    const auto identity_bytes = scan_all(*file)[1].mark.identity_bytes;
    const auto run = scan_all(*file)[1].bytes;

    const auto check_neighbours = [&](const std::vector<ScanItem>& items) {
        const auto whole = of_kind(items, Kind::whole);
        for (const auto number : {0, 2}) {
            const auto found = std::find_if(whole.begin(), whole.end(), [&](const auto& item) {
                return item.header.id == refs[number].id;
            });
            REQUIRE(found != whole.end());
            CHECK(check_frames(*file, *found).value().whole());
        }
    };
    for (std::uint64_t at = 0; at < extent_mark_bytes; ++at) {
        flip(*file, mark + at);
        const auto items = scan_all(*file);
        check_neighbours(items);
        CHECK(of_kind(items, Kind::whole).size() == 2);
        CHECK(of_kind(items, Kind::damaged).size() == 1);
        flip(*file, mark + at);
    }
    for (std::uint64_t at = 0; at < extent_header_bytes; ++at) {
        flip(*file, extent.offset + at);
        const auto items = scan_all(*file);
        check_neighbours(items);
        CHECK(of_kind(items, Kind::whole).size() == 2);
        CHECK_FALSE(of_kind(items, Kind::stray).empty());
        flip(*file, extent.offset + at);
    }
    SECTION("in a frame or its table") {
        const auto table = extent.offset + extent_header_bytes + refs[1].stored_bytes;
        for (const auto at : {extent.offset + 64, table - 1, table, table + 7}) {
            flip(*file, at);
            const auto items = scan_all(*file);
            check_neighbours(items);
            const auto whole = of_kind(items, Kind::whole);
            REQUIRE(whole.size() == 3);
            const auto check = check_frames(*file, whole[1]).value();
            CHECK_FALSE(check.whole());
            CHECK(check.table_whole == (at < table));
            CHECK(check.damaged_frames == 1);
            CHECK(check.first_damaged_frame == (at == extent.offset + 64 || at == table ? 0 : 1));
            flip(*file, at);
        }
    }
    SECTION("in the identity") {
        flip(*file, mark - identity_bytes);
        const auto whole = of_kind(scan_all(*file), Kind::whole);
        REQUIRE(whole.size() == 3);
        CHECK_FALSE(whole[1].identity);
        CHECK(check_frames(*file, whole[1]).value().whole());
    }
    SECTION("in the zeros behind it") {
        flip(*file, extent.offset + run - 1);
        CHECK(of_kind(scan_all(*file), Kind::whole).size() == 3);
    }
}

TEST_CASE("segment scan: a truncated segment keeps what is before the cut",
          "[storage][segment][scan]") {
    Disk disk;
    const auto first = disk.write(1, 2 * frame_bytes);
    const auto second = disk.write(2, 2 * frame_bytes);
    REQUIRE(disk.store->close());
    const auto file = disk.open(first.extents[0].segment);
    const auto& cut = second.extents[0];
    for (const auto left : {cut.length - 1, cut.length - 70, std::uint64_t{5000}, std::uint64_t{64},
                            std::uint64_t{63}, std::uint64_t{1}}) {
        REQUIRE(file->truncate(cut.offset + left));
        const auto items = scan_all(*file);
        const auto whole = of_kind(items, Kind::whole);
        REQUIRE(whole.size() == 1);
        CHECK(whole[0].header.id == first.id);
        for (const auto& item : items) CHECK(item.offset + item.bytes <= cut.offset + left);
    }
}

TEST_CASE("segment scan: hostile numbers neither loop nor reach beyond the end",
          "[storage][segment][scan]") {
    RawSegment raw;
    ExtentHeader header{blob_id(1), storage::BlobKind::object, 0, 65552, 0};
    constexpr auto huge = ~std::uint64_t{0} / extent_alignment_bytes * extent_alignment_bytes;
    for (const auto reserved : {std::uint64_t{4096}, std::uint64_t{1} << 40, huge}) {
        for (const std::uint32_t frame : {1U, 65552U, ~0U}) {
            header.reserved_bytes = reserved;
            header.frame_bytes = frame;
            raw.put(4096, encode(header));
            raw.put(40'000, encode(header));
            for (const std::uint32_t frames : {0U, 1U, ~0U})
                for (const auto stored : {std::uint64_t{0}, std::uint64_t{1}, ~std::uint64_t{0}})
                    for (const std::uint32_t identity : {0U, 17U, ~0U}) {
                        ExtentMark mark;
                        mark.id = header.id;
                        mark.last = true;
                        mark.frames = frames;
                        mark.stored_bytes = stored;
                        mark.identity_bytes = identity;
                        raw.put(4096 + 64 + 17, encode(mark));
                        for (const auto& item : scan_all(*raw.file)) {
                            CHECK(item.offset + item.bytes <= size_of(*raw.file));
                            if (item.kind != Kind::whole) continue;
                            CHECK(item.length <= item.bytes);
                            CHECK(item.data_bytes() <= item.length);
                            static_cast<void>(check_frames(*raw.file, item));
                        }
                    }
        }
    }
}

TEST_CASE("segment scan: a mark that contradicts its header ends no extent",
          "[storage][segment][scan]") {
    constexpr std::uint64_t begin = 4096;
    ExtentHeader header{blob_id(1), storage::BlobKind::object, 1, 1000, 8192};
    ExtentMark mark;
    mark.id = header.id;
    mark.number = header.number;
    mark.frames = 2;
    mark.stored_bytes = 2000;
    std::uint64_t data_bytes = 2000;
    bool whole = false;
    SECTION("one that agrees does") {
        whole = true;
    }
    SECTION("of another blob") {
        mark.id = blob_id(2);
    }
    SECTION("of another extent of it") {
        mark.number = 2;
    }
    SECTION("with an identity, and not the last") {
        mark.identity_bytes = 17;
        data_bytes += 17;
    }
    SECTION("with a short frame, and not the last") {
        mark.stored_bytes = data_bytes = 1500;
    }
    SECTION("of fewer frames") {
        mark.frames = 1;
    }
    SECTION("of a blob that is smaller") {
        mark.stored_bytes = 1000;
    }
    SECTION("behind a short frame") {
        mark.stored_bytes = 2500;
    }
    RawSegment raw;
    raw.put(begin, encode(header));
    const auto end = begin + extent_header_bytes + data_bytes + mark.frames * frame_entry_bytes;
    raw.put(end, encode(mark));
    CHECK(of_kind(scan_all(*raw.file), Kind::whole).size() == (whole ? 1 : 0));
}

TEST_CASE("segment scan: random bytes are stray, in bounded pieces", "[storage][segment][scan]") {
    RawSegment raw;
    raw.put(0, content_of(7, 3 * base::MiB + 5));
    raw.put(3 * base::MiB + 2 * 4096, content_of(8, 100));
    const auto items = scan_all(*raw.file);
    REQUIRE(items.size() == 3);
    CHECK(items[0].kind == Kind::stray);
    CHECK(items[0].bytes == 3 * base::MiB + 4096);
    CHECK(items[1].kind == Kind::hole);
    CHECK(items[2].kind == Kind::stray);
    CHECK(items[2].bytes == 100);

    REQUIRE(raw.file->truncate(0));
    REQUIRE(raw.file->truncate(40 * base::MiB));
    const auto holes = scan_all(*raw.file);
    REQUIRE(holes.size() == 3);
    CHECK(holes[0].bytes == scan_piece_bytes_max);
}

TEST_CASE("segment scan: after any crash every blob that was finished is whole (2.2.3, C2)",
          "[storage][segment][scan]") {
    Disk disk;
    std::vector<BlobRef> refs;
    for (std::uint64_t number = 1; number <= 6; ++number)
        refs.push_back(disk.write(number, 30'000 * number));
    auto never_finished = [&]() -> storage::Async<void> {
        storage::BlobOptions options;
        options.id = blob_id(50);
        options.frame_bytes = frame_bytes;
        options.expected_stored_bytes = 7 * frame_bytes;
        auto writer = co_await disk.store->create(options);
        if (!writer) co_return writer.error();
        const auto some = content_of(50, 6 * frame_bytes);
        auto put = co_await (*writer)->append(some);
        for (std::uint64_t seed = 1; put && seed <= 40; ++seed) {
            auto after = disk.vfs.crash(seed);
            auto file = after->open(
                directory + "/" + SegmentName::of(refs[0].extents[0].segment).file_name(),
                base::OpenMode::read, 0);
            REQUIRE(file);
            std::size_t whole = 0;
            for (const auto& item : scan_all(**file)) {
                if (item.kind != Kind::whole) continue;
                CHECK(item.header.id != blob_id(50));
                CHECK(check_frames(**file, item).value().whole());
                ++whole;
            }
            CHECK(whole == refs.size());
        }
        co_return put;
    };
    REQUIRE(run(never_finished()));
}
