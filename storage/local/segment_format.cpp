#include "storage/local/segment_format.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <span>

#include "storage/local/crc32c.h"

namespace holdfast::storage::local {

using base::ByteSpan;
using base::ByteView;
using base::load_le32;
using base::load_le64;
using base::store_le32;
using base::store_le64;

namespace {

constexpr std::string_view header_magic = "HFEXTENT";
constexpr std::uint32_t format_version = 2;
constexpr std::uint32_t last_extent_flag = 1;
constexpr std::string_view name_suffix = ".segment";
constexpr std::size_t name_digits = 8;
constexpr std::size_t checksum_offset = 60;  // of header and mark: the last four bytes

void put_text(ByteSpan to, std::string_view text) {
    std::copy(text.begin(), text.end(), to.begin());
}

void put_checksum(ByteSpan block) {
    store_le32(block.subspan(checksum_offset), crc32c(block.first(checksum_offset)));
}

/// A block of 64 bytes with this magic whose checksum holds.
bool whole(ByteView block, std::string_view magic) {
    return block.size() == checksum_offset + 4 && base::as_text(block).starts_with(magic) &&
           load_le32(block.subspan(checksum_offset)) == crc32c(block.first(checksum_offset));
}

std::optional<std::uint32_t> parse_hex(std::string_view digits) {
    std::uint32_t value = 0;
    const auto* const end = digits.data() + digits.size();
    const auto [stopped, code] = std::from_chars(digits.data(), end, value, 16);
    if (code != std::errc{} || stopped != end) return std::nullopt;
    return value;
}

}  // namespace

bool all_zero(ByteView bytes) {
    return bytes.empty() ||
           (bytes[0] == 0 && std::memcmp(bytes.data(), bytes.data() + 1, bytes.size() - 1) == 0);
}

std::uint64_t aligned_up(std::uint64_t bytes) {
    return (bytes + extent_alignment_bytes - 1) / extent_alignment_bytes * extent_alignment_bytes;
}

std::uint32_t frame_checksum(const BlobId& id, std::uint64_t frame, ByteView bytes) {
    std::array<std::uint8_t, sizeof(BlobId) + 8> place;
    std::copy(id.begin(), id.end(), place.begin());
    store_le64(ByteSpan(place).subspan(id.size()), frame);
    return crc32c(bytes, crc32c(place));
}

std::uint64_t SegmentName::number() const {
    return std::uint64_t{incarnation} << 32 | sequence;
}

std::string SegmentName::file_name() const {
    return fmt::format("{:08x}-{:08x}{}", incarnation, sequence, name_suffix);
}

SegmentName SegmentName::of(std::uint64_t number) {
    return {static_cast<std::uint32_t>(number >> 32), static_cast<std::uint32_t>(number)};
}

std::optional<SegmentName> SegmentName::parse(std::string_view file_name) {
    if (file_name.size() != 2 * name_digits + 1 + name_suffix.size()) return std::nullopt;
    const auto incarnation = parse_hex(file_name.substr(0, name_digits));
    const auto sequence = parse_hex(file_name.substr(name_digits + 1, name_digits));
    if (!incarnation || !sequence) return std::nullopt;
    const SegmentName name{*incarnation, *sequence};
    if (name.file_name() != file_name) return std::nullopt;
    return name;
}

std::array<std::uint8_t, extent_header_bytes> encode(const ExtentHeader& header) {
    std::array<std::uint8_t, extent_header_bytes> block{};
    const ByteSpan bytes = block;
    put_text(bytes, header_magic);
    store_le32(bytes.subspan(8), format_version);
    store_le32(bytes.subspan(12), static_cast<std::uint32_t>(header.kind));
    std::copy(header.id.begin(), header.id.end(), bytes.begin() + 16);
    store_le32(bytes.subspan(32), header.number);
    store_le32(bytes.subspan(36), header.frame_bytes);
    store_le64(bytes.subspan(40), header.reserved_bytes);
    put_checksum(bytes);
    return block;
}

std::optional<ExtentHeader> decode_header(ByteView bytes) {
    if (!whole(bytes, header_magic) || load_le32(bytes.subspan(8)) != format_version)
        return std::nullopt;
    ExtentHeader header;
    const auto kind = load_le32(bytes.subspan(12));
    if (kind < static_cast<std::uint32_t>(BlobKind::object) ||
        kind > static_cast<std::uint32_t>(BlobKind::completion))
        return std::nullopt;
    header.kind = static_cast<BlobKind>(kind);
    std::copy_n(bytes.begin() + 16, header.id.size(), header.id.begin());
    header.number = load_le32(bytes.subspan(32));
    header.frame_bytes = load_le32(bytes.subspan(36));
    header.reserved_bytes = load_le64(bytes.subspan(40));
    if (header.frame_bytes == 0 || header.reserved_bytes == 0 ||
        header.reserved_bytes % extent_alignment_bytes != 0)
        return std::nullopt;
    return header;
}

std::array<std::uint8_t, extent_mark_bytes> encode(const ExtentMark& mark) {
    std::array<std::uint8_t, extent_mark_bytes> block{};
    const ByteSpan bytes = block;
    put_text(bytes, extent_mark_magic);
    store_le32(bytes.subspan(8), mark.last ? last_extent_flag : 0);
    store_le32(bytes.subspan(12), mark.frames);
    std::copy(mark.id.begin(), mark.id.end(), bytes.begin() + 16);
    store_le64(bytes.subspan(32), mark.stored_bytes);
    store_le32(bytes.subspan(40), mark.table_checksum);
    store_le32(bytes.subspan(44), mark.identity_bytes);
    store_le32(bytes.subspan(48), mark.identity_checksum);
    store_le32(bytes.subspan(52), mark.number);
    put_checksum(bytes);
    return block;
}

std::optional<ExtentMark> decode_mark(ByteView bytes) {
    if (!whole(bytes, extent_mark_magic)) return std::nullopt;
    const auto flags = load_le32(bytes.subspan(8));
    if ((flags & ~last_extent_flag) != 0) return std::nullopt;
    ExtentMark mark;
    mark.last = (flags & last_extent_flag) != 0;
    mark.frames = load_le32(bytes.subspan(12));
    std::copy_n(bytes.begin() + 16, mark.id.size(), mark.id.begin());
    mark.stored_bytes = load_le64(bytes.subspan(32));
    mark.table_checksum = load_le32(bytes.subspan(40));
    mark.identity_bytes = load_le32(bytes.subspan(44));
    mark.identity_checksum = load_le32(bytes.subspan(48));
    mark.number = load_le32(bytes.subspan(52));
    return mark;
}

base::Bytes encode(const BlobIdentity& identity) {
    base::Bytes bytes(identity_head_bytes);
    const ByteSpan head(bytes);
    store_le32(head, static_cast<std::uint32_t>(identity.partition.size()));
    store_le32(head.subspan(4), static_cast<std::uint32_t>(identity.row_key.size()));
    store_le32(head.subspan(8), static_cast<std::uint32_t>(identity.bucket.size()));
    store_le64(head.subspan(12), identity.last_commit);
    for (const auto* text :
         {&identity.partition, &identity.row_key, &identity.bucket, &identity.record})
        bytes.insert(bytes.end(), text->begin(), text->end());
    return bytes;
}

std::optional<BlobIdentity> decode_identity(ByteView bytes) {
    if (bytes.size() < identity_head_bytes) return std::nullopt;
    auto text = base::as_text(bytes.subspan(identity_head_bytes));
    BlobIdentity identity;
    std::size_t at = 0;
    for (auto* part : {&identity.partition, &identity.row_key, &identity.bucket}) {
        const std::size_t length = load_le32(bytes.subspan(at));
        if (length > text.size()) return std::nullopt;
        part->assign(text.substr(0, length));
        text.remove_prefix(length);
        at += 4;
    }
    identity.last_commit = load_le64(bytes.subspan(at));
    identity.record.assign(text);
    return identity;
}

std::optional<std::vector<ExtentPlan>> plan_extents(const BlobRef& ref) {
    if (ref.frame_bytes == 0 || ref.extents.empty()) return std::nullopt;
    std::vector<ExtentPlan> plans;
    plans.reserve(ref.extents.size());
    std::uint64_t bytes_left = ref.stored_bytes;
    std::uint64_t frame = 0;
    const std::uint64_t frame_with_entry = std::uint64_t{ref.frame_bytes} + frame_entry_bytes;
    for (const auto& extent : ref.extents) {
        constexpr std::uint64_t around = extent_header_bytes + extent_mark_bytes;
        if (extent.length < around || extent.offset % extent_alignment_bytes != 0)
            return std::nullopt;
        // Rounded up: the last frame of a blob may be short. The last extent holds the identity
        // too, so what it could hold is more than what is left for it.
        const auto fits = (extent.length - around + frame_with_entry - 1) / frame_with_entry;
        ExtentPlan plan;
        plan.extent = extent;
        plan.first_frame = frame;
        plan.data_bytes = fits > bytes_left / ref.frame_bytes ? bytes_left : fits * ref.frame_bytes;
        plan.frames = (plan.data_bytes + ref.frame_bytes - 1) / ref.frame_bytes;
        if (around + plan.data_bytes + plan.table_bytes() > extent.length) return std::nullopt;
        bytes_left -= plan.data_bytes;
        frame += plan.frames;
        plans.push_back(plan);
    }
    if (bytes_left != 0) return std::nullopt;
    return plans;
}

}  // namespace holdfast::storage::local
