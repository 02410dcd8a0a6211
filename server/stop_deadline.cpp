#include "server/stop_deadline.h"

#include <unistd.h>

#include <future>
#include <memory>

#include "base/log.h"
#include "server/failure.h"

namespace holdfast::server {

namespace {

constexpr std::chrono::seconds log_patience{1};

}  // namespace

void end_uncleanly(const char* unfinished) {
    base::log::error("stopped_uncleanly", {{"unfinished", unfinished},
                                           {"reason", "the storage did not answer in time"}});
    const auto written = std::make_shared<std::promise<void>>();
    auto done = written->get_future();
    std::thread([written] {
        base::log::stop();
        written->set_value();
    }).detach();
    static_cast<void>(done.wait_for(log_patience));
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
