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

/// What a blob that was given up held. Closed when this goes, whether or not it was given back.
class LeftRuns {
public:
    LeftRuns(SegmentWorks& works, std::vector<Reservation> runs)
        : works_(&works), runs_(std::move(runs)) {}
    LeftRuns(LeftRuns&&) = default;
    LeftRuns& operator=(LeftRuns&&) = delete;
    ~LeftRuns() { works_->close_runs(runs_); }
    [[nodiscard]] const std::vector<Reservation>& runs() const { return runs_; }

private:
    SegmentWorks* works_;
    std::vector<Reservation> runs_;  ///< empty when it was moved on
};

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
    try {
        base::log::error("segments.writes_stopped", {{"reason", reason}});
        if (stopped_) stopped_(reason);
    } catch (...) {
        // Nobody knows of it, so nobody would end it.
        read_only_ = false;
        throw;
    }
}

void SegmentFaults::clear() {
    const std::lock_guard lock(mutex_);
    deaths_.clear();
    read_only_ = false;
}

void SegmentFaults::segment_died(const base::IoError& error) {
    segment_metrics().dead.Increment();
    base::log::error("segment.given_up_after_failed_sync", {{"error", error.message()}});
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

void BackgroundJobs::begin() {
    const std::lock_guard lock(mutex_);
    ++running_;
}

void BackgroundJobs::end() {
    const std::lock_guard lock(mutex_);
    if (--running_ == 0) done_.notify_all();
}

void BackgroundJobs::failed(const std::exception& failure) {
    base::log::warning("segment.work_failed", {{"error", failure.what()}});
}

void BackgroundJobs::left_out() {
    segment_metrics().jobs_left_out.Increment();
    base::log::warning("segment.work_left_out", {{"reason", "out of memory"}});
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
    segment_metrics();  // made here, where there is somebody to tell when there is no memory for it
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

/// A segment whose job is left out is looked after by the next start.
void SegmentWorks::retire(std::shared_ptr<Segment> segment) noexcept {
    // Whoever waited for a sync of it has had one: the rest is of blobs that were given up, or
    // relaxed. It must not count for ever, for no sync of this segment comes any more.
    // Remembered before it is forgotten: sync_unsynced() must not find it in neither place.
    if (options.durability == Durability::relaxed && segment->unsynced_bytes() > 0)
        note_unsynced(*segment);
    segment->forget_unsynced();
    jobs.try_post([this, segment = std::move(segment)] { reclaimer.retire(*segment); });
}

void SegmentWorks::note_unsynced(Segment& segment) {
    try {
        const std::lock_guard lock(retired_mutex);
        retired_unsynced.push_back(segment.number());
    } catch (const std::bad_alloc&) {
        // What nobody remembers is made durable at once.
        if (const auto synced = segment.sync(); !synced) lose_unsynced(synced.error());
    }
}

void SegmentWorks::close_runs(const std::vector<Reservation>& runs) noexcept {
    for (const auto& run : runs)
        if (run.segment->close_extent()) retire(run.segment);
}

void SegmentWorks::abandon(std::vector<Reservation> runs) noexcept {
    if (runs.empty()) return;
    jobs.try_post(
        [this, left = LeftRuns(*this, std::move(runs))] { reclaimer.abandon(left.runs()); });
}

void SegmentWorks::give_back(const Reservation& run, std::uint64_t used_bytes) noexcept {
    jobs.try_post(
        [this, segment = run.segment, offset = run.offset + used_bytes,
         bytes = run.bytes - used_bytes] { reclaimer.give_back(*segment, offset, bytes); });
}

void SegmentWorks::sync_everything() {
    for (const auto& segment : open.all()) bulk.syncer.sync_beyond(segment, 0);
}

base::IoResult<void> SegmentWorks::sync_unsynced() {
    if (options.durability != Durability::relaxed) return {};
    if (unsynced_lost) return base::IoError{EIO, "fdatasync", options.directory};
    // The open ones first: one that is retired meanwhile is among the others then.
    for (const auto& segment : open.all()) {
        if (!segment->dead() && segment->unsynced_bytes() == 0) continue;
        if (auto synced = segment->sync(); !synced) return lose_unsynced(synced.error());
    }
    std::vector<std::uint64_t> retired;
    {
        const std::lock_guard lock(retired_mutex);
        retired = retired_unsynced;
    }
    for (const auto number : retired)
        if (auto synced = sync_retired(*this, number); !synced)
            return lose_unsynced(synced.error());
    if (auto synced = vfs.sync_directory(options.directory); !synced) {
        unsynced_lost = true;
        faults.directory_failed(synced.error());
        return synced;
    }
    const std::lock_guard lock(retired_mutex);
    retired_unsynced.erase(retired_unsynced.begin(),
                           retired_unsynced.begin() + static_cast<std::ptrdiff_t>(retired.size()));
    return {};
}

/// The next sync would succeed, whatever the disk has dropped.
base::IoError SegmentWorks::lose_unsynced(const base::IoError& error) {
    unsynced_lost = true;
    faults.segment_died(error);
    return error;
}

}  // namespace holdfast::storage::local
