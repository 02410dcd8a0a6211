/// Starting a coroutine that nobody awaits. One function for all callers: what asio makes of each
/// call of its co_spawn takes the compiler the better part of a second.
#pragma once

#include <exception>
#include <functional>
#include <utility>

#include "base/async.h"
#include "base/last_words.h"

namespace holdfast::base {

/// What becomes of a coroutine that has ended: called on its loop with what it threw, or with null.
using Ended = std::function<void(const std::exception_ptr&)>;

/// From the loop's own thread it runs up to its first wait inside this call, from another one it
/// begins on the loop soon. By default what it throws leaves the loop.
/// Throws std::bad_alloc when there is no memory for it; then it never begins. threads: any.
void spawn(const IoExecutor& executor, Awaitable<void> work, Ended ended = or_crash);
inline void spawn(asio::io_context& loop, Awaitable<void> work, Ended ended = or_crash) {
    spawn(loop.get_executor(), std::move(work), std::move(ended));
}

}  // namespace holdfast::base
