/// One segment of this run while it is written: its file, what of it is not yet synced, and
/// whether a failed sync killed it. And everything a stream hands out about it.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>

#include "base/vfs.h"
#include "storage/error.h"
#include "storage/local/segment_budget.h"
#include "storage/local/segment_format.h"

namespace holdfast::storage::local {

/// out_of_space or io, with the file's name.
StorageError to_storage_error(const base::IoError& error);
/// The same for a write, with a line in the log and a count.
StorageError write_failed(const base::IoError& error);

/// What happened in this run.
struct SegmentCounters {
    std::atomic<std::uint64_t> syncs = 0;
    std::atomic<std::uint64_t> bytes_written = 0;
};

/// threads: any. The caller writes only what it reserved, and each byte once.
class Segment {
public:
    Segment(SegmentName name, std::unique_ptr<base::VfsFile> file, UnsyncedBudget& budget,
            SegmentCounters& counters)
        : name_(name),
          file_name_(name.file_name()),
          file_(std::move(file)),
          budget_(budget),
          counters_(counters) {}

    [[nodiscard]] std::uint64_t number() const { return name_.number(); }
    [[nodiscard]] base::VfsFile& file() { return *file_; }

    /// EIO once the segment is dead: its file's state is unknown, so it is left alone.
    base::IoResult<void> write(std::uint64_t offset, base::ByteView bytes);
    /// Makes durable what was written before the call. The first failure, whatever
    /// its cause, kills the segment: a second fdatasync would claim success for lost pages.
    base::IoResult<void> sync();

    [[nodiscard]] bool dead() const { return dead_; }
    [[nodiscard]] std::uint64_t unsynced_bytes() const;

    /// True once for each time more than `bytes` are unsynced, until the next sync starts.
    [[nodiscard]] bool wants_sync(std::uint64_t bytes);
    /// The sync that was wanted could not be asked for.
    void sync_not_started();

    /// An extent is open from its reservation until its writer is done with it.
    void open_extent();
    /// True when it was the last one of a sealed segment, which can be retired by the caller.
    [[nodiscard]] bool close_extent();
    /// No reservation follows. True as above.
    [[nodiscard]] bool seal(std::uint64_t end);
    /// REQUIRES: sealed. Nothing is reserved behind it.
    [[nodiscard]] std::uint64_t end() const;
    /// What is not synced is given back to the budget, and how much that was: blobs that were given
    /// up, or all of it where nothing is synced. REQUIRES: sealed, and no extent is open.
    std::uint64_t forget_unsynced();

private:
    void die();

    base::IoResult<void> sync_file();

    const SegmentName name_;
    const std::string file_name_;
    std::unique_ptr<base::VfsFile> file_;
    UnsyncedBudget& budget_;
    SegmentCounters& counters_;
    std::atomic<bool> dead_ = false;
    std::mutex sync_mutex_;  ///< held while a sync runs; taken before mutex_
    mutable std::mutex mutex_;
    std::uint64_t unsynced_bytes_ = 0;
    std::uint64_t open_extents_ = 0;
    std::uint64_t end_ = 0;
    bool sealed_ = false;
    bool sync_wanted_ = false;
};

/// A run of a segment that belongs to one writer.
struct Reservation {
    std::shared_ptr<Segment> segment;
    std::uint64_t offset = 0;
    std::uint64_t bytes = 0;
};

}  // namespace holdfast::storage::local
