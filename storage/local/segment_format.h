/// What segment files are made of: extents, each with a header, frames, the table of their
/// checksums, and an end mark. docs/format/segments.md describes every byte.
///
/// threads: any. errors: a decoder gives nothing for bytes that are not whole and of this version.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "storage/blob_store.h"

namespace holdfast::storage::local {

/// Extents begin and are reserved in multiples of this, so that no page or disk block belongs to
/// two of them: punching one leaves its neighbours alone, and so does a torn write.
inline constexpr std::uint64_t extent_alignment_bytes = 4096;
inline constexpr std::size_t extent_header_bytes = 64;
inline constexpr std::size_t extent_mark_bytes = 64;
inline constexpr std::size_t frame_entry_bytes = 4;
inline constexpr std::string_view extent_mark_magic = "HFENDMRK";
inline constexpr std::size_t identity_head_bytes = 20;
inline constexpr std::size_t identity_bytes_max =
    std::size_t{60} * 1024 + identity_head_bytes;  ///< encoded

std::uint64_t aligned_up(std::uint64_t bytes);
/// As what was never written, or given back, reads.
bool all_zero(base::ByteView bytes);

/// The checksum of a frame (a CRC32C) covers the blob's id and the frame's number too: a frame of
/// another blob or place is never taken for this one.
std::uint32_t frame_checksum(const BlobId& id, std::uint64_t frame, base::ByteView bytes);

struct SegmentName {
    std::uint32_t incarnation = 0;
    std::uint32_t sequence = 0;

    /// What Extent::segment holds.
    [[nodiscard]] std::uint64_t number() const;
    [[nodiscard]] std::string file_name() const;
    static SegmentName of(std::uint64_t number);
    static std::optional<SegmentName> parse(std::string_view file_name);
};

struct ExtentHeader {
    BlobId id{};
    BlobKind kind = BlobKind::object;
    std::uint32_t number = 0;  ///< place in the blob, from 0
    std::uint32_t frame_bytes = 0;
    std::uint64_t reserved_bytes = 0;  ///< from the header on; a multiple of the alignment
};
std::array<std::uint8_t, extent_header_bytes> encode(const ExtentHeader& header);
std::optional<ExtentHeader> decode_header(base::ByteView bytes);

/// The last bytes of an extent. An extent without one was not finished.
struct ExtentMark {
    BlobId id{};
    std::uint32_t number = 0;
    bool last = false;
    std::uint32_t frames = 0;        ///< in this extent
    std::uint64_t stored_bytes = 0;  ///< of the blob up to the end of this extent
    std::uint32_t table_checksum = 0;
    std::uint32_t identity_bytes = 0;  ///< 0 but in the last extent
    std::uint32_t identity_checksum = 0;
};
std::array<std::uint8_t, extent_mark_bytes> encode(const ExtentMark& mark);
std::optional<ExtentMark> decode_mark(base::ByteView bytes);

base::Bytes encode(const BlobIdentity& identity);
std::optional<BlobIdentity> decode_identity(base::ByteView bytes);

/// Where the frames of one extent are.
struct ExtentPlan {
    Extent extent;
    std::uint64_t first_frame = 0;
    std::uint64_t frames = 0;
    std::uint64_t data_bytes = 0;

    [[nodiscard]] std::uint64_t data_offset() const { return extent.offset + extent_header_bytes; }
    [[nodiscard]] std::uint64_t table_offset() const { return data_offset() + data_bytes; }
    [[nodiscard]] std::uint64_t table_bytes() const { return frames * frame_entry_bytes; }
};
/// Nothing when the parts of the reference contradict each other.
std::optional<std::vector<ExtentPlan>> plan_extents(const BlobRef& ref);

}  // namespace holdfast::storage::local
