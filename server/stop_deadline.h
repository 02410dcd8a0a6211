/// The end of a stop that does not come to its end: a thread that waits for a disk which does not
/// answer can be neither cancelled nor waited for, so the process then ends as a crash would, which
/// is always safe. source: spec durability 3 (drain). threads: main, but for end_uncleanly().
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>

namespace holdfast::server {

/// Ends the process with ExitCode::failure; the log says what was not finished. Waits half a
/// second at most for the log, which may be on the disk that hangs. threads: any.
[[noreturn]] void end_uncleanly(const char* unfinished);

class StopDeadline {
public:
    /// From now on. `unfinished`, here and below: what the stop waits for, as the log would say it.
    StopDeadline(std::chrono::milliseconds allowed, const char* unfinished);
    /// The stop is over.
    ~StopDeadline();
    StopDeadline(const StopDeadline&) = delete;
    StopDeadline& operator=(const StopDeadline&) = delete;

    void waits_for(const char* unfinished);

private:
    void run(std::chrono::steady_clock::time_point until);

    std::mutex mutex_;
    std::condition_variable changed_;
    const char* unfinished_;  ///< under mutex_
    bool over_ = false;       ///< under mutex_
    std::thread thread_;
};

}  // namespace holdfast::server
