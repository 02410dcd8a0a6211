/// Waiting for one of Asio's timers without the timer's own awaitable: what that throws when there
/// is no memory to begin with would leave the event loop, and end the process.
///
/// threads: the timer's loop
#pragma once

#include <boost/system/error_code.hpp>

#include "base/await_callback.h"

namespace holdfast::base {

/// Until its time comes, or it is cancelled, which the result tells. The timer lives as long as the
/// call. A lack of memory is thrown.
template <class Timer>
Awaitable<boost::system::error_code> await_timer(Timer& timer) {
    auto start = [&timer](const Resume<boost::system::error_code>& resume) {
        timer.async_wait([resume](const boost::system::error_code& ended) { resume(ended); });
    };
    co_return co_await await_callback<boost::system::error_code>(start);
}

}  // namespace holdfast::base
