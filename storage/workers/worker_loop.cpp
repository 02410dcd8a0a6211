#include "storage/workers/worker_loop.h"

#include <boost/asio/post.hpp>
#include <exception>

#include "base/await_timer.h"
#include "base/log.h"
#include "base/metrics.h"

namespace holdfast::storage::workers {

namespace {

constexpr std::chrono::milliseconds pause_after_failure{100};

}  // namespace

StorageError stopping_error() {
    return {StorageError::Kind::unavailable, "stopping"};
}

WorkerLoop::WorkerLoop(base::IoExecutor executor, const char* name)
    : executor_(executor), name_(name), pause_(executor), ended_(executor) {}

base::Awaitable<void> WorkerLoop::run(Turn turn, Turn first, Turn last) {
    if (stopping_) co_return;
    running_ = true;
    if (first) static_cast<void>(co_await survives(first()));
    while (!stopping_) {
        const bool survived = co_await survives(turn());
        if (!survived) co_await pause(pause_after_failure);
    }
    if (last) static_cast<void>(co_await survives(last()));
    running_ = false;
    ended_.cancel();
}

base::Awaitable<bool> WorkerLoop::survives(base::Awaitable<void> step) {
    try {
        co_await std::move(step);
        co_return true;
    } catch (const std::exception& error) {
        note_failure();
        base::log::error("worker.failed", {{"worker", name_}, {"detail", error.what()}});
    }
    co_return false;
}

void WorkerLoop::note_failure() {
    base::metrics::counter("holdfast_worker_failures_total",
                           "Turns of work in the background that ended early.", {{"worker", name_}})
        .Increment();
}

base::Awaitable<void> WorkerLoop::pause(std::chrono::steady_clock::duration time) {
    if (stopping_) co_return;
    pause_.expires_after(time);
    static_cast<void>(co_await base::await_timer(pause_));
}

void WorkerLoop::wake(std::function<void()> before) {
    base::asio::post(executor_, [this, before = std::move(before)] {
        before();
        pause_.cancel();
    });
}

base::Awaitable<void> WorkerLoop::stop() {
    stopping_ = true;
    pause_.cancel();
    while (running_) {
        ended_.expires_at(WorkerTimer::time_point::max());
        static_cast<void>(co_await base::await_timer(ended_));
    }
}

}  // namespace holdfast::storage::workers
