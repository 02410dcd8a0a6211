#include "storage/workers/throttle.h"

#include <algorithm>

#include "base/await_timer.h"

namespace holdfast::storage::workers {

namespace {
/// Shorter waits are saved up.
constexpr std::chrono::milliseconds wait_min{5};
}  // namespace

base::Awaitable<void> Throttle::spend(std::uint64_t bytes) {
    if (bytes_per_second_ == 0 || stopped_) co_return;
    const auto now = std::chrono::steady_clock::now();
    const std::chrono::duration<double> price(static_cast<double>(bytes) /
                                              static_cast<double>(bytes_per_second_));
    free_at_ = std::max(free_at_, now) +
               std::chrono::duration_cast<std::chrono::steady_clock::duration>(price);
    if (free_at_ - now < wait_min) co_return;
    timer_.expires_at(free_at_);
    static_cast<void>(co_await base::await_timer(timer_));
}

void Throttle::stop() {
    stopped_ = true;
    timer_.cancel();
}

}  // namespace holdfast::storage::workers
