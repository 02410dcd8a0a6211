/// Everything the segment store, its writers and its readers share.
#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <new>
#include <optional>
#include <vector>

#include "base/clock.h"
#include "base/worker_pool.h"
#include "storage/damage_list.h"
#include "storage/local/blob_pins.h"
#include "storage/local/blob_writers.h"
#include "storage/local/release_barrier.h"
#include "storage/local/segment_budget.h"
#include "storage/local/segment_handles.h"
#include "storage/local/segment_reclaim.h"
#include "storage/local/segment_store.h"
#include "storage/local/segment_stream.h"
#include "storage/local/segment_syncer.h"

namespace holdfast::storage::local {

/// When writes stop for good (spec durability 2.5). threads: any.
class SegmentFaults {
public:
    using Stopped = std::function<void(const std::string& reason)>;
    SegmentFaults(const base::Clock& clock, Stopped stopped)
        : clock_(clock), stopped_(std::move(stopped)) {}
    void directory_failed(const base::IoError& error);
    void segment_died(const base::IoError& error);
    [[nodiscard]] bool read_only() const { return read_only_; }
    void clear();

private:
    void stop(const std::string& reason);

    const base::Clock& clock_;
    const Stopped stopped_;
    std::atomic<bool> read_only_ = false;
    std::mutex mutex_;
    std::deque<base::SteadyTime> deaths_;
};

/// Work on the pool that nobody awaits, but the store's end does. threads: any.
class BackgroundJobs {
public:
    explicit BackgroundJobs(base::WorkerPool& pool) : pool_(pool) {}
    ~BackgroundJobs() { wait(); }
    /// What `job` holds is gone when the work is done, or when it could not be handed over.
    template <class Job>
    void post(Job job);
    /// Leaves the job out, and counts that, when there is no memory to hand it over: for work that
    /// somebody else does again, the collector or the next start.
    template <class Job>
    void try_post(Job job) noexcept;
    /// Until nothing runs.
    void wait();

private:
    void begin();
    void end();
    static void failed(const std::exception& failure);
    static void left_out();

    base::WorkerPool& pool_;
    std::mutex mutex_;
    std::condition_variable done_;
    std::uint64_t running_ = 0;
};

/// One of the two ways in: small blobs never wait behind the flush of bulk data.
struct SegmentLane {
    SegmentStream stream;
    SegmentSyncer syncer;
};

struct SegmentWorks {
    SegmentWorks(const SegmentOptions& given, base::Vfs& file_system, const base::Clock& clock,
                 base::WorkerPool& worker_pool);

    SegmentLane& lane_for(const BlobOptions& blob);
    /// The answer to a write while none is taken.
    [[nodiscard]] std::optional<StorageError> refuses_writes() const;
    /// Segments of earlier runs, one after the other, in the background. Once.
    void look_after_earlier();
    void look_after(std::vector<std::uint64_t> segments);
    /// Nobody writes to the sealed segment any more.
    void retire(std::shared_ptr<Segment> segment) noexcept;
    /// Their writer is done with them.
    void close_runs(const std::vector<Reservation>& runs) noexcept;
    /// As close_runs, after giving their space back; in the background. Without memory for that the
    /// space is the collector's.
    void abandon(std::vector<Reservation> runs) noexcept;
    /// The end of a run behind its first `used_bytes`; in the background, or as above.
    void give_back(const Reservation& run, std::uint64_t used_bytes) noexcept;
    /// Starts syncing whatever is written and not synced.
    void sync_everything();
    /// Durability::relaxed: makes durable what no writer waited for and was written before the
    /// call, and the names of segments. Blocks.
    base::IoResult<void> sync_unsynced();

    const SegmentOptions options;
    base::Vfs& vfs;
    base::WorkerPool& pool;
    SegmentCounters counters;
    SegmentFaults faults;
    UnsyncedBudget budget;
    SpaceLedger space;
    OpenSegments open;
    SegmentHandles handles;
    BlobPins pins;
    BlobWriters writers;
    DamageList damage;
    SegmentReclaimer reclaimer;
    SegmentFactory factory;
    std::vector<std::uint64_t> earlier;  ///< segments that look_after_earlier() has to do
    std::mutex retired_mutex;
    std::vector<std::uint64_t> retired_unsynced;  ///< with Durability::relaxed only
    /// With Durability::relaxed: a sync failed, so nothing more of this run is called durable, and
    /// no space is given back: what was moved or replaced may be all there is.
    std::atomic<bool> unsynced_lost = false;
    std::atomic<bool> stopping = false;  ///< ends look_after early
    ReleaseBarrier barrier;
    BackgroundJobs jobs;
    SegmentLane small;
    SegmentLane bulk;

private:
    void note_unsynced(Segment& segment);
    base::IoError lose_unsynced(const base::IoError& error);
};

// ---------------------------------------------------------------------------------------------------

template <class Job>
void BackgroundJobs::post(Job job) {
    begin();
    try {
        pool_.post([this, work = std::optional<Job>(std::move(job))]() mutable {
            try {
                (*work)();
            } catch (const std::exception& failure) {
                failed(failure);
            }
            work.reset();
            end();
        });
    } catch (...) {
        end();
        throw;
    }
}

template <class Job>
void BackgroundJobs::try_post(Job job) noexcept {
    try {
        post(std::move(job));
    } catch (const std::bad_alloc&) {
        left_out();
    }
}

}  // namespace holdfast::storage::local
