// find_blobs: puts the extents that the scans of all segments find together to blobs.

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <tuple>

#include "base/limits.h"
#include "storage/local/index_rebuild.h"
#include "storage/local/open_error.h"
#include "storage/local/segment_scan.h"

namespace holdfast::storage::local {

namespace {

constexpr std::uint64_t small_blob_bytes_max = 16 * base::MiB;

/// A copy of a blob is written by one run: with the same id, compaction makes another one.
using BlobName = std::pair<BlobId, std::uint32_t>;

struct Assembly {
    std::map<std::uint32_t, ScanItem> extents;
    std::map<std::uint32_t, std::uint64_t> segments;
};

class Assemblies {
public:
    explicit Assemblies(SegmentsFound& found) : found_(found) {}

    void add(std::uint64_t segment, ScanItem item) {
        const BlobName name{item.header.id, SegmentName::of(segment).incarnation};
        auto& assembly = open_[name];
        const auto number = item.header.number;
        assembly.segments[number] = segment;
        assembly.extents[number] = std::move(item);
        if (is_whole(assembly)) {
            found_.blobs.push_back(blob_of(name, assembly));
            open_.erase(name);
        }
    }

    /// What did not come together.
    void report() {
        for (const auto& [name, assembly] : open_) {
            const auto& [number, item] = *assembly.extents.rbegin();
            found_.problems.push_back(fmt::format(
                "{} extents of blob {} and not all of them, for example in {} at {}",
                assembly.extents.size(), base::to_hex(name.first),
                SegmentName::of(assembly.segments.at(number)).file_name(), item.offset));
        }
    }

private:
    static bool is_whole(const Assembly& assembly) {
        const auto& last = assembly.extents.rbegin()->second;
        return last.mark.last && last.identity &&
               assembly.extents.size() == std::size_t{last.header.number} + 1 &&
               follow_each_other(assembly);
    }

    /// Two copies of a blob by one run may differ in where their extents end.
    static bool follow_each_other(const Assembly& assembly) {
        std::uint64_t stored_bytes = 0;
        for (const auto& [number, item] : assembly.extents) {
            if (item.mark.stored_bytes - item.data_bytes() != stored_bytes) return false;
            stored_bytes = item.mark.stored_bytes;
        }
        return true;
    }

    static StoredBlob blob_of(const BlobName& name, Assembly& assembly) {
        auto& last = assembly.extents.rbegin()->second;
        StoredBlob blob;
        blob.ref.id = name.first;
        blob.ref.stored_bytes = last.mark.stored_bytes;
        blob.ref.frame_bytes = last.header.frame_bytes;
        for (const auto& [number, item] : assembly.extents)
            blob.ref.extents.push_back({assembly.segments[number], item.offset, item.length});
        blob.kind = last.header.kind;
        blob.identity = *std::move(last.identity);
        blob.run = name.second;
        return blob;
    }

