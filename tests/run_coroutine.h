/// Runs a coroutine to its end on an event loop of its own and hands over what it returned: the way
/// a test calls an awaitable interface. An exception of the coroutine comes out of the call.
///
///     auto row = test::run(store.get("system", keys));
///
/// threads: any; each call has its own loop on the calling thread.
#pragma once

#include <exception>
#include <optional>
#include <stdexcept>
#include <type_traits>
#include <utility>

#include "base/async.h"
#include "base/spawn.h"
#include "tests/loop_of_nobody.h"

namespace holdfast::test {

/// The same on a loop the caller owns, for work that needs one before it starts (timers). The loop
/// runs until it has nothing left to do, not only until this coroutine ends.
template <class T>
T run_on(base::asio::io_context& loop, base::Awaitable<T> work) {
    constexpr bool returns = !std::is_void_v<T>;
    using Kept = std::conditional_t<returns, T, bool>;
    std::optional<Kept> result;
    auto outermost = [](base::Awaitable<T> inner,
                        std::optional<Kept>& to) -> base::Awaitable<void> {
        if constexpr (returns) {
            to.emplace(co_await std::move(inner));
        } else {
            co_await std::move(inner);
            to.emplace(true);
        }
    };
    std::exception_ptr thrown;
    base::spawn(loop, outermost(std::move(work), result),
                [&thrown](const std::exception_ptr& error) { thrown = error; });
    loop.restart();
    loop.run();
    if (thrown) std::rethrow_exception(thrown);
    if (!result) throw std::logic_error("a coroutine did not come to its end");
    if constexpr (returns) return *std::move(result);
}

template <class T>
T run(base::Awaitable<T> work) {
    tests::LoopOfNobody loop;
    return run_on(*loop, std::move(work));
}

}  // namespace holdfast::test
