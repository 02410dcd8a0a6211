#include "storage/local/committer.h"

#include <algorithm>

#include "base/failpoint.h"
#include "base/log.h"
#include "base/metrics.h"

namespace holdfast::storage::local {

namespace {

StorageError read_only_fault() {
    return StorageError{StorageError::Kind::read_only, "an earlier write to the index failed"};
}

StorageError stopped() {
    return StorageError{StorageError::Kind::unavailable, "the engine is stopping"};
}

/// A conflict may have been one with a transaction of the group that is in doubt: telling it would
/// tell that the other one happened.
StorageError after_failed_write(const Result<RowVersion>& answer, const rocksdb::Status& status) {
    if (answer) return StorageError{StorageError::Kind::in_doubt, status.ToString()};
    if (answer.error().kind == StorageError::Kind::conflict) return read_only_fault();
    return answer.error();
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
      high_water_synced_(clock.steady()),
      thread_([this] { run(); }) {}

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
    for (;;) {
        Requests requests = next_group();
        if (requests.empty()) return;
        commit(std::move(requests));
        do_what_is_due();
    }
}

/// Waits; empty when the thread is to end.
Committer::Requests Committer::next_group() {
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
    if (stopping_) return {};
    return take_group();
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

Committer::Requests Committer::take_group() {
    Requests requests;
    std::size_t bytes = 0;
    while (!queue_.empty() && requests.size() < group_operations_max) {
        bytes += bytes_of(queue_.front().transaction);
        if (!requests.empty() && bytes > group_bytes_max) break;
        requests.push_back(std::move(queue_.front()));
        queue_.pop_front();
    }
    last_group_operations_ = requests.size();
    return requests;
}

void Committer::commit(Requests requests) {
    std::vector<Result<RowVersion>> answers;
    answers.reserve(requests.size());
    CommitGroup group(database_, last_);
    for (const auto& request : requests) {
        if (failed_)
            answers.emplace_back(read_only_fault());
        else
            answers.push_back(group.add(request.partition, request.transaction));
    }
    static_cast<void>(HF_FAILPOINT("commit.batch.built"));
    if (!group.empty()) {
        if (const auto status = write(group); !status.ok()) {
            for (std::size_t i = 0; i < requests.size(); ++i)
                if (answers[i]) in_doubt_.add(requests[i].partition, requests[i].transaction);
            fail(status);
            for (auto& answer : answers) answer = after_failed_write(answer, status);
        }
    }
    for (std::size_t i = 0; i < requests.size(); ++i) requests[i].resume(std::move(answers[i]));
}

rocksdb::Status Committer::write(CommitGroup& group) {
    if (HF_FAILPOINT("commit.wal.before") != base::Injected::none)
        return rocksdb::Status::IOError("injected before the write");
    if (options_.ballast != nullptr) options_.ballast->look();
    const bool sync = options_.durability != Durability::relaxed && !HF_TEST_BREAK("wal_sync");
    const auto started = clock_.steady();
    auto status = database_.db().Write(make_write_options(sync), &group.seal());
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

void Committer::fail(const rocksdb::Status& status) {
    failed_ = true;
    if (status.IsNoSpace() && options_.ballast != nullptr) options_.ballast->release();
    base::log::error("index.write_failed", {{"reason", status.ToString()}});
    if (options_.failed)
        options_.failed("the index could not be written: " + status.ToString(), status.IsNoSpace());
}

/// Not with durability relaxed: the mark could outlive, in a power loss, commits that relaxed does
/// not promise to keep, and the next start would take them for lost.
void Committer::record_high_water() {
    if (options_.durability == Durability::relaxed) return;
    const auto recorded = high_water_.record(HighWaterSlot{options_.incarnation, last_});
    // The mark stays a lower bound; what is lost is only sharpness, so commits go on.
    if (!recorded && !high_water_failed_)
        base::log::warning("highwater.not_recorded", {{"reason", recorded.error().message()}});
    high_water_failed_ = !recorded;
}

void Committer::do_what_is_due() {
    if (options_.ballast != nullptr) options_.ballast->restore();
    const auto now = clock_.steady();
    if (!high_water_.dirty() || now - high_water_synced_ < high_water_sync_interval) return;
    high_water_synced_ = now;
    if (const auto synced = high_water_.sync(); !synced)
        base::log::warning("highwater.not_synced", {{"reason", synced.error().message()}});
}

}  // namespace holdfast::storage::local
