#include "storage/local/segment_scan.h"

#include <algorithm>
#include <cerrno>

#include "base/assert.h"
#include "base/limits.h"
#include "storage/local/crc32c.h"

namespace holdfast::storage::local {

using base::ByteSpan;
using base::ByteView;
using base::IoResult;

namespace {

constexpr std::uint64_t buffer_bytes_max = 256 * base::KiB;
constexpr std::uint64_t around_bytes = extent_header_bytes + extent_mark_bytes;

/// Sets what a mark that begins at `mark_offset` says, when it belongs to the header and its
/// numbers fit between the two.
bool accept(ScanItem& item, const ExtentMark& mark, std::uint64_t mark_offset) {
    const auto& header = item.header;
    if (mark.id != header.id || mark.number != header.number) return false;
    if (mark.identity_bytes > identity_bytes_max) return false;
    if (!mark.last && mark.identity_bytes != 0) return false;
    const auto length = mark_offset + extent_mark_bytes - item.offset;
    const auto besides =
        around_bytes + std::uint64_t{mark.frames} * frame_entry_bytes + mark.identity_bytes;
    if (length < besides) return false;
    const auto data = length - besides;
    if ((data + header.frame_bytes - 1) / header.frame_bytes != mark.frames) return false;
    if (!mark.last && data % header.frame_bytes != 0) return false;
    if (mark.stored_bytes < data) return false;
    const auto before = mark.stored_bytes - data;
    // Nothing follows a short frame, but the extent that holds an identity alone.
    if (data > 0 && before % header.frame_bytes != 0) return false;
    item.kind = ScanItem::Kind::whole;
    item.mark = mark;
    item.length = length;
    item.first_frame = (before + header.frame_bytes - 1) / header.frame_bytes;
    return true;
}

}  // namespace

std::uint64_t ScanItem::data_bytes() const {
    return length - around_bytes - std::uint64_t{mark.frames} * frame_entry_bytes -
           mark.identity_bytes;
}

SegmentScan::SegmentScan(base::VfsFile& file, const Options& options)
    : file_(file), options_(options), position_(options.begin), buffer_(buffer_bytes_max) {
    HF_ASSERT(options.begin % extent_alignment_bytes == 0);
}

IoResult<void> SegmentScan::read(std::uint64_t offset, ByteSpan to) {
    const auto got = file_.pread(offset, to);
    if (!got) return got.error();
    bytes_read_ += *got;
    std::fill(to.begin() + static_cast<std::ptrdiff_t>(*got), to.end(), std::uint8_t{0});
    return {};
}

/// What lies behind the end of the scan or the file reads as zeros.
IoResult<void> SegmentScan::load(std::uint64_t offset, std::uint64_t bytes) {
    buffer_bytes_ = 0;
    const auto wanted = std::min({bytes, buffer_bytes_max, options_.end - offset});
    const ByteSpan all(buffer_);
    if (auto done = read(offset, all.first(wanted)); !done) return done;
    const auto padded = aligned_up(wanted);
    std::fill(buffer_.begin() + static_cast<std::ptrdiff_t>(wanted),
              buffer_.begin() + static_cast<std::ptrdiff_t>(padded), std::uint8_t{0});
    buffer_offset_ = offset;
    buffer_bytes_ = padded;
    return {};
}

SegmentScan::Block SegmentScan::classify(std::uint64_t offset, std::uint64_t read_ahead_bytes) {
    const bool loaded = offset >= buffer_offset_ &&
                        offset + extent_alignment_bytes <= buffer_offset_ + buffer_bytes_;
    if (!loaded) {
        auto done = load(offset, read_ahead_bytes);
        if (!done && read_ahead_bytes > extent_alignment_bytes)
            done = load(offset, extent_alignment_bytes);
        if (!done) {
            error_ = done.error().message();
            return Block::unreadable;
        }
    }
    const auto block = ByteView(buffer_).subspan(offset - buffer_offset_, extent_alignment_bytes);
    if (all_zero(block)) return Block::zeros;
    return decode_header(block.first(extent_header_bytes)) ? Block::header : Block::stray;
}

std::optional<ScanItem> SegmentScan::next() {
    if (position_ >= options_.end) return std::nullopt;
    const auto block = classify(position_, extent_alignment_bytes);
    if (block != Block::header) return region(block);
    const auto header =
        decode_header(ByteView(buffer_).subspan(position_ - buffer_offset_, extent_header_bytes));
    return extent(*header);
}

/// Blocks of one kind.
ScanItem SegmentScan::region(Block first) {
    ScanItem item;
    item.offset = position_;
    item.kind = first == Block::zeros   ? ScanItem::Kind::hole
                : first == Block::stray ? ScanItem::Kind::stray
                                        : ScanItem::Kind::unreadable;
    if (first == Block::unreadable) item.error = error_;
    do {
        item.bytes += std::min(extent_alignment_bytes, options_.end - position_);
        position_ = item.offset + aligned_up(item.bytes);
    } while (position_ < options_.end && item.bytes < scan_piece_bytes_max &&
             classify(position_, buffer_bytes_max) == first);
    return item;
}

ScanItem SegmentScan::extent(const ExtentHeader& header) {
    ScanItem item;
    item.kind = ScanItem::Kind::unfinished;
    item.offset = position_;
    item.header = header;
    item.bytes = std::min(header.reserved_bytes, options_.end - position_);
    find_mark(item);
    // Found last, so that the buffer is free for it.
    if (options_.identities && item.kind == ScanItem::Kind::whole && item.mark.last)
        read_identity(item);
    // Not beyond the end: aligned_up of a cut-off run is where the scan is over anyway.
    position_ = item.offset + aligned_up(item.bytes);
    return item;
}

/// From the end of the run backwards: little but zeros follows the mark.
void SegmentScan::find_mark(ScanItem& item) {
    constexpr std::uint64_t overlap_bytes = extent_mark_bytes - 1;
    const auto first = item.offset + extent_header_bytes;
    auto end = item.offset + item.bytes;  // marks that begin here or later were looked for
    for (auto step = extent_alignment_bytes; end > first;
         step = std::min(step * 4, buffer_bytes_max - extent_alignment_bytes)) {
        const auto from = std::max(first, end - std::min(step, end));
        const auto until = std::min(end + overlap_bytes, item.offset + item.bytes);
        buffer_bytes_ = 0;
        const auto bytes = static_cast<std::size_t>(until - from);
        if (auto done = read(from, ByteSpan(buffer_).first(bytes)); !done) {
            item.kind = ScanItem::Kind::unreadable;
            item.error = done.error().message();
            return;
        }
        if (take_last_mark(item, from, bytes, static_cast<std::size_t>(end - from))) return;
        end = from;
    }
}

/// Looks at every mark that begins in the first `marks` of the buffer's bytes, the last one first.
bool SegmentScan::take_last_mark(ScanItem& item, std::uint64_t from, std::size_t bytes,
                                 std::size_t marks) {
    const auto content = ByteView(buffer_).first(bytes);
    if (all_zero(content)) return false;
    const auto text = base::as_text(content);
    for (auto at = text.rfind(extent_mark_magic); at != std::string_view::npos;
         at = at == 0 ? std::string_view::npos : text.rfind(extent_mark_magic, at - 1)) {
        if (at >= marks) continue;
        if (at + extent_mark_bytes <= bytes) {
            const auto mark = decode_mark(content.subspan(at, extent_mark_bytes));
            if (mark && accept(item, *mark, from + at)) return true;
        }
        item.kind = ScanItem::Kind::damaged;
    }
    // A mark names its blob, and nothing else in a run does.
    if (text.find(base::as_text(item.header.id)) != std::string_view::npos)
        item.kind = ScanItem::Kind::damaged;
    return false;
}

void SegmentScan::read_identity(ScanItem& item) {
    buffer_bytes_ = 0;
    const auto to = ByteSpan(buffer_).first(item.mark.identity_bytes);
    const auto offset = item.offset + item.length - extent_mark_bytes - to.size();
    if (!read(offset, to) || crc32c(to) != item.mark.identity_checksum) return;
    item.identity = decode_identity(to);
}

namespace {

/// Reads a stretch of a file piece by piece.
class Stretch {
public:
    Stretch(base::VfsFile& file, std::uint64_t offset, std::uint64_t bytes)
        : file_(file), offset_(offset), left_(bytes) {}