    SegmentsFound& found_;
    std::map<BlobName, Assembly> open_;
};

base::IoResult<void> scan_segment(base::Vfs& vfs, const std::string& path, SegmentName name,
                                  Assemblies& assemblies, SegmentsFound& found) {
    auto file = vfs.open(path, base::OpenMode::read);
    if (!file) return file.error();
    const auto size = (*file)->size();
    if (!size) return size.error();
    found.bytes += *size;
    SegmentScan scan(**file, {0, *size, true});
    while (auto item = scan.next()) {
        if (item->kind == ScanItem::Kind::whole) {
            if (item->mark.last && !item->identity)
                found.problems.push_back(fmt::format("{} at {}: the identity of blob {} is damaged",
                                                     name.file_name(), item->offset,
                                                     base::to_hex(item->header.id)));
            assemblies.add(name.number(), *std::move(item));
        } else if (item->kind == ScanItem::Kind::damaged) {
            found.problems.push_back(fmt::format("{} at {}: the end mark of blob {} is damaged",
                                                 name.file_name(), item->offset,
                                                 base::to_hex(item->header.id)));
        } else if (item->kind == ScanItem::Kind::stray) {
            found.problems.push_back(fmt::format("{} at {}: {} bytes that no whole header names",
                                                 name.file_name(), item->offset, item->bytes));
        } else if (item->kind == ScanItem::Kind::unreadable) {
            found.problems.push_back(
                fmt::format("{} at {}: {}", name.file_name(), item->offset, item->error));
        }
    }
    return {};
}

BlobLook look_at_extent(base::VfsFile& file, const Extent& extent) {
    using State = BlobLook::State;
    SegmentScan scan(file, {extent.offset, extent.offset + aligned_up(extent.length), false});
    const auto item = scan.next();
    if (!item || item->kind != ScanItem::Kind::whole || item->length != extent.length)
        return {State::damaged, "its header or end mark is damaged"};
    const auto check = check_frames(file, *item);
    if (!check) return {State::damaged, check.error().message()};
    if (check->whole()) return {};
    const auto state = check->never_written ? State::never_written : State::damaged;
    if (!check->table_whole) return {state, "its frame table is damaged"};
    return {state, fmt::format("{} damaged frames, the first is {}", check->damaged_frames,
                               check->first_damaged_frame)};
}

/// Nothing when it ends too early, or a frame is damaged.
bool append_extent(base::VfsFile& file, const Extent& extent, std::string& to) {
    SegmentScan scan(file, {extent.offset, extent.offset + aligned_up(extent.length), false});
    const auto item = scan.next();
    if (!item || item->kind != ScanItem::Kind::whole || item->length != extent.length) return false;
    const auto check = check_frames(file, *item);
    if (!check || !check->whole()) return false;
    base::Bytes data(item->data_bytes());
    const auto got = file.pread(extent.offset + extent_header_bytes, data);
    if (!got || *got != data.size()) return false;
    to += base::as_text(data);
    return true;
}

}  // namespace

bool StoredBlob::is_later_than(const StoredBlob& other) const {
    const auto place = [](const StoredBlob& blob) {
        const auto& last = blob.ref.extents.back();
        return std::make_tuple(blob.identity.last_commit, blob.run, last.segment, last.offset);
    };
    return place(*this) > place(other);
}

base::Expected<SegmentsFound, OpenError> find_blobs(base::Vfs& vfs, const std::string& directory) {
    const auto names = vfs.list(directory);
    if (!names) return to_open_error(names.error());
    SegmentsFound found;
    Assemblies assemblies(found);
    for (const auto& text : *names) {
        const auto name = SegmentName::parse(text);
        if (!name) {
            found.problems.push_back("segments/" + text + " is not a segment");
            continue;
        }
        ++found.segments;
        auto scanned =
            scan_segment(vfs, fmt::format("{}/{}", directory, text), *name, assemblies, found);
        if (!scanned) found.problems.push_back(scanned.error().message());
    }
    assemblies.report();
    return found;
}

BlobLook look_at_blob(base::Vfs& vfs, const std::string& directory, const BlobRef& ref) {
    using State = BlobLook::State;
    BlobLook found;
    for (const auto& extent : ref.extents) {
        const auto name = SegmentName::of(extent.segment).file_name();
        BlobLook look{State::damaged, {}};
        // Once more from the medium: that tells a passing error from one that stays.
        for (const auto mode : {base::OpenMode::read, base::OpenMode::read_medium}) {
            if (look.state == State::whole) break;
            const auto file = vfs.open(fmt::format("{}/{}", directory, name), mode);
            look = file ? look_at_extent(**file, extent)
                        : BlobLook{State::damaged, file.error().message()};
        }
        if (look.state == State::whole || found.state == State::never_written) continue;
        found = {look.state, fmt::format("{} ({} at {})", look.what, name, extent.offset)};
    }
    return found;
}

std::string read_small_blob(base::Vfs& vfs, const std::string& directory, const BlobRef& ref) {
    std::string content;
    if (ref.stored_bytes > small_blob_bytes_max) return content;
    for (const auto& extent : ref.extents) {
        const auto name = SegmentName::of(extent.segment).file_name();
        bool whole = false;
        for (const auto mode : {base::OpenMode::read, base::OpenMode::read_medium}) {
            const auto file = vfs.open(fmt::format("{}/{}", directory, name), mode);
            whole = whole || (file && append_extent(**file, extent, content));
        }
        if (!whole) return {};
    }
    return content;
}

}  // namespace holdfast::storage::local
