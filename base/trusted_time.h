/// The wall clock as far as it can be believed: it never runs ahead of the steady clock by more
/// than it did at the start, so that what is kept for a time is not given up because somebody set
/// the machine's clock forward.
///
/// metrics: holdfast_clock_jumps_total; a line `clock.jumped` in the log.
/// threads: one. source: spec durability 2.5 (wall clock jumps).
#pragma once

#include <chrono>
#include <optional>

#include "base/clock.h"

namespace holdfast::base {

class TrustedTime {
public:
    /// What the clock says further ahead than this is a jump.
    static constexpr std::chrono::minutes tolerance{10};
    /// A clock that jumped and then agrees with the steady one for so long was set right.
    static constexpr std::chrono::hours agreement{24};

    /// The clock outlives it, and is believed now.
    explicit TrustedTime(const Clock& clock);

    /// The wall clock, or what it would be without the jump: the earlier of both. Ask it often: a
    /// jump is noticed when it is asked.
    WallTime now();

private:
    struct Ahead {
        std::chrono::milliseconds by{};
        SteadyTime since{};
    };
    void look_at_jump(WallTime wall, SteadyTime steady, std::chrono::milliseconds ahead_by);

    const Clock& clock_;
    WallTime wall_at_;  ///< believed at steady_at_
    SteadyTime steady_at_;
    std::optional<Ahead> ahead_;
};

}  // namespace holdfast::base
