/// Keeps the process within its memory limit: what a request is going to take is set aside before
/// it runs, and how much memory the process really has decides what is let in at all.
///
/// Above 80 % of the limit no new body is read: the request waits (memory_queue.h), and its client
/// feels that as TCP backpressure. Above 95 % every request is refused. One request runs in any
/// case: a process that is large without any would otherwise never serve again. source: spec
/// durability 4 (total memory). threads: any
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>

#include "base/clock.h"
#include "server/http/exchange.h"

namespace holdfast::http {

/// Reads a body: its own, or perhaps that of another object, which a PUT without one copies.
bool reads_body(const RequestHead& head);
/// What a request may take: buffers of its body and its answer, or a document with its tree.
std::uint64_t estimated_memory_bytes(const RequestHead& head);

class MemoryGovernor {
public:
    struct Options {
        std::uint64_t limit_bytes;         ///< of the whole process
        std::uint64_t requests_bytes_max;  ///< of it, for what runs
        /// What the process has now; called by one thread at a time, at most once in
        /// measurement_interval. Nobody else waits for it.
        std::function<std::uint64_t()> measure;
        /// Gives unused memory back to the system, or has another thread do so: it may take long.
        /// Called like measure, at most once in trim_interval, when short.
        std::function<void()> trim;
    };
    enum class Level { plenty, tight, exhausted };
    enum class Verdict {
        admitted,
        wait,       ///< until others give back what they have
        held_back,  ///< until memory is not tight any more: no body is read before
        refused,
    };

    static constexpr std::chrono::milliseconds measurement_interval{20};
    static constexpr std::chrono::milliseconds trim_interval{1000};
    /// Between two lines of the log, so that a level that changes all the time does not fill it.
    static constexpr std::chrono::milliseconds announcement_interval{1000};

    /// `clock` outlives the governor.
    MemoryGovernor(Options options, const base::Clock& clock);

    /// Sets `bytes` aside when admitted, until release(). MemoryQueue asks again for who waits.
    Verdict admit(std::uint64_t bytes, bool has_body);
    /// Its two halves: admit() by the last measurement. decide() never waits for anything.
    void measure_when_due();
    Verdict decide(std::uint64_t bytes, bool has_body);
    void release(std::uint64_t bytes);

    [[nodiscard]] Level level();

private:
    struct Metrics;

    std::uint64_t measured(base::SteadyTime now);
    Level level_of(std::uint64_t bytes) const;
    Level level_now() const;
    void announce(Level level, std::uint64_t bytes, base::SteadyTime now);

    const Options options_;
    const base::Clock& clock_;
    const std::shared_ptr<Metrics> metrics_;

    // Of the thread that measures, each time another one.
    std::optional<base::SteadyTime> trimmed_at_;
    Level announced_ = Level::plenty;
    std::optional<base::SteadyTime> announced_at_;

    std::mutex mutex_;  ///< guards what follows; held for a few additions only
    bool measuring_ = false;
    std::optional<base::SteadyTime> measured_at_;
    std::uint64_t measured_bytes_ = 0;
    std::uint64_t fresh_bytes_ = 0;     ///< set aside since the measurement, which lacks them
    std::uint64_t reserved_bytes_ = 0;  ///< of all requests that run
};

}  // namespace holdfast::http
