#include "storage/local/segment_reclaim.h"

#include <algorithm>
#include <cerrno>

#include "base/failpoint.h"
#include "base/limits.h"
#include "base/log.h"
#include "storage/local/segment_metrics.h"

namespace holdfast::storage::local {

using base::Bytes;
using base::ByteView;
using base::IoResult;

namespace {

constexpr std::uint64_t scan_step_bytes = base::MiB;
/// Some file systems count blocks of their own for a file without data.
constexpr std::uint64_t empty_allocation_bytes_max = 64 * base::KiB;

/// Where what is in a segment may end when `block` holds its last byte that is not zero: an end
/// mark, far shorter than a block, may have its last zeros in the next one.
std::uint64_t end_behind(std::uint64_t block) {
    return block + 2 * extent_alignment_bytes;
}

/// Where what is in the file ends at the latest, and nothing but zeros follows; 0 when there is
/// nothing else.
IoResult<std::uint64_t> end_of_content(base::VfsFile& file) {
    const auto size = file.size();
    if (!size) return size.error();
    Bytes buffer(scan_step_bytes);
    auto end = aligned_up(*size);
    // The last block alone first: all a cleanly trimmed segment takes.
    for (auto step = extent_alignment_bytes; end > 0; step = scan_step_bytes) {
        const auto from = end - std::min(step, end);
        const auto got = file.pread(from, base::ByteSpan(buffer).first(end - from));
        if (!got) return got.error();
        std::fill(buffer.begin() + static_cast<std::ptrdiff_t>(*got), buffer.end(),
                  std::uint8_t{0});
        for (auto block = end; block > from;) {
            block -= extent_alignment_bytes;
            if (!all_zero(ByteView(buffer).subspan(block - from, extent_alignment_bytes)))
                return std::min(*size, end_behind(block));
        }
        end = from;
    }
    return std::uint64_t{0};
}

StorageError held_by_a_snapshot() {
    return {StorageError::Kind::held, "a snapshot has it"};
}

void warn(const char* event, const base::IoError& error) {
    base::log::warning(event, {{"error", error.message()}});
}

}  // namespace

Result<void> SegmentReclaimer::release(const BlobRef& ref) {
    Result<void> outcome;
    std::vector<std::uint64_t> touched;
    for (const auto& extent : ref.extents) {
        // The rest is given back although one extent cannot be.
        auto released = release_extent(ref.id, extent);
        const bool worse =
            !released && (outcome || outcome.error().kind == StorageError::Kind::held);
        if (worse) outcome = std::move(released);
        if (touched.empty() || touched.back() != extent.segment) touched.push_back(extent.segment);
    }
    for (const auto segment : touched) unlink_if_empty(segment);
    return outcome;
}

Result<void> SegmentReclaimer::release_extent(const BlobId& id, const Extent& extent) {
    const auto file = handles_.get(extent.segment);
    if (!file) {
        if (file.error().code == ENOENT) return {};  // unlinked since
        return to_storage_error(file.error());
    }
    std::array<std::uint8_t, extent_header_bytes> block{};
    const auto got = (*file)->pread(extent.offset, block);
    if (!got) return to_storage_error(got.error());
    auto bytes = aligned_up(extent.length);
    if (const auto header = decode_header(block); header && header->id == id) {
        bytes = header->reserved_bytes;
    } else if (!all_zero(block)) {
        return StorageError{StorageError::Kind::corrupt,
                            "an extent to release has a foreign or damaged header: " +
                                handles_.path(extent.segment)};
    }
    if (bytes == 0) return {};               // cut short by a crash, and given back before
    if (held_) return held_by_a_snapshot();  // who wants to hold has to wait for nobody new
    const std::shared_lock giving_back(giving_back_);
    const auto links = (*file)->links();
    if (!links) return to_storage_error(links.error());
    if (held_ || *links > 1) return held_by_a_snapshot();
    if (auto punched = punch(**file, extent.offset, bytes); !punched)
        return to_storage_error(punched.error());
    return {};
}

IoResult<void> SegmentReclaimer::punch(base::VfsFile& file, std::uint64_t offset,
                                       std::uint64_t bytes) {
    auto punched = file.punch_hole(offset, bytes);
    if (punched || punched.error().code != EOPNOTSUPP) return punched;
    punches_holes_ = false;
    segment_metrics().unpunched_bytes.Increment(static_cast<double>(bytes));
    // A whole header would read as an extent that nothing refers to. The place is nobody's any
    // more, and only whole blocks are handed out.
    const std::array<std::uint8_t, extent_header_bytes> no_header{};
    return file.pwrite(offset, no_header);
}

/// Behind the end there is nothing to give back; only the answer counts. Otherwise a run that finds
/// all of its garbage given back already would never hear that whole segments are its to unlink.
void SegmentReclaimer::learn_whether_holes(base::VfsFile& file, std::uint64_t size) {
    const auto punched = file.punch_hole(aligned_up(size), extent_alignment_bytes);
    if (!punched && punched.error().code == EOPNOTSUPP) punches_holes_ = false;
}

void SegmentReclaimer::abandon(const std::vector<Reservation>& runs) {
    for (const auto& run : runs) give_back(*run.segment, run.offset, run.bytes);
}

void SegmentReclaimer::give_back(Segment& segment, std::uint64_t offset, std::uint64_t bytes) {
    if (auto punched = punch(segment.file(), offset, bytes); !punched)
        warn("segment.space_not_given_back", punched.error());
}

void SegmentReclaimer::retire(Segment& segment) {
    if (!segment.dead())
        if (auto trimmed = segment.file().truncate(segment.end()); !trimmed)
            warn("segment.not_trimmed", trimmed.error());
    open_.remove(segment.number());
    unlink_if_empty(segment.number());
}

void SegmentReclaimer::look_after(std::uint64_t segment) {
    const auto file = handles_.get(segment);
    if (!file) return warn("segment.not_opened", file.error());
    const auto size = (*file)->size();
    const auto end = end_of_content(**file);
    const auto links = (*file)->links();
    if (!size || !end) return warn("segment.not_read", (!size ? size : end).error());
    if (!links) return warn("segment.not_read", links.error());
    // Of a snapshot: where this one is the snapshot, the other server may still write behind that.
    if (*links > 1) return unlink_if_empty(segment);
    learn_whether_holes(**file, *size);
    if (*end < *size)
        if (auto trimmed = (*file)->truncate(*end); !trimmed)
            warn("segment.not_trimmed", trimmed.error());
    unlink_if_empty(segment);
}

void SegmentReclaimer::unlink_if_empty(std::uint64_t segment) {
    if (open_.contains(segment)) return;
    const auto file = handles_.get(segment);
    if (!file) return;
    const auto allocated = (*file)->allocated_bytes();
    if (!allocated) return warn("segment.not_measured", allocated.error());
    {
        const std::lock_guard lock(mutex_);
        allocated_bytes_[segment] = *allocated;
    }
    if (*allocated > empty_allocation_bytes_max) return;
    const auto end = end_of_content(**file);
    if (!end || *end > 0) return;
    if (auto gone = unlink(segment); !gone) warn("segment.not_unlinked", gone.error());
}

IoResult<void> SegmentReclaimer::unlink(std::uint64_t segment) {
    const std::shared_lock giving_back(giving_back_);
    if (held_) {
        const std::lock_guard lock(mutex_);
        passed_over_.insert(segment);
        return {};
    }
    static_cast<void>(HF_FAILPOINT("gc.unlink.before"));
    auto gone = vfs_.unlink(handles_.path(segment));
    if (!gone && gone.error().code != ENOENT) return gone;
    handles_.forget(segment);
    static_cast<void>(HF_FAILPOINT("gc.unlink.after"));
    const std::lock_guard lock(mutex_);
    allocated_bytes_.erase(segment);
    return {};
}

Result<void> SegmentReclaimer::trim(std::uint64_t segment, const std::vector<Extent>& zeros) {
    if (open_.contains(segment)) return {};
    const auto file = handles_.get(segment);
    if (!file && file.error().code == ENOENT) return {};
    if (!file) return to_storage_error(file.error());
    const auto links = (*file)->links();
    if (!links) return to_storage_error(links.error());
    if (*links > 1) return {};  // as look_after()
    for (const auto& range : zeros) {
        auto punched = (*file)->punch_hole(range.offset, range.length);
        if (!punched && punched.error().code == EOPNOTSUPP) {
            punches_holes_ = false;
            break;
        }
        if (!punched) return to_storage_error(punched.error());
    }
    unlink_if_empty(segment);
    return {};
}

Result<void> SegmentReclaimer::drop(std::uint64_t segment) {
    if (open_.contains(segment)) return {};
    if (auto gone = unlink(segment); !gone) return to_storage_error(gone.error());
    return {};
}

SegmentReclaimer::Hold::Hold(SegmentReclaimer& reclaimer) : reclaimer_(reclaimer) {
    reclaimer_.held_ = true;
    const std::unique_lock nobody_gives_back(reclaimer_.giving_back_);
}

SegmentReclaimer::Hold::~Hold() {
    {
        const std::unique_lock nobody_gives_back(reclaimer_.giving_back_);
        reclaimer_.held_ = false;
    }
    std::set<std::uint64_t> passed_over;
    {
        const std::lock_guard lock(reclaimer_.mutex_);
        passed_over.swap(reclaimer_.passed_over_);
    }
    try {
        for (const auto segment : passed_over) reclaimer_.unlink_if_empty(segment);
    } catch (const std::bad_alloc&) {
        // The next start looks after the others.
    }
}

std::uint64_t SegmentReclaimer::allocated_bytes() const {
    const std::lock_guard lock(mutex_);
    std::uint64_t sum = 0;
    for (const auto& [segment, bytes] : allocated_bytes_) sum += bytes;
    for (const auto& segment : open_.all()) sum += segment->file().allocated_bytes().value_or(0);
    return sum;
}

}  // namespace holdfast::storage::local
