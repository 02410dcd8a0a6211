#include "base/trusted_time.h"

#include <algorithm>

#include "base/log.h"
#include "base/metrics.h"

namespace holdfast::base {

using std::chrono::duration_cast;
using std::chrono::milliseconds;

TrustedTime::TrustedTime(const Clock& clock)
    : clock_(clock), wall_at_(clock.wall()), steady_at_(clock.steady()) {}

WallTime TrustedTime::now() {
    const auto steady = clock_.steady();
    const auto wall = clock_.wall();
    const auto expected = wall_at_ + duration_cast<milliseconds>(steady - steady_at_);
    if (wall - expected > tolerance)
        look_at_jump(wall, steady, wall - expected);
    else
        ahead_.reset();
    return std::min(wall, wall_at_ + duration_cast<milliseconds>(steady - steady_at_));
}

void TrustedTime::look_at_jump(WallTime wall, SteadyTime steady, milliseconds ahead_by) {
    const bool is_new = !ahead_ || std::chrono::abs(ahead_by - ahead_->by) > tolerance;
    if (is_new) {
        ahead_ = Ahead{ahead_by, steady};
        static auto& jumps = metrics::counter("holdfast_clock_jumps_total",
                                              "Times the wall clock was found to be set forward.");
        jumps.Increment();
        log::warning("clock.jumped", {{"ahead_by_seconds", ahead_by.count() / 1000}});
    } else if (steady - ahead_->since >= agreement) {
        wall_at_ = wall;
        steady_at_ = steady;
        ahead_.reset();
    }
}

}  // namespace holdfast::base
