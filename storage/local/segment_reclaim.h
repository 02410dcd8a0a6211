/// Gives space back: punches released extents, trims what was allocated and never used, unlinks
/// segments with nothing left in them.
///
/// A segment is unlinked only when (1) nobody may write to it any more, (2) the file system says
/// that next to nothing is allocated, and (3) every byte of it reads as zero. A live extent has a
/// header and an end mark that are not zero, so this needs no counters and no scan at the start.
/// threads: any; every call blocks. source: spec durability 2.2.9, 2.7.1.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <vector>

#include "base/vfs.h"
#include "storage/blob_store.h"
#include "storage/local/segment_handles.h"
#include "storage/local/segment_stream.h"

namespace holdfast::storage::local {

class SegmentReclaimer {
public:
    SegmentReclaimer(base::Vfs& vfs, SegmentHandles& handles, OpenSegments& open)
        : vfs_(vfs), handles_(handles), open_(open) {}

    /// Punches every extent that still names this blob; one that is gone already is fine.
    /// errors: corrupt when an extent's header is damaged or another blob's (it is left alone), io.
    Result<void> release(const BlobRef& ref);
    /// The runs of a blob that was not finished.
    void abandon(const std::vector<Reservation>& runs);
    /// The unused end of a run that was reserved too long.
    void give_back(Segment& segment, std::uint64_t offset, std::uint64_t bytes);
    /// A sealed segment that nobody writes to any more.
    void retire(Segment& segment);
    /// A segment of an earlier run: its end is what a crash left. Nothing live ends in zeros.
    void look_after(std::uint64_t segment);

    /// Disk space of the open segments and of those looked at so far.
    [[nodiscard]] std::uint64_t allocated_bytes() const;

private:
    Result<void> release_extent(const BlobId& id, const Extent& extent);
    base::IoResult<void> punch(base::VfsFile& file, std::uint64_t offset, std::uint64_t bytes);
    void unlink_if_empty(std::uint64_t segment);

    base::Vfs& vfs_;
    SegmentHandles& handles_;
    OpenSegments& open_;
    mutable std::mutex mutex_;
    std::map<std::uint64_t, std::uint64_t> allocated_bytes_;
};

}  // namespace holdfast::storage::local
