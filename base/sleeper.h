/// A coroutine that sleeps until a time, or until it is woken.
///
/// What waking it needs is put aside when the sleeper is made, so that whoever wakes it, often a
/// destructor, lacks nothing for it.
#pragma once

#include <atomic>
#include <boost/asio/basic_waitable_timer.hpp>
#include <chrono>
#include <memory>

#include "base/async.h"
#include "base/operation_memory.h"

namespace holdfast::base {

class Sleeper {
public:
    using TimePoint = std::chrono::steady_clock::time_point;

    explicit Sleeper(const IoExecutor& executor) : timer_(executor) {}
    Sleeper(const Sleeper&) = delete;
    Sleeper& operator=(const Sleeper&) = delete;

    /// Returns at `time` or when woken, on the sleeper's loop. A lack of memory is thrown. The
    /// sleeper lives as long as the call. threads: the sleeper's loop, one call at a time.
    Awaitable<void> sleep_until(TimePoint time);
    /// A sleep that has begun ends; one that begins later need not notice: what the sleeper is
    /// woken for is said before, and it looks before it sleeps. threads: any. REQUIRES: the loop
    /// exists.
    static void wake(const std::shared_ptr<Sleeper>& sleeper) noexcept;

private:
    using Timer =
        asio::basic_waitable_timer<std::chrono::steady_clock,
                                   asio::wait_traits<std::chrono::steady_clock>, IoExecutor>;
    struct Waking;

    Timer timer_;  ///< touched on its loop only
    std::atomic<bool> waking_{false};
    OperationMemory memory_;
};

}  // namespace holdfast::base
