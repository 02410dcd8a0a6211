#include "storage/local/local_upkeep.h"

#include <rocksdb/db.h>

#include <algorithm>
#include <cerrno>
#include <limits>

#include "base/io_priority.h"
#include "storage/local/blob_check.h"
#include "storage/local/file_check.h"
#include "storage/local/row_snapshot.h"
#include "storage/local/segment_scan.h"
#include "storage/local/volume_layout.h"
#include "storage/local/write_probe.h"

namespace holdfast::storage::local {

namespace {

/// What one trip to the pool may take: bytes read, or pieces found, of a segment.
constexpr std::uint64_t page_read_bytes_max = std::uint64_t{4} << 20;
constexpr std::size_t page_pieces_max = 1000;
constexpr std::uint64_t note_bytes_max = std::uint64_t{256} << 20;
constexpr unsigned note_mode = 0640;

StorageError index_is_closed() {
    return {StorageError::Kind::io, "the index is not open: see the log"};
}

SegmentPiece::Kind kind_of(ScanItem::Kind kind) {
    switch (kind) {
        case ScanItem::Kind::whole:
            return SegmentPiece::Kind::whole;
        case ScanItem::Kind::unfinished:
            return SegmentPiece::Kind::unfinished;
        case ScanItem::Kind::damaged:
            return SegmentPiece::Kind::damaged;
        case ScanItem::Kind::hole:
            return SegmentPiece::Kind::hole;
        default:
            return SegmentPiece::Kind::unknown;
    }
}

SegmentPiece to_piece(std::uint64_t segment, const ScanItem& item) {
    SegmentPiece piece;
    piece.kind = kind_of(item.kind);
    piece.blob = item.header.id;
    piece.extent = {segment, item.offset, item.length};
    piece.bytes = item.bytes;
    piece.on_disk = item.bytes;
    // The writer gave a longer unused end back, and kept a shorter one.
    const auto used = aligned_up(item.length);
    if (piece.kind == SegmentPiece::Kind::whole && item.bytes >= used + give_back_bytes_min)
        piece.on_disk = used;
    return piece;
}

bool has_checksum(const rocksdb::LiveFileStorageInfo& file) {
    return file.file_type == rocksdb::kTableFile || file.file_type == rocksdb::kBlobFile;
}

}  // namespace

LocalUpkeep::LocalUpkeep(Parts parts)
    : parts_(std::move(parts)),
      snapshots_({parts_.vfs, parts_.pool, parts_.index, parts_.works,
                  parts_.directory.substr(0, parts_.directory.rfind('/')), parts_.condition}) {
    reader_.post(base::use_idle_io_priority);
    snapshots_.clean_up();
}

LocalUpkeep::~LocalUpkeep() {
    merger_.stop();
    parts_.works.jobs.wait();  // the snapshots clean up there
}

Async<std::unique_ptr<RowSnapshot>> LocalUpkeep::snapshot(RowPosition after) {
    auto make = [&]() -> Result<std::unique_ptr<RowSnapshot>> {
        const auto use = parts_.index.use();
        if (!use) return index_is_closed();
        return std::unique_ptr<RowSnapshot>(
            std::make_unique<DiskRowSnapshot>(parts_.index, use, parts_.pool, after));
    };
    co_return co_await parts_.pool.run(make);
}

Async<std::vector<SegmentInfo>> LocalUpkeep::segments() {
    auto list = [this] { return list_segments(); };
    co_return co_await parts_.pool.run(list);
}

Result<std::vector<SegmentInfo>> LocalUpkeep::list_segments() {
    const auto& options = parts_.works.options;
    const auto names = parts_.vfs.list(options.directory);
    if (!names) return to_storage_error(names.error());
    std::vector<SegmentInfo> segments;
    for (const auto& text : *names) {
        const auto name = SegmentName::parse(text);
        if (!name) continue;
        const auto file = parts_.works.handles.get(name->number());
        if (!file && file.error().code == ENOENT) continue;  // unlinked since
        if (!file) return to_storage_error(file.error());
        const auto size = (*file)->size();
        const auto allocated = (*file)->allocated_bytes();
        if (!size) return to_storage_error(size.error());
        if (!allocated) return to_storage_error(allocated.error());
        const auto links = (*file)->links();
        if (!links) return to_storage_error(links.error());
        segments.push_back(
            {name->number(), *size, *allocated,
             name->incarnation<options.incarnation, parts_.works.open.contains(name->number()),
                               *links> 1});
    }
    return segments;
}

Async<SegmentPage> LocalUpkeep::scan(std::uint64_t segment, std::uint64_t from) {
    auto scan = [&] { return scan_page(segment, from); };
    co_return co_await reader_.run(scan);
}

Result<SegmentPage> LocalUpkeep::scan_page(std::uint64_t segment, std::uint64_t from) {
    SegmentPage page;
    const auto file = parts_.works.handles.get(segment);
    if (!file && file.error().code == ENOENT) {
        page.end = true;
        return page;
    }
    if (!file) return to_storage_error(file.error());
    const auto size = (*file)->size();
    if (!size) return to_storage_error(size.error());
    SegmentScan scan(**file, {from, *size, false});
    while (scan.bytes_read() < page_read_bytes_max && page.pieces.size() < page_pieces_max) {
        const auto item = scan.next();
        if (!item) {
            page.end = true;
            break;
        }
        page.pieces.push_back(to_piece(segment, *item));
    }
    page.next_offset = scan.position();
    page.bytes_read = scan.bytes_read();
    return page;
}

bool LocalUpkeep::is_in_flight(const BlobId& blob) const {
    return parts_.works.writers.contains(blob);
}

Async<void> LocalUpkeep::trim(std::uint64_t segment, std::vector<Extent> zeros) {
    auto trim = [&] { return parts_.works.reclaimer.trim(segment, zeros); };
    co_return co_await parts_.pool.run(trim);
}

Async<void> LocalUpkeep::drop(std::uint64_t segment) {
    auto drop = [&] { return parts_.works.reclaimer.drop(segment); };
    co_return co_await parts_.pool.run(drop);
}

bool LocalUpkeep::punches_holes() const {
    return parts_.works.reclaimer.punches_holes();
}

Async<BlobCheck> LocalUpkeep::check(const BlobRef& blob, std::size_t extent) {
    auto check = [&]() -> Result<BlobCheck> { return check_blob(parts_.works, blob, extent); };
    co_return co_await reader_.run(check);
}

Async<std::vector<IndexFile>> LocalUpkeep::index_files() {
    auto list = [this] { return list_index_files(); };
    co_return co_await parts_.pool.run(list);
}

Result<std::vector<rocksdb::LiveFileStorageInfo>> LocalUpkeep::list_live_files() {
    rocksdb::LiveFilesStorageInfoOptions options;
    options.include_checksum_info = true;
    options.wal_size_for_flush = std::numeric_limits<std::uint64_t>::max();  // flush nothing
    std::vector<rocksdb::LiveFileStorageInfo> files;
    const auto use = parts_.index.use();
    if (!use) return index_is_closed();
    const auto status = use.database().db().GetLiveFilesStorageInfo(options, &files);
    if (!status.ok()) return to_storage_error(status);
    return files;
}

Result<std::vector<IndexFile>> LocalUpkeep::list_index_files() {
    const auto files = list_live_files();
    if (!files) return files.error();
    std::vector<IndexFile> found;
    for (const auto& file : *files) {
        if (!has_checksum(file)) continue;
        const bool known = file.file_checksum_func_name == "FileChecksumCrc32c";
        found.push_back({file.relative_filename, file.size,
                         known ? base::to_hex(base::as_bytes(file.file_checksum)) : ""});
    }
    return found;
}

Async<std::vector<std::string>> LocalUpkeep::other_files() {
    auto list = [this] { return list_other_files(); };
    co_return co_await parts_.pool.run(list);
}

Result<std::vector<std::string>> LocalUpkeep::list_other_files() {
    const auto files = list_live_files();
    if (!files) return files.error();
    std::vector<std::string> names{layout::format, layout::incarnation, layout::high_water};
    for (const auto& file : *files)
        if (!has_checksum(file))
            names.push_back(std::string(layout::index) + "/" + file.relative_filename);
    return names;
}

Async<FileCheck> LocalUpkeep::check_file(const std::string& name, std::uint64_t from) {
    auto check = [&] { return local::check_file(parts_.vfs, parts_.directory, name, from); };
    co_return co_await reader_.run(check);
}

Async<base::Bytes> LocalUpkeep::read_index_file(const std::string& name, std::uint64_t offset,
                                                std::uint64_t bytes) {
    auto read = [&]() -> Result<base::Bytes> {
        const auto file =
            parts_.vfs.open(parts_.index_directory + "/" + name, base::OpenMode::read_medium);
        if (!file) return to_storage_error(file.error());
        base::Bytes content(bytes);
        const auto got = (*file)->pread(offset, content);
        if (!got) return to_storage_error(got.error());
        content.resize(*got);
        return content;
    };
    co_return co_await reader_.run(read);
}

Async<BodySpace> LocalUpkeep::body_space() {
    auto measure = [this] { return measure_bodies(); };
    co_return co_await reader_.run(measure);
}

Result<BodySpace> LocalUpkeep::measure_bodies() {
    const auto disk = parts_.vfs.space(parts_.index_directory);
    if (!disk) return to_storage_error(disk.error());
    auto space = merger_.space();
    if (!space) return space;
    const auto reserve = reserve_bytes_of(*disk, parts_.works.options.free_space_reserve_bytes);
    space->free_bytes = disk->free_bytes;
    space->room_bytes = disk->free_bytes - std::min(disk->free_bytes, reserve);
    return space;
}

Async<BodyMergeStep> LocalUpkeep::merge_bodies(BodyMerge merge) {
    auto step = [&] { return merger_.step(merge); };
    co_return co_await reader_.run(step);
}

Async<std::string> LocalUpkeep::read_note(const std::string& name) {
    auto read = [&]() -> Result<std::string> {
        const auto path = parts_.directory + name;
        const auto content = base::read_file(parts_.vfs, path, note_bytes_max);
        if (!content && content.error().code == ENOENT) return std::string();
        // Not as a row that is unavailable for the moment: to the scrub that is a file that went.
        if (!content) return StorageError{StorageError::Kind::io, content.error().message()};
        return std::string(base::as_text(*content));
    };
    co_return co_await parts_.pool.run(read);
}

Async<void> LocalUpkeep::write_note(const std::string& name, std::string content) {
    auto write = [&]() -> Result<void> {
        const auto written = base::write_file_durably(parts_.vfs, parts_.directory + name,
                                                      base::as_bytes(content), note_mode);
        if (!written) return to_storage_error(written.error());
        return {};
    };
    co_return co_await parts_.pool.run(write);
}

}  // namespace holdfast::storage::local
