#include "base/sleeper.h"

#include <boost/asio/post.hpp>

#include "base/await_timer.h"

namespace holdfast::base {

/// It, and not who wakes, touches the timer.
struct Sleeper::Waking {
    using allocator_type = OperationMemory::Allocator<void>;

    [[nodiscard]] allocator_type get_allocator() const { return sleeper->memory_.allocator(); }
    void operator()() const {
        sleeper->waking_ = false;  // from here on the memory may be used again
        sleeper->timer_.cancel();
    }

    std::shared_ptr<Sleeper> sleeper;
};

Awaitable<void> Sleeper::sleep_until(TimePoint time) {
    timer_.expires_at(time);
    static_cast<void>(co_await await_timer(timer_));  // it looks for itself why it woke
}

void Sleeper::wake(const std::shared_ptr<Sleeper>& sleeper) noexcept {
    if (sleeper->waking_.exchange(true)) return;
    asio::post(sleeper->timer_.get_executor(), Waking{sleeper});
}

}  // namespace holdfast::base
