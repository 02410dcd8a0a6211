/// The loop of a worker in the background: one turn after the other, waits in between that a
/// request cuts short, and an end that who asks for it waits for.
///
/// metrics: holdfast_worker_failures_total{worker}: turns that ended early. threads: one event
/// loop, that of the executor; wake() any.
#pragma once

#include <chrono>
#include <functional>
#include <string>

#include "storage/error.h"
#include "storage/workers/throttle.h"

namespace holdfast::storage::workers {

/// What work returns that is cut off by a stop.
StorageError stopping_error();

class WorkerLoop {
public:
    using Turn = std::function<base::Awaitable<void>()>;

    /// `name`: as a label of the metric, a literal.
    WorkerLoop(base::IoExecutor executor, const char* name);
    WorkerLoop(const WorkerLoop&) = delete;
    WorkerLoop& operator=(const WorkerLoop&) = delete;

    /// `first`, once; turns until stop(); `last`, once. Nothing when it was stopped before. What
    /// one throws ends that one alone: it is logged and counted, and a short wait keeps a turn that
    /// always throws from running all the time.
    base::Awaitable<void> run(Turn turn, Turn first = {}, Turn last = {});
    /// From within a turn: waits so long, or until wake() or stop().
    base::Awaitable<void> pause(std::chrono::steady_clock::duration time);
    /// Ends a pause. `before` runs first, on the worker's loop.
    void wake(std::function<void()> before);
    /// No turn begins after it; returns when run() has ended.
    base::Awaitable<void> stop();
    /// A turn is to come to its end. Refers to something that lives as long as the loop.
    [[nodiscard]] const bool& stopping() const { return stopping_; }

    /// A turn, or what it did, ended early: counted.
    void note_failure();

private:
    base::Awaitable<bool> survives(base::Awaitable<void> step);

    base::IoExecutor executor_;
    const char* const name_;
    WorkerTimer pause_;
    WorkerTimer ended_;
    bool running_ = false;
    bool stopping_ = false;
};

}  // namespace holdfast::storage::workers
