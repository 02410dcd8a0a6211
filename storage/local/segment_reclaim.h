/// Gives space back: punches released extents (where the file system cannot, it wipes their
/// headers, so that nobody takes them for leftovers of a crash), trims what was allocated and never
/// used, unlinks segments with nothing left in them.
///
/// A segment is unlinked only when (1) nobody may write to it any more, (2) the file system says
/// that next to nothing is allocated, and (3) every byte of it reads as zero. A live extent has a
/// header and an end mark that are not zero, so this needs no counters and no scan at the start.
///
/// A segment that has another name is a snapshot's as well (local_snapshots.h), whatever became of
/// its directory: released extents in it stay as they are until it is the only one again. What was
/// never a blob's is given back all the same, and so is the name here.
/// threads: any; every call blocks. source: spec durability 2.2.9, 2.7.1.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <mutex>
#include <set>
#include <shared_mutex>
#include <vector>

#include "base/vfs.h"
#include "storage/blob_store.h"
#include "storage/local/segment_handles.h"
#include "storage/local/segment_stream.h"

namespace holdfast::storage::local {

/// A shorter unused end of a run stays until its blob is released: a hole costs a journal entry.
inline constexpr std::uint64_t give_back_bytes_min = std::uint64_t{64} << 10;

class SegmentReclaimer {
public:
    SegmentReclaimer(base::Vfs& vfs, SegmentHandles& handles, OpenSegments& open)
        : vfs_(vfs), handles_(handles), open_(open) {}

    /// Punches every extent that still names this blob; one that is gone already is fine.
    /// errors: corrupt when an extent's header is damaged or another blob's (it is left alone), io;
    /// held, when nothing else went wrong, for what a snapshot has.
    Result<void> release(const BlobRef& ref);
    /// The runs of a blob that was not finished.
    void abandon(const std::vector<Reservation>& runs);
    /// The unused end of a run that was reserved too long.
    void give_back(Segment& segment, std::uint64_t offset, std::uint64_t bytes);
    /// A sealed segment that nobody writes to any more.
    void retire(Segment& segment);
    /// A segment of an earlier run: its end is what a crash left. Nothing live ends in zeros. Also
    /// finds out whether the file system punches holes.
    void look_after(std::uint64_t segment);

    /// Punches ranges that read as zeros, of a segment nobody writes to; then as look_after.
    Result<void> trim(std::uint64_t segment, const std::vector<Extent>& zeros);
    /// Unlinks a segment whatever is in it: for file systems without holes.
    /// Under a Hold nothing happens. REQUIRES: nothing refers to it, nor ever will.
    Result<void> drop(std::uint64_t segment);

    /// While it lives nothing is given back that rows may refer to, extents or whole segments; at
    /// its end the segments that emptied meanwhile go. At most one at a time.
    class Hold {
    public:
        explicit Hold(SegmentReclaimer& reclaimer);
        ~Hold();
        Hold(const Hold&) = delete;
        Hold& operator=(const Hold&) = delete;

    private:
        SegmentReclaimer& reclaimer_;
    };
    /// False once the file system refused to.
    [[nodiscard]] bool punches_holes() const { return punches_holes_; }

    /// Disk space of the open segments and of those looked at so far.
    [[nodiscard]] std::uint64_t allocated_bytes() const;

private:
    Result<void> release_extent(const BlobId& id, const Extent& extent);
    base::IoResult<void> punch(base::VfsFile& file, std::uint64_t offset, std::uint64_t bytes);
    void learn_whether_holes(base::VfsFile& file, std::uint64_t size);
    base::IoResult<void> unlink(std::uint64_t segment);
    void unlink_if_empty(std::uint64_t segment);

    base::Vfs& vfs_;
    SegmentHandles& handles_;
    OpenSegments& open_;
    std::atomic<bool> punches_holes_ = true;
    /// Shared while something is being given back; taken before mutex_.
    std::shared_mutex giving_back_;
    std::atomic<bool> held_ = false;
    std::set<std::uint64_t> passed_over_;  ///< under mutex_; not unlinked because of a Hold
    mutable std::mutex mutex_;
    std::map<std::uint64_t, std::uint64_t> allocated_bytes_;
};

}  // namespace holdfast::storage::local