    /// The next bytes, at most `bytes` and at most a buffer full. REQUIRES: not at the end.
    IoResult<ByteView> next(std::uint64_t bytes) {
        if (ready_.empty()) {
            buffer_.resize(std::min(left_, buffer_bytes_max));
            const auto got = file_.pread(offset_, buffer_);
            if (!got) return got.error();
            if (*got < buffer_.size()) return base::IoError{ENODATA, "pread", "end of segment"};
            offset_ += *got;
            left_ -= *got;
            ready_ = buffer_;
        }
        const auto piece = ready_.first(std::min<std::uint64_t>(bytes, ready_.size()));
        ready_ = ready_.subspan(piece.size());
        return piece;
    }

private:
    base::VfsFile& file_;
    std::uint64_t offset_;
    std::uint64_t left_;
    base::Bytes buffer_;
    ByteView ready_;
};

constexpr std::uint64_t sector_bytes = 512;

/// Whether a sector's length of zeros is in it; all of what is shorter than a sector.
IoResult<bool> has_zero_sector(Stretch stretch, std::uint64_t bytes) {
    const auto enough = std::min(sector_bytes, bytes);
    std::uint64_t zeros = 0;
    while (bytes > 0) {
        const auto piece = stretch.next(bytes);
        if (!piece) return piece.error();
        for (const auto byte : *piece) {
            zeros = byte == 0 ? zeros + 1 : 0;
            if (zeros == enough) return true;
        }
        bytes -= piece->size();
    }
    return false;
}

IoResult<std::uint32_t> checksum_of(Stretch stretch, std::uint64_t bytes, std::uint32_t before) {
    auto checksum = before;
    while (bytes > 0) {
        const auto piece = stretch.next(bytes);
        if (!piece) return piece.error();
        checksum = crc32c(*piece, checksum);
        bytes -= piece->size();
    }
    return checksum;
}

}  // namespace

IoResult<FrameCheck> check_frames(base::VfsFile& file, const ScanItem& item) {
    FrameCheck check;
    const auto table_bytes = std::uint64_t{item.mark.frames} * frame_entry_bytes;
    const auto table_offset = item.offset + extent_header_bytes + item.data_bytes();
    const auto table = checksum_of({file, table_offset, table_bytes}, table_bytes, 0);
    if (!table) return table.error();
    check.table_whole = *table == item.mark.table_checksum;
    if (!check.table_whole) {
        const auto zeros = has_zero_sector({file, table_offset, table_bytes}, table_bytes);
        if (!zeros) return zeros.error();
        check.never_written = *zeros;
    }

    Stretch entries(file, table_offset, table_bytes);
    Stretch frames(file, item.offset + extent_header_bytes, item.data_bytes());
    auto left = item.data_bytes();
    auto offset = item.offset + extent_header_bytes;
    for (auto frame = item.first_frame; left > 0; ++frame) {
        auto checksum = frame_checksum(item.header.id, frame, {});
        const auto frame_bytes = std::min<std::uint64_t>(left, item.header.frame_bytes);
        const Stretch again(file, offset, frame_bytes);
        left -= frame_bytes;
        offset += frame_bytes;
        auto bytes = frame_bytes;
        while (bytes > 0) {
            const auto piece = frames.next(bytes);
            if (!piece) return piece.error();
            checksum = crc32c(*piece, checksum);
            bytes -= piece->size();
        }
        const auto entry = entries.next(frame_entry_bytes);
        if (!entry) return entry.error();
        if (base::load_le32(*entry) == checksum) continue;
        if (check.damaged_frames++ == 0) check.first_damaged_frame = frame;
        if (check.never_written) continue;
        const auto zeros = has_zero_sector(again, frame_bytes);
        if (!zeros) return zeros.error();
        check.never_written = *zeros;
    }
    return check;
}

}  // namespace holdfast::storage::local
