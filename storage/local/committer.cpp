#include "storage/local/committer.h"

#include <algorithm>
#include <new>
#include <string_view>

#include "base/failpoint.h"
#include "base/log.h"
#include "base/metrics.h"

namespace holdfast::storage::local {

namespace {

/// With its detail when there is memory for one: what happened is told in any case.
StorageError error_of(StorageError::Kind kind, std::string_view detail) {
    StorageError error{kind, {}};
    try {
        error.detail = detail;
    } catch (const std::bad_alloc&) {
        error.detail.clear();
    }
    return error;
}

StorageError read_only_fault() {
    return error_of(StorageError::Kind::read_only, "an earlier write to the index failed");
}

StorageError stopped() {
    return error_of(StorageError::Kind::unavailable, "the engine is stopping");
}

std::string text_of(const rocksdb::Status& status) {
    try {
        return status.ToString();
    } catch (const std::bad_alloc&) {
        return {};
    }
}

/// A conflict may have been one with a transaction of the group that is in doubt: telling it would
/// tell that the other one happened.
void settle_after_failed_write(Result<RowVersion>& answer, std::string_view reason) {
    if (answer)
        answer = error_of(StorageError::Kind::in_doubt, reason);
    else if (answer.error().kind == StorageError::Kind::conflict)
        answer = read_only_fault();
}

std::size_t bytes_of(const Transaction& transaction) {
    std::size_t bytes = 0;
    for (const auto& put : transaction.puts) bytes += put.key.key.size() + put.value.size();
    for (const auto& row : transaction.deletes) bytes += row.key.size();
    return bytes;
}

struct CommitMetrics {
    prometheus::Counter& commits =
        base::metrics::counter("holdfast_commits_total", "Transactions committed.");
    prometheus::Counter& groups = base::metrics::counter(
        "holdfast_commit_groups_total", "Writes to the index, each of one or more transactions.");
    prometheus::Counter& queue_refused =
        base::metrics::counter("holdfast_commit_queue_refused_total",
                               "Transactions refused because too many waited for their commit.");
    prometheus::Counter& without_memory =
        base::metrics::counter("holdfast_commits_without_memory_total",
                               "Transactions refused because memory ran out before their write.");
    prometheus::Counter& mark_failures = base::metrics::counter(
        "holdfast_highwater_failures_total",
        "Writes and syncs of the mark of the last answered commit that failed.");
    prometheus::Histogram& sync_duration = base::metrics::duration_histogram(
        "holdfast_commit_sync_duration_seconds", "Time of a write to the index with its sync.");
};

CommitMetrics& commit_metrics() {
    static CommitMetrics metrics;
    return metrics;
}

}  // namespace

Committer::Committer(const Options& options, const RowDatabase& database, HighWater& high_water,
                     const base::Clock& clock)
    : options_(options),
      database_(database),
      high_water_(high_water),
      clock_(clock),
      last_(database.commit_no()),
      high_water_synced_(clock.steady()) {
    requests_.reserve(group_operations_max);
    answers_.reserve(group_operations_max);
    commit_metrics();  // made here, where there is somebody to tell when there is no memory for it
    thread_ = std::thread([this] { run(); });
}

Committer::~Committer() {
    stop();
}

void Committer::submit(CommitRequest request) {
    std::unique_lock lock(mutex_);
    if (failed_ || stopping_ || queue_.size() >= options_.queue_max) {
        const bool full = !failed_ && !stopping_;
        lock.unlock();
        if (full) commit_metrics().queue_refused.Increment();
        if (failed_)
            request.resume(read_only_fault());
        else if (full)
            request.resume(StorageError{StorageError::Kind::unavailable, "commit queue full"});
        else
            request.resume(stopped());
        return;
    }
    queue_.push_back(std::move(request));
    const bool wake = queue_.size() == wake_at_;
    lock.unlock();
    if (wake) wake_.notify_one();
}

Result<RowVersion> Committer::finish() {
    stop();
    if (failed_) return read_only_fault();
    // Nothing new with durability strict, everything with relaxed.
    if (const auto status = database_.db().SyncWAL(); !status.ok()) return to_storage_error(status);
    auto recorded = high_water_.record(HighWaterSlot{options_.incarnation, last_});
    if (recorded) recorded = high_water_.sync();
    if (!recorded) return StorageError{StorageError::Kind::io, recorded.error().message()};
    return last_.load();
}

void Committer::stop() {
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    wake_.notify_one();
    if (thread_.joinable()) thread_.join();
    for (auto& request : queue_) request.resume(stopped());
    queue_.clear();
}

void Committer::run() {
    while (next_group()) {
        commit();
        do_what_is_due();
    }
}

/// Waits; false when the thread is to end.
bool Committer::next_group() {
    std::unique_lock lock(mutex_);
    while (queue_.empty() && !stopping_) {
        wake_at_ = 1;
        const bool something = wake_.wait_for(lock, high_water_sync_interval,
                                              [&] { return !queue_.empty() || stopping_; });
        if (something) break;
        lock.unlock();
        do_what_is_due();
        lock.lock();
    }
    if (!stopping_) wait_for_company(lock);
    if (stopping_) return false;
    take_group();
    return true;
}

/// Those who were answered together mostly come back together, but not in the same microsecond:
/// taking the first of them at once would make it pay, and the others wait for, a sync of its own.
void Committer::wait_for_company(std::unique_lock<std::mutex>& lock) {
    if (options_.durability == Durability::relaxed) return;
    const bool batched = options_.durability == Durability::batched;
    const std::size_t wanted = batched ? group_operations_max : last_group_operations_;
    if (queue_.size() >= wanted) return;
    wake_at_ = wanted;
    wake_.wait_for(lock, batched ? batched_wait_max : strict_wait_max,
                   [&] { return queue_.size() >= wanted || stopping_; });
}

void Committer::take_group() {
    std::size_t bytes = 0;
    while (!queue_.empty() && requests_.size() < group_operations_max) {
        bytes += bytes_of(queue_.front().transaction);
        if (!requests_.empty() && bytes > group_bytes_max) break;
        requests_.push_back(std::move(queue_.front()));
        queue_.pop_front();
    }
    last_group_operations_ = requests_.size();
}

void Committer::commit() {
    std::optional<CommitGroup> group;
    const bool decided = decide(group);
    static_cast<void>(HF_FAILPOINT("commit.batch.built"));
    if (decided && !group->empty()) {
        if (auto status = write(*group); !status.ok()) {
            for (std::size_t i = 0; i < requests_.size(); ++i)
                if (answers_[i]) in_doubt_.add(requests_[i].partition, requests_[i].transaction);
            const auto reason = text_of(status);
            for (auto& answer : answers_) settle_after_failed_write(answer, reason);
            fail(std::move(status));
        }
    }
    for (std::size_t i = 0; i < requests_.size(); ++i) requests_[i].resume(std::move(answers_[i]));
    requests_.clear();
    answers_.clear();
}

/// The answers as they are if the write succeeds. False when memory ran out: nothing is written.
bool Committer::decide(std::optional<CommitGroup>& group) {
    try {
        group.emplace(database_, last_);
        for (const auto& request : requests_) {
            if (failed_)
                answers_.emplace_back(read_only_fault());
            else
                answers_.push_back(group->add(request.partition, request.transaction));
        }
        if (!group->empty()) group->seal();
        if (!group->empty() && options_.ballast != nullptr) options_.ballast->look();
        return true;
    } catch (const std::bad_alloc&) {
        answers_.clear();
        for (std::size_t i = 0; i < requests_.size(); ++i)
            answers_.emplace_back(error_of(StorageError::Kind::unavailable, "out of memory"));
        commit_metrics().without_memory.Increment(static_cast<double>(requests_.size()));
        base::log::error("commit.out_of_memory",
                         {{"transactions", std::uint64_t{requests_.size()}}});
        return false;
    }
}

rocksdb::Status Committer::write(CommitGroup& group) {
    if (HF_FAILPOINT("commit.wal.before") != base::Injected::none)
        return rocksdb::Status::IOError("injected before the write");
    const bool sync = options_.durability != Durability::relaxed && !HF_TEST_BREAK("wal_sync");
    const auto started = clock_.steady();
    auto status = database_.db().Write(make_write_options(sync), &group.batch());
    if (!status.ok()) return status;
    commit_metrics().sync_duration.Observe(
        std::chrono::duration<double>(clock_.steady() - started).count());
    if (HF_FAILPOINT("commit.wal.after") != base::Injected::none)
        return rocksdb::Status::IOError("injected after the write");
    last_ = group.last();
    if (options_.acked != nullptr) *options_.acked = last_.load();
    commits_ += group.operations();
    ++groups_;
    commit_metrics().commits.Increment(static_cast<double>(group.operations()));
    commit_metrics().groups.Increment();
    record_high_water();
    return status;
}

void Committer::fail(rocksdb::Status status) {
    failed_ = true;
    failure_ = std::move(status);
    tell_failure();
}

/// What is not told for lack of memory is told by a later turn.
void Committer::tell_failure() {
    if (!failed_ || failure_told_) return;
    try {
        if (failure_.IsNoSpace() && options_.ballast != nullptr) options_.ballast->release();
        const auto reason = failure_.ToString();
        base::log::error("index.write_failed", {{"reason", reason}});
        if (options_.failed)
            options_.failed("the index could not be written: " + reason, failure_.IsNoSpace());
        failure_told_ = true;
    } catch (const std::bad_alloc&) {
        failure_told_ = false;
    }
}

/// Not with durability relaxed: the mark could outlive, in a power loss, commits that relaxed does
/// not promise to keep, and the next start would take them for lost.
void Committer::record_high_water() {
    if (options_.durability == Durability::relaxed) return;
    // The mark stays a lower bound; what is lost is only sharpness, so commits go on.
    try {
        const auto recorded = high_water_.record(HighWaterSlot{options_.incarnation, last_});
        if (!recorded) commit_metrics().mark_failures.Increment();
        if (!recorded && !high_water_failed_)
            base::log::warning("highwater.not_recorded", {{"reason", recorded.error().message()}});
        high_water_failed_ = !recorded;
    } catch (const std::bad_alloc&) {
        high_water_failed_ = true;
    }
}

/// What there is no memory for stays due.
void Committer::do_what_is_due() {
    tell_failure();
    try {
        if (options_.ballast != nullptr) options_.ballast->restore();
        const auto now = clock_.steady();
        if (!high_water_.dirty() || now - high_water_synced_ < high_water_sync_interval) return;
        high_water_synced_ = now;
        if (const auto synced = high_water_.sync(); !synced) {
            commit_metrics().mark_failures.Increment();
            base::log::warning("highwater.not_synced", {{"reason", synced.error().message()}});
        }
    } catch (const std::bad_alloc&) {
        base::log::warning("commit.upkeep_put_off", {{"reason", "out of memory"}});
    }
}

}  // namespace holdfast::storage::local
