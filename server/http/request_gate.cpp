#include "server/http/request_gate.h"

#include <algorithm>
#include <boost/asio/this_coro.hpp>
#include <utility>

#include "base/sleeper.h"

namespace holdfast::http {

namespace asio = boost::asio;

struct RequestGate::Waiter : base::Sleeper {
    using base::Sleeper::Sleeper;
    bool admitted = false;   ///< guarded by the gate's mutex, as what follows
    bool collected = false;  ///< the place is its caller's
};

/// Also works when the wait throws, and when the coroutine is destroyed while it is suspended, at
/// the end of the process.
class RequestGate::Turn {
public:
    Turn(RequestGate& gate, std::shared_ptr<Waiter> waiter)
        : gate_(gate), waiter_(std::move(waiter)) {}
    ~Turn() {
        bool unused = false;
        {
            const std::lock_guard lock(gate_.mutex_);
            auto& queue = gate_.queue_;
            const auto found = std::find(queue.begin(), queue.end(), waiter_);
            if (found != queue.end()) {
                queue.erase(found);
                gate_.waiting_.fetch_sub(1);
            }
            unused = waiter_->admitted && !waiter_->collected;
        }
        if (unused) gate_.leave();
    }
    Turn(const Turn&) = delete;
    Turn& operator=(const Turn&) = delete;

private:
    RequestGate& gate_;
    const std::shared_ptr<Waiter> waiter_;
};

bool RequestGate::take_place() noexcept {
    std::size_t running = running_.load();
    while (running < options_.running_max)
        if (running_.compare_exchange_weak(running, running + 1)) return true;
    return false;
}

bool RequestGate::try_enter() {
    return waiting_.load() == 0 && take_place();
}

base::Awaitable<bool> RequestGate::enter(WaitTicket& ticket,
                                         std::chrono::steady_clock::time_point deadline) {
    const auto executor = co_await asio::this_coro::executor;
    const auto waiter = std::make_shared<Waiter>(executor);
    const Turn turn(*this, waiter);
    ticket.begin(waiter);
    if (!enqueue(waiter)) co_return false;
    for (;;) {
        {
            const std::lock_guard lock(mutex_);
            waiter->collected = waiter->admitted;
            if (waiter->admitted) co_return true;
        }
        if (ticket.cancelled() || std::chrono::steady_clock::now() >= deadline) co_return false;
        co_await waiter->sleep_until(deadline);
    }
}

/// waiting_ is raised before the gate is asked, and running_ lowered before waiting_ is read in
/// leave(): one of the two sees the other, so no free place goes unnoticed.
bool RequestGate::enqueue(const std::shared_ptr<Waiter>& waiter) {
    const std::lock_guard lock(mutex_);
    if (queue_.size() >= options_.queued_max) return false;
    queue_.push_back(waiter);
    waiting_.fetch_add(1);
    serve();
    return true;
}

void RequestGate::leave() noexcept {
    running_.fetch_sub(1);
    if (waiting_.load() == 0) return;
    const std::lock_guard lock(mutex_);
    serve();
}

/// REQUIRES: mutex_ is held.
void RequestGate::serve() noexcept {
    while (!queue_.empty() && take_place()) {
        const auto waiter = std::move(queue_.front());
        queue_.pop_front();
        waiting_.fetch_sub(1);
        waiter->admitted = true;
        base::Sleeper::wake(waiter);
    }
}

void RequestGate::close() {
    const std::lock_guard lock(mutex_);
    queue_.clear();
    waiting_.store(0);
}

}  // namespace holdfast::http
