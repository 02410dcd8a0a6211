#include "storage/local/segment_works.h"

#include <cerrno>
#include <limits>

#include "base/log.h"
#include "storage/local/segment_metrics.h"

namespace holdfast::storage::local {

namespace {

constexpr std::size_t deaths_max = 3;
constexpr std::chrono::seconds deaths_window{60};

/// Without syncs there is nothing to wait for: the kernel's own limit on dirty pages holds.
std::uint64_t budget_bytes(const SegmentOptions& options) {
    if (options.durability == Durability::relaxed) return std::numeric_limits<std::uint64_t>::max();
    return options.unsynced_bytes_max;
}

base::IoResult<void> sync_retired(SegmentWorks& works, std::uint64_t number) {
    const auto file = works.handles.get(number);
    if (!file && file.error().code == ENOENT) return {};  // unlinked since
    if (!file) return file.error();
    ++works.counters.syncs;
    return (*file)->sync_data();
}

/// What commits refer to comes before them.
Result<void> sync_before_release(SegmentWorks& works) {
    if (auto synced = works.sync_unsynced(); !synced) return to_storage_error(synced.error());
    return works.options.sync_commits ? works.options.sync_commits() : Result<void>{};
}

}  // namespace

void SegmentFaults::directory_failed(const base::IoError& error) {
    if (error.code == EROFS)
        stop("the file system is read-only: " + error.message());
    else
        stop("the directory of segments was not synced: " + error.message());
}

void SegmentFaults::stop(const std::string& reason) {
    read_only_ = true;
    base::log::error("segments.writes_stopped", {{"reason", reason}});
    if (stopped_) stopped_(reason);
}

void SegmentFaults::clear() {
    const std::lock_guard lock(mutex_);
    deaths_.clear();
    read_only_ = false;
}

void SegmentFaults::segment_died(const base::IoError& error) {
    segment_metrics().dead.Increment();
    base::log::error("segment given up after a failed sync", {{"error", error.message()}});
    const auto now = clock_.steady();
    {
        const std::lock_guard lock(mutex_);
        deaths_.push_back(now);
        while (now - deaths_.front() > deaths_window) deaths_.pop_front();
        if (deaths_.size() < deaths_max && error.code != EROFS) return;
    }
    if (error.code == EROFS)
        stop("the file system is read-only: " + error.message());
    else
        stop("too many segments were given up after failed syncs: " + error.message());
}

void BackgroundJobs::wait() {
    std::unique_lock lock(mutex_);
    done_.wait(lock, [&] { return running_ == 0; });
}

void BackgroundJobs::post(std::function<void()> job) {
    {
        const std::lock_guard lock(mutex_);
        ++running_;
    }
    pool_.post([this, job = std::move(job)] {
        try {
            job();
        } catch (const std::exception& failure) {
            base::log::warning("segment background work failed", {{"error", failure.what()}});
        }
        const std::lock_guard lock(mutex_);
        if (--running_ == 0) done_.notify_all();
    });
}

SegmentWorks::SegmentWorks(const SegmentOptions& given, base::Vfs& file_system,
                           const base::Clock& clock, base::WorkerPool& worker_pool)
    : options(given),
      vfs(file_system),
      pool(worker_pool),
      faults(clock, given.writes_stopped),
      budget(budget_bytes(given)),
      space(file_system, given.directory, given.free_space_reserve_bytes, clock),
      handles(vfs, given.directory, given.files_open_max),
      damage(clock),
      reclaimer(vfs, handles, open),
      factory({vfs, given.directory, static_cast<std::uint32_t>(given.incarnation),
               given.durability, open, budget, counters,
               [this](const base::IoError& error) { faults.directory_failed(error); }}),
      barrier(jobs, [this] { return sync_before_release(*this); }),
      jobs(worker_pool),
      small{{factory, given.segment_bytes, [this](auto segment) { retire(std::move(segment)); }},
            {given.durability, [this](const base::IoError& error) { faults.segment_died(error); }}},
      bulk{{factory, given.segment_bytes, [this](auto segment) { retire(std::move(segment)); }},
           {given.durability, [this](const base::IoError& error) { faults.segment_died(error); }}} {
}

SegmentLane& SegmentWorks::lane_for(const BlobOptions& blob) {
    const bool is_small =
        blob.expected_stored_bytes && *blob.expected_stored_bytes < options.small_blob_bytes_max;
    return is_small ? small : bulk;
}

std::optional<StorageError> SegmentWorks::refuses_writes() const {
    if (options.condition != nullptr && !options.condition->writable())
        return options.condition->refusal();
    if (faults.read_only())
        return StorageError{StorageError::Kind::read_only, "segments take no writes"};
    return std::nullopt;
}

void SegmentWorks::look_after_earlier() {
    look_after(std::exchange(earlier, {}));
}

void SegmentWorks::look_after(std::vector<std::uint64_t> segments) {
    if (segments.empty() || stopping) return;
    // One job a segment, so that the pool has turns for requests in between.
    jobs.post([this, segments = std::move(segments)]() mutable {
        reclaimer.look_after(segments.back());
        segments.pop_back();
        look_after(std::move(segments));
    });
}

void SegmentWorks::retire(std::shared_ptr<Segment> segment) {
    // Whoever waited for a sync of it has had one: the rest is of blobs that were given up, or
    // relaxed. It must not count for ever, for no sync of this segment comes any more.
    if (segment->forget_unsynced() > 0 && options.durability == Durability::relaxed) {
        const std::lock_guard lock(retired_mutex);
        retired_unsynced.push_back(segment->number());
    }
    jobs.post([this, segment = std::move(segment)] { reclaimer.retire(*segment); });
}

void SegmentWorks::close_runs(const std::vector<Reservation>& runs) {
    for (const auto& run : runs)
        if (run.segment->close_extent()) retire(run.segment);
}

void SegmentWorks::abandon(std::vector<Reservation> runs) {
    if (runs.empty()) return;
    jobs.post([this, runs = std::move(runs)] {
        reclaimer.abandon(runs);
        close_runs(runs);
    });
}

void SegmentWorks::give_back(const Reservation& run, std::uint64_t used_bytes) {
    jobs.post([this, segment = run.segment, offset = run.offset + used_bytes,
               bytes = run.bytes - used_bytes] { reclaimer.give_back(*segment, offset, bytes); });
}

void SegmentWorks::sync_everything() {
    for (const auto& segment : open.all())
        if (segment->wants_sync(0)) bulk.syncer.sync(segment, {});
}

base::IoResult<void> SegmentWorks::sync_unsynced() {
    if (options.durability != Durability::relaxed) return {};
    // The open ones first: one that is retired meanwhile is among the others then.
    for (const auto& segment : open.all()) {
        if (segment->dead() || segment->unsynced_bytes() == 0) continue;
        if (auto synced = segment->sync(); !synced) {
            faults.segment_died(synced.error());
            return synced;
        }
    }
    std::vector<std::uint64_t> retired;
    {
        const std::lock_guard lock(retired_mutex);
        retired = retired_unsynced;
    }
    for (const auto number : retired)
        if (auto synced = sync_retired(*this, number); !synced) return synced;
    if (auto synced = vfs.sync_directory(options.directory); !synced) return synced;
    const std::lock_guard lock(retired_mutex);
    retired_unsynced.erase(retired_unsynced.begin(),
                           retired_unsynced.begin() + static_cast<std::ptrdiff_t>(retired.size()));
    return {};
}

}  // namespace holdfast::storage::local
