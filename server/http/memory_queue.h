/// Who waits until the governor lets it have memory, in the order they came.
///
/// Memory that is given back goes to the one who waits longest, and nobody overtakes it: a large
/// request would otherwise wait for as long as small ones keep coming. Only while memory is tight,
/// when no body is read, do requests without one pass by those with. Who waits is woken by what is
/// given back; since memory also comes back by itself (it is trimmed, say), the one who waits
/// longest looks again now and then, for all of them.
///
/// Costs an atomic read beyond the governor as long as nobody waits. threads: any.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>

#include "base/async.h"
#include "server/http/memory_governor.h"
#include "server/http/wait_ticket.h"

namespace holdfast::http {

class MemoryQueue {
public:
    struct Options {
        std::shared_ptr<MemoryGovernor> governor;  ///< null: everybody gets everything
        std::size_t waiting_max;
    };
    explicit MemoryQueue(Options options) : options_(std::move(options)) {}

    struct Wanted {
        std::uint64_t bytes = 0;
        bool has_body = false;
    };
    /// Waits on the caller's loop until `wanted` is set aside for it. False: refused, too many wait
    /// already, the time is up, or the ticket was cancelled. The ticket lives as long as the call.
    base::Awaitable<bool> take(WaitTicket& ticket, Wanted wanted,
                               std::chrono::steady_clock::time_point deadline);
    /// Needs no memory: it is called where nothing may be thrown.
    void give_back(std::uint64_t bytes) noexcept;
    /// Forgets who waits. REQUIRES: no loop runs any more; the loops still exist.
    void close();

private:
    struct Waiter;
    using Waiting = std::deque<std::shared_ptr<Waiter>>;
    enum class Outcome { waits, admitted, refused };
    class Place;

    void enqueue(const std::shared_ptr<Waiter>& waiter);
    void look();
    void serve() noexcept;
    void appoint() noexcept;
    void settle(Waiting& queue, Outcome outcome) noexcept;
    void remove(const std::shared_ptr<Waiter>& waiter) noexcept;
    Waiting* longest(bool bodies_too) noexcept;

    const Options options_;
    std::atomic<std::size_t> waiting_{0};
    std::mutex mutex_;        ///< guards what follows, and what waiters say
    std::uint64_t came_ = 0;  ///< the number of the next one
    Waiting with_body_;       ///< in the order they came
    Waiting without_body_;
};

}  // namespace holdfast::http
