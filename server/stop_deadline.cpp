#include "server/stop_deadline.h"

#include <unistd.h>

#include "base/log.h"
#include "server/failure.h"

namespace holdfast::server {

void end_uncleanly(const char* unfinished) {
    // There is nowhere else to say it.
    static_cast<void>(base::log::write_last(
        "stopped_uncleanly",
        {{"unfinished", unfinished}, {"reason", "the storage did not answer in time"}}));
    ::_exit(static_cast<int>(ExitCode::failure));
}

StopDeadline::StopDeadline(std::chrono::milliseconds allowed, const char* unfinished)
    : unfinished_(unfinished),
      thread_([this, until = std::chrono::steady_clock::now() + allowed] { run(until); }) {}

StopDeadline::~StopDeadline() {
    {
        const std::lock_guard lock(mutex_);
        over_ = true;
    }
    changed_.notify_one();
    thread_.join();
}

void StopDeadline::waits_for(const char* unfinished) {
    const std::lock_guard lock(mutex_);
    unfinished_ = unfinished;
}

void StopDeadline::run(std::chrono::steady_clock::time_point until) {
    std::unique_lock lock(mutex_);
    if (!changed_.wait_until(lock, until, [this] { return over_; })) end_uncleanly(unfinished_);
}

}  // namespace holdfast::server
