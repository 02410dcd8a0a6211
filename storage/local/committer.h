/// The thread that makes transactions durable: one WAL sync for all that wait at that moment.
///
/// When memory runs out while a group is put together, nothing is written and its transactions hear
/// `unavailable`. From the write on nothing of its own is allocated but what can be done without,
/// so that an outcome is told whatever memory is left. What RocksDB cannot allocate inside the
/// write leaves it in a state that nobody knows: the process ends.
///
/// threads: submit() any; the rest one.
/// source:  spec durability 2.3.1, 2.4 (read-only fault), 2.5 (memory), 2.6.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "storage/local/ballast.h"
#include "storage/local/commit_group.h"
#include "storage/local/engine.h"
#include "storage/local/highwater.h"
#include "storage/local/in_doubt_rows.h"
#include "storage/local/row_database.h"
#include "storage/metadata_store.h"

namespace holdfast::storage::local {

inline constexpr std::size_t group_operations_max = 256;
inline constexpr std::size_t group_bytes_max = 1 << 20;
/// How long a group waits for those who took part in the one before. Nobody waits when alone.
inline constexpr std::chrono::microseconds strict_wait_max{1000};
inline constexpr std::chrono::microseconds batched_wait_max{3000};
inline constexpr std::chrono::seconds high_water_sync_interval{1};

struct CommitRequest {
    Partition partition;
    Transaction transaction;
    std::function<void(Result<RowVersion>)> resume;  ///< called once, from any thread
};

class Committer {
public:
    struct Options {
        Durability durability = Durability::strict;
        std::size_t queue_max = 4096;
        std::uint64_t incarnation = 0;
        Ballast* ballast = nullptr;  ///< null: there is none
        /// Set to the last commit of each write that succeeded, before its answers are given.
        std::atomic<RowVersion>* acked = nullptr;
        /// Told once, on the committer's thread, when a write failed.
        std::function<void(const std::string& reason, bool out_of_space)> failed;
    };
    /// All of them must outlive the committer.
    Committer(const Options& options, const RowDatabase& database, HighWater& high_water,
              const base::Clock& clock);
    Committer(const Committer&) = delete;
    Committer& operator=(const Committer&) = delete;
    /// Ends the thread; what is queued is answered with `unavailable`.
    ~Committer();

    /// Answers at once when the queue is full (unavailable), after a failed write (read_only) and
    /// after the end (unavailable).
    void submit(CommitRequest request);

    /// Ends the thread, makes everything durable and records it in the high-water mark. The last
    /// commit's number; read_only when a write failed before; io.
    Result<RowVersion> finish();
    /// Ends the thread; what is queued is answered with `unavailable`.
    void stop();

    [[nodiscard]] bool failed() const { return failed_; }
    /// Of the write that failed; told before its answers are. threads: any.
    [[nodiscard]] const InDoubtRows& in_doubt() const { return in_doubt_; }
    [[nodiscard]] std::uint64_t commits() const { return commits_; }
    [[nodiscard]] std::uint64_t groups() const { return groups_; }

private:
    void run();
    bool next_group();
    void wait_for_company(std::unique_lock<std::mutex>& lock);
    void take_group();
    void commit();
    bool decide(std::optional<CommitGroup>& group);
    rocksdb::Status write(CommitGroup& group);
    void fail(rocksdb::Status status);
    void tell_failure();
    void record_high_water();
    void do_what_is_due();

    const Options options_;
    const RowDatabase& database_;
    HighWater& high_water_;
    const base::Clock& clock_;

    std::mutex mutex_;
    std::condition_variable wake_;
    std::deque<CommitRequest> queue_;  ///< under mutex_
    std::size_t wake_at_ = 1;          ///< under mutex_; the queue's length that wakes the thread
    bool stopping_ = false;            ///< under mutex_

    std::atomic<bool> failed_ = false;
    InDoubtRows in_doubt_;
    std::atomic<std::uint64_t> commits_ = 0;
    std::atomic<std::uint64_t> groups_ = 0;

    // The thread's own.
    std::vector<CommitRequest> requests_;      ///< the group; has room for the largest
    std::vector<Result<RowVersion>> answers_;  ///< so does this
    rocksdb::Status failure_;                  ///< of the write that failed
    bool failure_told_ = false;
    std::atomic<RowVersion> last_;
    std::size_t last_group_operations_ = 1;
    base::SteadyTime high_water_synced_;
    bool high_water_failed_ = false;

    std::thread thread_;  ///< last: it uses all of the above
};

}  // namespace holdfast::storage::local
