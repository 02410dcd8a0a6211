/// At most so many requests run at once, over all loops; some more wait their turn in order.
///
/// Costs one atomic addition as long as there is room. threads: any
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <deque>
#include <memory>
#include <mutex>

#include "base/async.h"
#include "server/http/wait_ticket.h"

namespace holdfast::http {

class RequestGate {
public:
    struct Options {
        std::size_t running_max;
        std::size_t queued_max;
    };
    explicit RequestGate(Options options) : options_(options) {}

    /// Takes a place, unless there is none or others wait already.
    bool try_enter();
    /// Waits for a place on the caller's loop. False: the queue is full, the time is up, or the
    /// ticket was cancelled. The ticket lives as long as the call.
    base::Awaitable<bool> enter(WaitTicket& ticket, std::chrono::steady_clock::time_point deadline);
    /// Gives the place back, to the one who waits longest. Needs no memory: it is called where
    /// nothing may be thrown.
    void leave() noexcept;
    /// Forgets who waits. REQUIRES: no loop runs any more; the loops still exist.
    void close();

private:
    struct Waiter;

    class Turn;

    bool take_place() noexcept;
    bool enqueue(const std::shared_ptr<Waiter>& waiter);
    void serve() noexcept;

    const Options options_;
    std::atomic<std::size_t> running_{0};
    std::atomic<std::size_t> waiting_{0};
    std::mutex mutex_;
    std::deque<std::shared_ptr<Waiter>> queue_;
};

}  // namespace holdfast::http
