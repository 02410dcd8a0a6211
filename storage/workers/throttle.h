/// Holds background reading to a rate, so that requests keep the disk. threads: one event loop.
#pragma once

#include <boost/asio/basic_waitable_timer.hpp>
#include <chrono>
#include <cstdint>

#include "base/async.h"

namespace holdfast::storage::workers {

using WorkerTimer =
    base::asio::basic_waitable_timer<std::chrono::steady_clock,
                                     base::asio::wait_traits<std::chrono::steady_clock>,
                                     base::IoExecutor>;

class Throttle {
public:
    /// 0: no limit.
    Throttle(base::IoExecutor executor, std::uint64_t bytes_per_second)
        : bytes_per_second_(bytes_per_second), timer_(executor) {}

    /// Waits until the bytes read so far are within the rate, or stop().
    base::Awaitable<void> spend(std::uint64_t bytes);
    void stop();

private:
    const std::uint64_t bytes_per_second_;
    WorkerTimer timer_;
    bool stopped_ = false;
    std::chrono::steady_clock::time_point free_at_{};  ///< when what was read is paid for
};

}  // namespace holdfast::storage::workers
