#include "server/http/memory_queue.h"

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <utility>

namespace holdfast::http {

namespace asio = boost::asio;

using Clock = std::chrono::steady_clock;
using Timer = asio::basic_waitable_timer<Clock, asio::wait_traits<Clock>, base::IoExecutor>;
using Verdict = MemoryGovernor::Verdict;

struct MemoryQueue::Waiter {
    Waiter(const base::IoExecutor& executor, Wanted what, std::uint64_t number)
        : wanted(what), came(number), timer(executor) {}

    /// Any thread; the timer itself is touched on its own loop only.
    static void wake(const std::shared_ptr<Waiter>& waiter) {
        asio::post(waiter->timer.get_executor(), [waiter] { waiter->timer.cancel(); });
    }

    const Wanted wanted;
    const std::uint64_t came;
    Timer timer;
    bool cancelled = false;            ///< its own loop's
    Outcome outcome = Outcome::waits;  ///< guarded by the queue's mutex, as what follows
    bool looks = false;                ///< it is this one that looks again now and then
    bool collected = false;            ///< what was set aside is its caller's
};

void MemoryQueue::Ticket::cancel() {
    const auto waiter = waiter_.lock();
    if (!waiter) return;
    waiter->cancelled = true;
    waiter->timer.cancel();
}

/// Also works when the coroutine is destroyed while it is suspended, at the end of the process.
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

base::Awaitable<bool> MemoryQueue::take(Ticket& ticket, Wanted wanted, Clock::time_point deadline) {
    if (!options_.governor) co_return true;
    options_.governor->measure_when_due();
    if (waiting_.load() == 0) {
        const auto verdict = options_.governor->decide(wanted.bytes, wanted.has_body);
        if (verdict == Verdict::admitted) co_return true;
        if (verdict == Verdict::refused) co_return false;
    }
    const auto executor = co_await asio::this_coro::executor;
    const auto waiter = enqueue(executor, wanted);
    const Place place(*this, waiter);
    ticket.waiter_ = waiter;
    for (;;) {
        bool looks = false;
        {
            const std::lock_guard lock(mutex_);
            const bool over = waiter->cancelled || Clock::now() >= deadline;
            waiter->collected = waiter->outcome == Outcome::admitted;
            if (over || waiter->outcome != Outcome::waits) co_return waiter->collected;
            looks = waiter->looks;
        }
        auto until = deadline;
        if (looks) until = std::min(until, Clock::now() + MemoryGovernor::measurement_interval);
        waiter->timer.expires_at(until);
        co_await waiter->timer.async_wait(asio::as_tuple(base::use_awaitable));
        if (looks) look();
    }
}

/// waiting_ is raised before the governor is asked, and what is given back is in the governor
/// before waiting_ is read: so nothing that is given back goes unnoticed.
std::shared_ptr<MemoryQueue::Waiter> MemoryQueue::enqueue(const base::IoExecutor& executor,
                                                          Wanted wanted) {
    const std::lock_guard lock(mutex_);
    auto waiter = std::make_shared<Waiter>(executor, wanted, came_++);
    auto& queue = wanted.has_body ? with_body_ : without_body_;
    queue.push_back(waiter);
    const auto before = waiting_.fetch_add(1);
    serve();
    if (waiter->outcome == Outcome::waits && before >= options_.waiting_max) {
        waiter->outcome = Outcome::refused;
        remove(waiter);
    }
    return waiter;
}

void MemoryQueue::give_back(std::uint64_t bytes) {
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
void MemoryQueue::serve() {
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
MemoryQueue::Waiting* MemoryQueue::longest(bool bodies_too) {
    const bool has_body = bodies_too && !with_body_.empty();
    if (!has_body) return without_body_.empty() ? nullptr : &without_body_;
    const bool body_came_first =
        without_body_.empty() || with_body_.front()->came < without_body_.front()->came;
    return body_came_first ? &with_body_ : &without_body_;
}

/// The first one of `queue` need not wait any more. REQUIRES: mutex_ is held.
void MemoryQueue::settle(Waiting& queue, Outcome outcome) {
    const auto waiter = std::move(queue.front());
    queue.pop_front();
    waiting_.fetch_sub(1);
    waiter->outcome = outcome;
    Waiter::wake(waiter);
}

/// REQUIRES: mutex_ is held.
void MemoryQueue::appoint() {
    const auto* const queue = longest(true);
    if (queue == nullptr || queue->front()->looks) return;
    queue->front()->looks = true;
    Waiter::wake(queue->front());
}

/// Who waited behind it may have waited for it alone. REQUIRES: mutex_ is held.
void MemoryQueue::remove(const std::shared_ptr<Waiter>& waiter) {
    auto& queue = waiter->wanted.has_body ? with_body_ : without_body_;
    const auto found = std::find(queue.begin(), queue.end(), waiter);
    if (found == queue.end()) return;  // closed
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
