/// Runs a coroutine from a thread that may wait. threads: any, but no event loop's.
#pragma once

#include <boost/asio/executor_work_guard.hpp>
#include <exception>
#include <optional>

#include "base/assert.h"
#include "base/async.h"
#include "base/spawn.h"

namespace holdfast::server {

/// What `work` returns (or throws). The loop is used for nothing else, and outlives the threads
/// that `work` hands work to: they may still be inside the call that posts to it.
template <class T>
T run_to_end(base::asio::io_context& loop, base::Awaitable<T> work) {
    loop.restart();
    // Work handed to other threads is not the loop's: the guard keeps it waiting for the answer.
    auto guard = boost::asio::make_work_guard(loop);
    std::optional<T> outcome;
    std::exception_ptr failure;
    auto body = [&]() -> base::Awaitable<void> { outcome.emplace(co_await std::move(work)); };
    base::spawn(loop, body(), [&](const std::exception_ptr& thrown) {
        failure = thrown;
        guard.reset();
    });
    loop.run();
    if (failure) std::rethrow_exception(failure);
    HF_ASSERT(outcome.has_value());
    return *std::move(outcome);
}

}  // namespace holdfast::server
