/// The blob half of the embedded engine: blobs in large append-only segment files.
///
/// Two streams (small and bulk) append to one segment each; a syncer a stream groups the fdatasync
/// of everything that waits on a segment. Segments of an earlier incarnation are never written
/// again, only read, punched and unlinked.
///
/// threads: open and close from one, with no event loop's work waiting on them; the rest any.
/// owns:    the files below `directory`, whose names are <incarnation>-<sequence>.segment.
/// source:  spec durability 2.1, 2.2, 2.5, 2.7; docs/format/segments.md.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "base/clock.h"
#include "base/vfs.h"
#include "base/worker_pool.h"
#include "storage/blob_store.h"
#include "storage/local/condition_keeper.h"
#include "storage/local/engine.h"

namespace holdfast::storage::local {

struct SegmentWorks;

struct SegmentOptions {
    std::string directory;  ///< exists, its name durable; holds segments only
    Durability durability = Durability::strict;
    std::uint64_t segment_bytes = 1ULL << 30;
    std::uint64_t extent_bytes_max = 64ULL << 20;
    std::uint64_t small_blob_bytes_max = 1ULL << 20;
    std::uint64_t unsynced_bytes_max = 256ULL << 20;  ///< more make writers wait
    std::uint64_t free_space_reserve_bytes = 0;       ///< 0: max(1 GiB, 2 %)
    std::size_t files_open_max = 256;                 ///< kept open for reading
    /// Greater than that of every earlier run, at least 1, durable before open(): segment names
    /// carry it, so none is ever used twice. At most 2^32 - 1.
    std::uint64_t incarnation = 0;
    /// For BlobIdentity::last_commit; from any thread. Empty: 0.
    std::function<std::uint64_t()> last_commit;
    /// Makes the commits before the call durable; blocks. Needed with Durability::relaxed only.
    std::function<Result<void>()> sync_commits;
    /// While it takes no writes, nothing is written, released or looked after. Outlives the store.
    const ConditionKeeper* condition = nullptr;
    /// Told when writes must stop: a directory sync failed, too many segments died, or the file
    /// system turned read-only. From any thread; must not call the store.
    std::function<void(const std::string& reason)> writes_stopped;
};

class SegmentStore final : public BlobStore {
public:
    /// Lists the directory and nothing more: the work does not grow with what is stored.
    /// `vfs`, `clock` and a running `pool` must outlive the store.
    /// errors: io; damaged when the directory is missing, or a segment of this or a later
    /// incarnation is there already.
    static base::Expected<std::unique_ptr<SegmentStore>, OpenError> open(
        const SegmentOptions& options, base::Vfs& vfs, const base::Clock& clock,
        base::WorkerPool& pool);

    /// As a crash would leave the files, but waits for what runs in the background. Every writer
    /// and reader must be gone, and the pool still running.
    ~SegmentStore() override;
    /// Seals the open segments and gives their unused tails back. Everything written is durable
    /// when it succeeds, also with Durability::relaxed. Idempotent. errors: a failed sync.
    [[nodiscard]] base::IoResult<void> close();

    Async<std::unique_ptr<BlobWriter>> create(BlobOptions options) override;
    Async<std::unique_ptr<BlobReader>> open(const BlobRef& ref) override;
    Async<void> check_space(std::uint64_t bytes) override;
    Async<void> release(const BlobRef& ref) override;

    /// For the engine's upkeep, which lives no longer.
    [[nodiscard]] SegmentWorks& works() { return *works_; }

    /// Writes are refused since a directory sync failed or three segments died within 60 s (2.5).
    /// The supervisor reopens the engine to leave that state.
    [[nodiscard]] bool read_only() const;
    /// Writes may go on, into segments that are made from here on: what was open when they stopped
    /// is never written again.
    void resume();

    struct Statistics {
        std::uint64_t syncs = 0;          ///< fdatasync calls on segments, in this run
        std::uint64_t bytes_written = 0;  ///< into segments, in this run
        /// Disk blocks behind the segments; of earlier runs' segments only those the background
        /// pass has looked at.
        std::uint64_t bytes_live = 0;
    };
    [[nodiscard]] Statistics statistics() const;

private:
    explicit SegmentStore(std::unique_ptr<SegmentWorks> works);
    std::unique_ptr<SegmentWorks> works_;
};

}  // namespace holdfast::storage::local
