/// A bounded pool of threads for work that may block (files, syncs, RocksDB misses). An event loop
/// hands work over and goes on; the awaiting coroutine comes back to the loop it ran on.
#pragma once

#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>
#include <exception>
#include <optional>
#include <type_traits>
#include <utility>

#include "base/async.h"
#include "base/await_callback.h"
#include "base/result.h"

namespace holdfast::base {

class WorkerPool {
public:
    explicit WorkerPool(std::size_t threads) : pool_(threads) {}

    /// Runs `work` on a pool thread and returns what it returned (or throws what it threw).
    /// The callable must stay alive until then: a named local lambda of the awaiting coroutine
    /// does.
    template <class F>
    Awaitable<std::invoke_result_t<F&>> run(F& work);

    /// Hands work over without waiting for it. It must not throw.
    template <class F>
    void post(F&& work) {
        asio::post(pool_, std::forward<F>(work));
    }

    /// Waits for everything handed over, then ends the threads.
    void join() { pool_.join(); }

private:
    asio::thread_pool pool_;
};

// ---------------------------------------------------------------------------------------------------

template <class F>
Awaitable<std::invoke_result_t<F&>> WorkerPool::run(F& work) {
    using T = std::invoke_result_t<F&>;
    using Outcome = std::conditional_t<std::is_void_v<T>, Unit, std::optional<T>>;
    struct Done {
        Outcome value{};
        std::exception_ptr failure;
    };
    auto start = [this, &work](auto resume) {
        asio::post(pool_, [&work, resume]() mutable {
            Done done;
            try {
                if constexpr (std::is_void_v<T>)
                    work();
                else
                    done.value.emplace(work());
            } catch (...) {
                done.failure = std::current_exception();
            }
            resume(std::move(done));
        });
    };
    Done done = co_await await_callback<Done>(start);
    if (done.failure) std::rethrow_exception(done.failure);
    if constexpr (!std::is_void_v<T>) co_return std::move(*done.value);
}

}  // namespace holdfast::base
