/// When a faulted engine is tried again: after 1 s, 2 s, 4 s …, five times, then only when asked.
/// A fault that comes back soon after an attempt that succeeded goes on where the last one was.
/// Plain state. threads: one. source: spec durability 2.5.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

#include "base/clock.h"

namespace holdfast::storage::local {

class ReopenSchedule {
public:
    static constexpr std::uint32_t attempts_max = 5;
    static constexpr std::chrono::seconds healthy_after{60};

    explicit ReopenSchedule(std::chrono::milliseconds first_delay) : first_delay_(first_delay) {}

    /// Writes stopped. Nothing when they have already.
    void fault(base::SteadyTime now);
    void failed(base::SteadyTime now);
    void succeeded(base::SteadyTime now);
    /// An operator asked: all attempts are open again, the first one at once.
    void restart(base::SteadyTime now);

    /// When the next attempt is due; nothing without a fault, or after the last one.
    [[nodiscard]] std::optional<base::SteadyTime> next() const { return next_; }
    [[nodiscard]] bool gave_up() const { return faulted_ && !next_; }
    /// Failed attempts since the fault.
    [[nodiscard]] std::uint32_t attempts() const { return attempts_; }

private:
    void plan(base::SteadyTime now);

    const std::chrono::milliseconds first_delay_;
    bool faulted_ = false;
    std::uint32_t attempts_ = 0;
    std::optional<base::SteadyTime> next_;
    std::optional<base::SteadyTime> succeeded_at_;
};

}  // namespace holdfast::storage::local
