/// Time as an interface, so that a test owns it. threads: any.
#pragma once

#include <chrono>
#include <cstdint>

namespace holdfast::base {

/// Milliseconds since 1970-01-01T00:00:00Z.
using WallTime = std::chrono::sys_time<std::chrono::milliseconds>;
using SteadyTime = std::chrono::steady_clock::time_point;

class Clock {
public:
    virtual ~Clock() = default;
    /// What is shown to people and compared with dates in requests. May jump.
    [[nodiscard]] virtual WallTime wall() const = 0;
    /// What timeouts and ordering use. Never jumps.
    [[nodiscard]] virtual SteadyTime steady() const = 0;
};

class SystemClock final : public Clock {
public:
    [[nodiscard]] WallTime wall() const override;
    [[nodiscard]] SteadyTime steady() const override;
};

/// Stands still until told otherwise. threads: one.
class FakeClock final : public Clock {
public:
    explicit FakeClock(WallTime start) : wall_(start) {}
    [[nodiscard]] WallTime wall() const override { return wall_; }
    [[nodiscard]] SteadyTime steady() const override { return steady_; }
    void advance(std::chrono::milliseconds by) {
        wall_ += by;
        steady_ += by;
    }
    /// Somebody sets the machine's clock, to an earlier time when `by` is negative.
    void set_wall_clock(std::chrono::milliseconds by) { wall_ += by; }

private:
    WallTime wall_;
    SteadyTime steady_{};
};

}  // namespace holdfast::base
