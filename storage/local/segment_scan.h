/// What is in one segment file, found without the index: docs/format/segments.md, "Reading without
/// the index".
///
/// Reads headers, end marks and (on request) identities, not the frames. An extent whose end mark
/// is missing is searched for it through its whole run. A scan holds one buffer of 256 KiB
/// whatever the file says, and always moves on: no number in a header can make it loop, go back or
/// read beyond `end`.
///
/// threads: none; every call blocks. The file may be written meanwhile, by appends behind `end`,
///          and punched anywhere: what is punched meanwhile is seen as it was, as a hole, or as
///          damaged.
/// source:  spec durability 2.2.4, 2.7.2.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/vfs.h"
#include "storage/local/segment_format.h"

namespace holdfast::storage::local {

/// One piece of a segment. Pieces follow each other without gaps from where the scan began.
struct ScanItem {
    enum class Kind {
        whole,       ///< an extent: header and end mark agree
        unfinished,  ///< a header without an end mark: its writer was cut off, or still writes
        damaged,     ///< a header, and an end mark that is not whole or contradicts it
        stray,       ///< bytes that no header names: a damaged header, or a write that was cut off
        unreadable,  ///< the medium failed
        hole,        ///< zeros: released, abandoned or not used yet
    };
    Kind kind = Kind::hole;
    std::uint64_t offset = 0;  ///< a multiple of the alignment
    /// Of an extent: its run as the header reserves it, cut off at the scan's end. Others come in
    /// pieces of at most scan_piece_bytes_max, so neighbours may be of one kind.
    std::uint64_t bytes = 0;

    ExtentHeader header;            ///< of whole, unfinished and damaged
    ExtentMark mark;                ///< of whole
    std::uint64_t length = 0;       ///< of whole: Extent::length
    std::uint64_t first_frame = 0;  ///< of whole: number in the blob of the first frame here
    /// Of whole and last extents, when asked for. Absent although asked for: the identity is
    /// damaged, the frames need not be.
    std::optional<BlobIdentity> identity;
    std::string error;  ///< of unreadable

    /// REQUIRES: whole.
    [[nodiscard]] std::uint64_t data_bytes() const;
};

inline constexpr std::uint64_t scan_piece_bytes_max = std::uint64_t{16} << 20;

class SegmentScan {
public:
    struct Options {
        std::uint64_t begin = 0;  ///< an earlier scan's position(); 0 for the first
        /// Where to stop: the file's size when nobody writes to it, else what is known to be
        /// written for good.
        std::uint64_t end = 0;
        bool identities = false;
    };
    /// REQUIRES: `file` outlives it; `begin` is a multiple of the alignment.
    SegmentScan(base::VfsFile& file, const Options& options);

    /// Nothing at the end.
    std::optional<ScanItem> next();
    /// Where the next piece begins.
    [[nodiscard]] std::uint64_t position() const { return position_; }
    /// Read from the file so far, for who limits the rate.
    [[nodiscard]] std::uint64_t bytes_read() const { return bytes_read_; }

private:
    enum class Block { header, zeros, stray, unreadable };
    Block classify(std::uint64_t offset, std::uint64_t read_ahead_bytes);
    ScanItem region(Block first);
    ScanItem extent(const ExtentHeader& header);
    void find_mark(ScanItem& item);
    bool take_last_mark(ScanItem& item, std::uint64_t from, std::size_t bytes, std::size_t marks);
    void read_identity(ScanItem& item);
    base::IoResult<void> read(std::uint64_t offset, base::ByteSpan to);
    base::IoResult<void> load(std::uint64_t offset, std::uint64_t bytes);

    base::VfsFile& file_;
    const Options options_;
    std::uint64_t position_;
    std::uint64_t bytes_read_ = 0;
    base::Bytes buffer_;
    std::uint64_t buffer_offset_ = 0;
    std::uint64_t buffer_bytes_ = 0;
    std::string error_;  ///< of the last unreadable block
};

/// Reads all frames of an extent and compares them with its table, and the table with the mark.
struct FrameCheck {
    bool table_whole = false;
    std::uint64_t damaged_frames = 0;
    std::uint64_t first_damaged_frame = 0;  ///< number in the blob
    /// A sector of the table or of a damaged frame is zeros: a write that the disk never got.
    /// (Frames and tables that were written have none: ciphertext and checksums.)
    bool never_written = false;

    [[nodiscard]] bool whole() const { return table_whole && damaged_frames == 0; }
};
/// REQUIRES: `item` is whole. Holds little memory whatever the item says. errors: of reading.
base::IoResult<FrameCheck> check_frames(base::VfsFile& file, const ScanItem& item);

}  // namespace holdfast::storage::local
