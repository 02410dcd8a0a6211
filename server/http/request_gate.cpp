#include "server/http/request_gate.h"

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>

namespace holdfast::http {

namespace asio = boost::asio;

using Timer =
    asio::basic_waitable_timer<std::chrono::steady_clock,
                               asio::wait_traits<std::chrono::steady_clock>, base::IoExecutor>;

struct RequestGate::Waiter {
    explicit Waiter(const base::IoExecutor& executor) : timer(executor) {}
    Timer timer;            ///< touched on its own loop only
    bool admitted = false;  ///< guarded by the gate's mutex
};

bool RequestGate::take_place() {
    std::size_t running = running_.load();
    while (running < options_.running_max)
        if (running_.compare_exchange_weak(running, running + 1)) return true;
    return false;
}

bool RequestGate::try_enter() {
    return waiting_.load() == 0 && take_place();
}

/// waiting_ is raised before the queue is read by leave(), and running_ lowered before waiting_ is
/// read there: one of the two sees the other, so no free place goes unnoticed.
std::shared_ptr<RequestGate::Waiter> RequestGate::enqueue(const base::IoExecutor& executor) {
    const std::lock_guard lock(mutex_);
    if (queue_.size() >= options_.queued_max) return nullptr;
    auto waiter = std::make_shared<Waiter>(executor);
    waiting_.fetch_add(1);
    if (queue_.empty() && take_place()) {
        waiting_.fetch_sub(1);
        waiter->admitted = true;
    } else {
        queue_.push_back(waiter);
    }
    return waiter;
}

base::Awaitable<bool> RequestGate::enter(std::chrono::steady_clock::time_point deadline) {
    const auto executor = co_await asio::this_coro::executor;
    const auto waiter = enqueue(executor);
    if (!waiter) co_return false;
    waiter->timer.expires_at(deadline);
    {
        // From here on leave() may cancel the timer, or has admitted before it was set.
        const std::lock_guard lock(mutex_);
        if (waiter->admitted) co_return true;
    }
    co_await waiter->timer.async_wait(asio::as_tuple(base::use_awaitable));
    co_return !give_up(waiter);
}

bool RequestGate::give_up(const std::shared_ptr<Waiter>& waiter) {
    const std::lock_guard lock(mutex_);
    if (waiter->admitted) return false;
    queue_.erase(std::find(queue_.begin(), queue_.end(), waiter));
    waiting_.fetch_sub(1);
    return true;
}

void RequestGate::leave() {
    running_.fetch_sub(1);
    if (waiting_.load() == 0) return;
    const std::lock_guard lock(mutex_);
    while (!queue_.empty() && take_place()) {
        const auto waiter = std::move(queue_.front());
        queue_.pop_front();
        waiting_.fetch_sub(1);
        waiter->admitted = true;
        asio::post(waiter->timer.get_executor(), [waiter] { waiter->timer.cancel(); });
    }
}

void RequestGate::close() {
    const std::lock_guard lock(mutex_);
    queue_.clear();
    waiting_.store(0);
}

}  // namespace holdfast::http
