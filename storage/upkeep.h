/// What background work needs of an engine that keeps blobs on a disk, besides rows and blobs: all
/// rows as they are at one moment, what lies where, and whether it is whole.
///
/// An engine without a disk has none. threads: any event loop; calls never block the caller, and
/// take as long as one page of what they go through. REQUIRES: the engine outlives what it hands
/// out.
/// source: spec durability 2.2.9, 2.7.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "storage/blob_store.h"
#include "storage/damage_list.h"
#include "storage/engine_condition.h"
#include "storage/metadata_store.h"
#include "storage/volume_snapshots.h"

namespace holdfast::storage {

/// All rows of family index, of every partition, as they were when it was made.
class RowSnapshot {
public:
    virtual ~RowSnapshot() = default;
    struct Entry {
        Partition partition;
        Row row;
    };
    /// The next ones in the order of partitions and keys; none at the end. errors: corrupt, io: the
    /// very next row cannot be read, even from the medium; it fails again until skip_unreadable().
    virtual Async<std::vector<Entry>> next(std::uint32_t rows_max) = 0;
    /// Goes on at the next row that can be read, when next() failed. errors: corrupt, io: none can.
    virtual Async<void> skip_unreadable() = 0;
    /// Rows of family body at the same moment, one answer for each key. errors: corrupt, io.
    virtual Async<std::vector<std::optional<Row>>> bodies(const Partition& partition,
                                                          std::vector<std::string> keys) = 0;
};

/// Where a walk over all rows goes on: behind this row. Empty: at the first.
struct RowPosition {
    Partition partition;
    std::string key;
};

struct SegmentInfo {
    std::uint64_t number = 0;
    std::uint64_t size_bytes = 0;
    std::uint64_t allocated_bytes = 0;  ///< disk blocks behind it
    bool earlier = false;               ///< of an earlier run: never written again
    bool open = false;                  ///< may still be written
    bool held = false;                  ///< a snapshot has it: released extents stay for now
};

/// A piece of a segment; pieces follow each other without gaps.
struct SegmentPiece {
    enum class Kind {
        whole,       ///< an extent: header and end mark agree
        unfinished,  ///< a header without an end mark
        damaged,     ///< a header, and an end mark that contradicts it
        unknown,     ///< bytes that no header names, or that cannot be read
        hole,        ///< zeros
    };
    Kind kind = Kind::hole;
    BlobId blob{};              ///< of an extent
    Extent extent;              ///< its length is 0 unless whole
    std::uint64_t bytes = 0;    ///< of the piece: of an extent all that its header reserves
    std::uint64_t on_disk = 0;  ///< of an extent: without the tail that was given back
};

struct SegmentPage {
    std::vector<SegmentPiece> pieces;
    std::uint64_t next_offset = 0;
    std::uint64_t bytes_read = 0;
    bool end = false;
};

/// What the index says of an extent, compared with what is written.
struct BlobCheck {
    std::optional<BlobIdentity> identity;  ///< of the last extent, when it could be read
    std::string damage;                    ///< empty: they agree
    std::uint64_t bytes_read = 0;
};

/// A file of the index with the checksum that the index recorded for it.
struct IndexFile {
    std::string name;
    std::uint64_t size_bytes = 0;
    std::string checksum;  ///< empty: none was recorded
};

/// A piece of a file that has no checksum as a whole, from the medium.
struct FileCheck {
    std::string damage;  ///< empty: nothing is wrong with it, as far as can be told
    std::uint64_t bytes_read = 0;
    std::uint64_t next_offset = 0;  ///< where the next piece begins
    bool end = false;               ///< there is none
};

/// What the bodies kept in the index take.
struct BodySpace {
    /// One that holds bodies and nothing else.
    struct File {
        std::uint64_t number = 0;
        std::uint64_t bytes = 0;
        std::uint64_t garbage_bytes = 0;  ///< of bodies known to be gone
    };
    std::vector<File> files;  ///< in the order of their numbers, so the oldest first
    /// Of the tables with their rows: small bodies lie in those, others are pointed to.
    std::uint64_t table_bytes = 0;
    /// At most so many rows replaced or deleted a body that does not count as garbage yet: that
    /// shows when they are merged.
    std::uint64_t unmerged_rows_max = 0;
    /// Rows of the other family that were deleted, which is in memory only: theirs stays until it
    /// is on the disk.
    std::uint64_t index_deletions = 0;
    std::uint64_t free_bytes = 0;  ///< of the disk
    std::uint64_t room_bytes = 0;  ///< of those, what may be written without using up the reserve
};

/// Which rows of bodies to merge.
struct BodyMerge {
    std::string from;              ///< the key in the index where it goes on; empty: the first
    std::uint64_t move_up_to = 0;  ///< bodies move out of files up to this number; 0: out of none
};

struct BodyMergeStep {
    std::string next;                 ///< where the following step begins; empty: that was all
    std::uint64_t bytes_written = 0;  ///< about
};

class Upkeep {
public:
    virtual ~Upkeep() = default;

