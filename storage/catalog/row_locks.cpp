#include "storage/catalog/row_locks.h"

#include "base/assert.h"
#include "base/failpoint.h"
#include "base/worker_pool.h"

namespace holdfast::storage::catalog {

bool RowLocks::take(const std::string& row) {
    const std::scoped_lock lock(mutex_);
    const bool is_free = rows_.try_emplace(row).second;
    held_.store(rows_.size(), std::memory_order_relaxed);
    return is_free;
}

bool RowLocks::take_or_queue(const std::string& row, const Resume& resume) {
    const std::scoped_lock lock(mutex_);
    const auto [place, is_free] = rows_.try_emplace(row);
    if (!is_free) place->second.push_back(resume);
    held_.store(rows_.size(), std::memory_order_relaxed);
    return is_free;
}

base::Awaitable<RowLocks::Guard> RowLocks::lock(std::string row) {
    if (!take(row)) {
        auto start = [this, &row](const Resume& resume) {
            if (take_or_queue(row, resume)) resume(base::Unit());
        };
        co_await base::await_callback<base::Unit>(start);
    }
    co_return Guard(*this, std::move(row));
}

bool RowLocks::is_held(const std::string& row) const {
    if (held() == 0) return false;
    const std::scoped_lock lock(mutex_);
    return rows_.count(row) > 0;
}

void RowLocks::release(const std::string& row) {
    Resume next;
    {
        const std::scoped_lock lock(mutex_);
        const auto place = rows_.find(row);
        HF_ASSERT(place != rows_.end());
        auto& waiting = place->second;
        if (waiting.empty()) {
            rows_.erase(place);
            held_.store(rows_.size(), std::memory_order_relaxed);
            return;
        }
        next = std::move(waiting.front());
        waiting.pop_front();
    }
    next(base::Unit());
}

RowTurn::RowTurn(RowLocks& locks, const Partition& partition, std::string_view row)
    : locks_(locks), row_(partition) {
    row_.push_back('\0');
    row_.append(row);
}

base::Awaitable<void> RowTurn::next_attempt() {
    static_cast<void>(HF_FAILPOINT("commit.lock"));
    if (guard_) co_return;
    if (!std::exchange(tried_, true) && !locks_.is_held(row_)) co_return;
    auto guard = co_await locks_.lock(row_);
    guard_.emplace(std::move(guard));
}

}  // namespace holdfast::storage::catalog
