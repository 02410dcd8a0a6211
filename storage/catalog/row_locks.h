/// Turns at rows that many writers want at once. Commits are optimistic: an attempt whose rows
/// changed since it read them is made again, which is cheap while races are rare. On a hot row
/// nearly every attempt would lose, so those that lost once stand in line here instead. Only this
/// process stands in the line: correctness comes from the expectations of the commit alone.
/// threads: any.
#pragma once

#include <atomic>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/async.h"
#include "base/result.h"
#include "storage/metadata_store.h"

namespace holdfast::storage::catalog {

class RowLocks {
public:
    /// Holds one row; the next in line has it when this goes.
    class Guard {
    public:
        Guard(RowLocks& locks, std::string row) : locks_(&locks), row_(std::move(row)) {}
        Guard(Guard&& other) noexcept
            : locks_(std::exchange(other.locks_, nullptr)), row_(std::move(other.row_)) {}
        Guard& operator=(Guard&&) = delete;
        ~Guard() {
            if (locks_ != nullptr) locks_->release(row_);
        }

    private:
        RowLocks* locks_;
        std::string row_;
    };

    /// First come, first served; the coroutine goes on on its own loop.
    base::Awaitable<Guard> lock(std::string row);
    [[nodiscard]] bool is_held(const std::string& row) const;
    /// How many rows are held.
    [[nodiscard]] std::size_t held() const { return held_.load(std::memory_order_relaxed); }

private:
    using Resume = std::function<void(base::Unit)>;
    /// False: `row` is held.
    bool take(const std::string& row);
    bool take_or_queue(const std::string& row, const Resume& resume);
    void release(const std::string& row);

    mutable std::mutex mutex_;
    std::unordered_map<std::string, std::deque<Resume>> rows_;  ///< of each held row: who waits
    std::atomic<std::size_t> held_{0};  ///< rows_.size(), for a look without the mutex
};

/// One write's way to its row: the first attempt goes at once unless the row is held already; after
/// a lost race the write waits for its turn and keeps the row to its end.
/// Who needs two rows asks for an upload's before an object's, always.
class RowTurn {
public:
    RowTurn(RowLocks& locks, const Partition& partition, std::string_view row);

    /// Call before each attempt.
    base::Awaitable<void> next_attempt();

private:
    RowLocks& locks_;
    std::string row_;
    bool tried_ = false;
    std::optional<RowLocks::Guard> guard_;
};

}  // namespace holdfast::storage::catalog
