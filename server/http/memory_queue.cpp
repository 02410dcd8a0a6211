#include "server/http/memory_queue.h"

#include <algorithm>
#include <boost/asio/this_coro.hpp>
#include <utility>

#include "base/sleeper.h"

namespace holdfast::http {

namespace asio = boost::asio;

using Clock = std::chrono::steady_clock;
using Verdict = MemoryGovernor::Verdict;

/// It sleeps between two looks at what became of it.
struct MemoryQueue::Waiter : base::Sleeper {
    Waiter(const base::IoExecutor& executor, Wanted what) : base::Sleeper(executor), wanted(what) {}

    const Wanted wanted;
    std::uint64_t came = 0;  ///< guarded by the queue's mutex, as what follows
    Outcome outcome = Outcome::waits;
    bool looks = false;      ///< it is this one that looks again now and then
    bool collected = false;  ///< what was set aside is its caller's
};

/// Also works when the wait throws, and when the coroutine is destroyed while it is suspended, at
/// the end of the process.
class MemoryQueue::Place {
public:
    Place(MemoryQueue& queue, std::shared_ptr<Waiter> waiter)
        : queue_(queue), waiter_(std::move(waiter)) {}
    ~Place() {
        const std::lock_guard lock(queue_.mutex_);
        if (waiter_->outcome == Outcome::waits) queue_.remove(waiter_);
        if (waiter_->outcome != Outcome::admitted || waiter_->collected) return;
        queue_.options_.governor->release(waiter_->wanted.bytes);
        queue_.serve();
    }
    Place(const Place&) = delete;
    Place& operator=(const Place&) = delete;

private:
    MemoryQueue& queue_;
    const std::shared_ptr<Waiter> waiter_;
};

base::Awaitable<bool> MemoryQueue::take(WaitTicket& ticket, Wanted wanted,
                                        Clock::time_point deadline) {
    if (!options_.governor) co_return true;
    options_.governor->measure_when_due();
    if (waiting_.load() == 0) {
        const auto verdict = options_.governor->decide(wanted.bytes, wanted.has_body);
        if (verdict == Verdict::admitted) co_return true;
        if (verdict == Verdict::refused) co_return false;
    }
    const auto executor = co_await asio::this_coro::executor;
    const auto waiter = std::make_shared<Waiter>(executor, wanted);
    const Place place(*this, waiter);
    ticket.begin(waiter);
    enqueue(waiter);
    for (;;) {
        bool looks = false;
        {
            const std::lock_guard lock(mutex_);
            const bool over = ticket.cancelled() || Clock::now() >= deadline;
            waiter->collected = waiter->outcome == Outcome::admitted;
            if (over || waiter->outcome != Outcome::waits) co_return waiter->collected;
            looks = waiter->looks;
        }
        auto until = deadline;
        if (looks) until = std::min(until, Clock::now() + MemoryGovernor::measurement_interval);
        co_await waiter->sleep_until(until);
        if (looks) look();
    }
}

/// waiting_ is raised before the governor is asked, and what is given back is in the governor
/// before waiting_ is read: so nothing that is given back goes unnoticed.
void MemoryQueue::enqueue(const std::shared_ptr<Waiter>& waiter) {
    const std::lock_guard lock(mutex_);
    auto& queue = waiter->wanted.has_body ? with_body_ : without_body_;
    waiter->came = came_++;
    queue.push_back(waiter);
    const auto before = waiting_.fetch_add(1);
    serve();
    if (waiter->outcome != Outcome::waits || before < options_.waiting_max) return;
    waiter->outcome = Outcome::refused;
    remove(waiter);
}

void MemoryQueue::give_back(std::uint64_t bytes) noexcept {
    if (!options_.governor) return;
    options_.governor->release(bytes);
    if (waiting_.load() == 0) return;
    const std::lock_guard lock(mutex_);
    serve();
}

/// The measurement takes its time, so nobody waits for it.
void MemoryQueue::look() {
    options_.governor->measure_when_due();
    const std::lock_guard lock(mutex_);
    serve();
}

/// REQUIRES: mutex_ is held.
void MemoryQueue::serve() noexcept {
    bool bodies_too = true;
    while (auto* const queue = longest(bodies_too)) {
        const auto& wanted = queue->front()->wanted;
        const auto verdict = options_.governor->decide(wanted.bytes, wanted.has_body);
        if (verdict == Verdict::wait) break;
        if (verdict == Verdict::held_back)
            bodies_too = false;
        else
            settle(*queue, verdict == Verdict::admitted ? Outcome::admitted : Outcome::refused);
    }
    appoint();
}

/// Whose first one waits longest; null when nobody does. REQUIRES: mutex_ is held.
MemoryQueue::Waiting* MemoryQueue::longest(bool bodies_too) noexcept {
    const bool has_body = bodies_too && !with_body_.empty();
    if (!has_body) return without_body_.empty() ? nullptr : &without_body_;
    const bool body_came_first =
        without_body_.empty() || with_body_.front()->came < without_body_.front()->came;
    return body_came_first ? &with_body_ : &without_body_;
}

/// The first one of `queue` need not wait any more. REQUIRES: mutex_ is held.
void MemoryQueue::settle(Waiting& queue, Outcome outcome) noexcept {
    const auto waiter = std::move(queue.front());
    queue.pop_front();
    waiting_.fetch_sub(1);
    waiter->outcome = outcome;
    base::Sleeper::wake(waiter);
}

/// REQUIRES: mutex_ is held.
void MemoryQueue::appoint() noexcept {
    const auto* const queue = longest(true);
    if (queue == nullptr || queue->front()->looks) return;
    queue->front()->looks = true;
    base::Sleeper::wake(queue->front());
}

/// Who waited behind it may have waited for it alone. REQUIRES: mutex_ is held.
void MemoryQueue::remove(const std::shared_ptr<Waiter>& waiter) noexcept {
    auto& queue = waiter->wanted.has_body ? with_body_ : without_body_;
    const auto found = std::find(queue.begin(), queue.end(), waiter);
    if (found == queue.end()) return;  // closed, or never came to wait
    queue.erase(found);
    waiting_.fetch_sub(1);
    serve();
}

void MemoryQueue::close() {
    const std::lock_guard lock(mutex_);
    with_body_.clear();
    without_body_.clear();
    waiting_.store(0);
}

}  // namespace holdfast::http
