/// Brings an engine back whose writes stopped: a thread that tries to reopen it as ReopenSchedule
/// says.
///
/// threads: any. source: spec durability 2.5.
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "storage/local/reopen_schedule.h"

namespace holdfast::storage::local {

class Supervisor {
public:
    /// What an attempt came to: nothing when writes are taken again.
    using Attempt = std::function<std::optional<std::string>()>;
    struct Options {
        std::chrono::milliseconds first_delay{1000};
    };

    /// `attempt` runs one at a time, on the supervisor's thread or that of resume().
    Supervisor(Options options, const base::Clock& clock, Attempt attempt);
    Supervisor(const Supervisor&) = delete;
    Supervisor& operator=(const Supervisor&) = delete;
    ~Supervisor() { stop(); }

    /// Writes stopped. Returns at once.
    void fault();
    /// Tries at once, also after it had given up; waits for the attempt. What it failed with.
    std::optional<std::string> resume();
    /// Ends the thread, after an attempt that runs. No attempt comes after it.
    void stop();

    struct State {
        std::uint32_t attempts = 0;
        bool gave_up = false;
    };
    [[nodiscard]] State state() const;

private:
    void run();
    [[nodiscard]] std::optional<std::string> attempt() const;
    std::optional<std::string> try_once(std::unique_lock<std::mutex>& lock);

    const base::Clock& clock_;
    const Attempt attempt_;
    mutable std::mutex mutex_;
    std::condition_variable changed_;
    ReopenSchedule schedule_;       ///< under mutex_
    bool trying_ = false;           ///< under mutex_
    bool fault_meanwhile_ = false;  ///< under mutex_; while an attempt ran
    bool stopping_ = false;         ///< under mutex_
    std::thread thread_;
};

}  // namespace holdfast::storage::local
