/// Waiting in a coroutine until something on another thread calls back.
///
/// threads: any may call back; the coroutine resumes on its own loop.
#pragma once

#include <atomic>
#include <boost/asio/this_coro.hpp>
#include <exception>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

#include "base/async.h"
#include "base/operation_memory.h"

namespace holdfast::base {

/// One coroutine that waits. What resuming it needs is allocated when the wait begins, where a lack
/// of memory fails that coroutine alone: the thread that calls back (a committer, a syncer, a pool)
/// could tell nobody.
class Wait {
public:
    using Handler = asio::async_result<asio::use_awaitable_t<IoExecutor>, void()>::handler_type;

    explicit Wait(const IoExecutor& executor) : executor_(executor) {}
    /// The handler owns the coroutine from here on.
    void begin(Handler handler) { handler_.emplace(std::move(handler)); }
    /// Whether nobody did before: the outcome is the caller's to set, who resumes it then.
    bool claim() noexcept { return !claimed_.exchange(true); }
    static void resume(const std::shared_ptr<Wait>& wait) noexcept;

private:
    struct Resumption;

    IoExecutor executor_;
    std::optional<Handler> handler_;
    std::atomic<bool> claimed_{false};
    OperationMemory memory_;
};

/// What a wait ended with; lies in the coroutine's frame.
template <class T>
struct WaitOutcome {
    std::optional<T> value;
    std::exception_ptr failure;
};

/// Ends a wait. Copyable; the first call of any copy counts. It does not throw, whatever memory is
/// left.
template <class T>
class Resume {
public:
    Resume(std::shared_ptr<Wait> wait, WaitOutcome<T>& outcome)
        : wait_(std::move(wait)), outcome_(&outcome) {}

    void operator()(T value) const noexcept {
        static_assert(std::is_nothrow_move_constructible_v<T>);
        if (!wait_->claim()) return;
        outcome_->value.emplace(std::move(value));
        Wait::resume(wait_);
    }
    void fail(std::exception_ptr failure) const noexcept {
        if (!wait_->claim()) return;
        outcome_->failure = std::move(failure);
        Wait::resume(wait_);
    }

private:
    std::shared_ptr<Wait> wait_;
    WaitOutcome<T>* outcome_;
};

/// Suspends until `start`'s argument, a Resume<T>, is called, on whatever thread. What `start`
/// throws is thrown here instead.
template <class T, class Start>
Awaitable<T> await_callback(Start& start);

// ---------------------------------------------------------------------------------------------------

template <class T, class Start>
Awaitable<T> await_callback(Start& start) {
    WaitOutcome<T> outcome;
    const auto executor = co_await asio::this_coro::executor;
    auto wait = std::make_shared<Wait>(executor);
    // Leaves nothing of the wait in the frame, which the wait owns.
    auto initiate = [&wait, &outcome, &start](Wait::Handler handler) {
        wait->begin(std::move(handler));
        const Resume<T> resume(std::move(wait), outcome);
        try {
            start(resume);
        } catch (...) {
            // Out of an initiation it would leave the event loop.
            resume.fail(std::current_exception());
        }
    };
    co_await asio::async_initiate<const asio::use_awaitable_t<IoExecutor>, void()>(initiate,
                                                                                   use_awaitable);
    if (outcome.failure) std::rethrow_exception(outcome.failure);
    co_return *std::move(outcome.value);
}

}  // namespace holdfast::base