    virtual Async<std::unique_ptr<RowSnapshot>> snapshot(RowPosition after) = 0;

    virtual Async<std::vector<SegmentInfo>> segments() = 0;
    /// Nothing of a segment that is gone: an empty page with `end`.
    virtual Async<SegmentPage> scan(std::uint64_t segment, std::uint64_t from) = 0;
    /// A blob somebody writes just now.
    [[nodiscard]] virtual bool is_in_flight(const BlobId& blob) const = 0;
    /// Gives back what reads as zeros in a segment that is not open, and the segment when that is
    /// all of it.
    virtual Async<void> trim(std::uint64_t segment, std::vector<Extent> zeros) = 0;
    /// Unlinks a segment whatever is in it. REQUIRES: no row refers to it, nor ever will.
    virtual Async<void> drop(std::uint64_t segment) = 0;
    /// False once the file system refused to: space comes back by whole segments only.
    [[nodiscard]] virtual bool punches_holes() const = 0;

    /// One extent of a blob, from the medium: its frames against their checksums, its header, end
    /// mark and identity against the reference. Read twice before it is called damaged. REQUIRES:
    /// a reader of the blob keeps it, or it is certainly not released. errors: unavailable.
    virtual Async<BlobCheck> check(const BlobRef& blob, std::size_t extent) = 0;
    virtual Async<std::vector<IndexFile>> index_files() = 0;
    /// Bytes of an index file; fewer than asked for at its end. errors: io.
    virtual Async<base::Bytes> read_index_file(const std::string& name, std::uint64_t offset,
                                               std::uint64_t bytes) = 0;

    /// Names below the data directory: files that have no checksum as a whole, such as the index'
    /// log and the volume's marks.
    virtual Async<std::vector<std::string>> other_files() = 0;
    /// A piece of such a file, or of a note, from the medium, parsed as far as the engine can.
    /// errors: unavailable: it is not there.
    virtual Async<FileCheck> check_file(const std::string& name, std::uint64_t from) = 0;

    virtual Async<BodySpace> body_space() = 0;
    /// Merges the rows of some 100,000 bodies, from a key on, as they were when the merge began.
    /// Garbage that was hidden becomes known, and files of nothing else are unlinked; the first
    /// step of a merge has the other family's deletions written, too. Bodies move only where rows
    /// were merged before. errors: unavailable (stopped, or the index was reopened), corrupt, io,
    /// out_of_space; corrupt and io have stopped the writes, until the index is opened again.
    virtual Async<BodyMergeStep> merge_bodies(BodyMerge merge) = 0;
    /// Ends the step under way when it may be ended; later ones are `unavailable`. threads: any.
    virtual void stop_merging() = 0;

    [[nodiscard]] virtual EngineCondition condition() const = 0;
    /// Reads of the index that failed since the start.
    [[nodiscard]] virtual std::uint64_t index_failures() const = 0;
    virtual DamageList& damage() = 0;
    virtual VolumeSnapshots& volume_snapshots() = 0;

    /// Small files of the workers' own in the data directory, replaced durably. read: empty when
    /// there is none. REQUIRES: the name is one of the layout's. errors: io, out_of_space.
    virtual Async<std::string> read_note(const std::string& name) = 0;
    virtual Async<void> write_note(const std::string& name, std::string content) = 0;
};

}  // namespace holdfast::storage
