/// Whether the server serves: what /health/ready answers. threads: any.
#pragma once

#include <atomic>

namespace holdfast::admin {

enum class Phase { starting, serving, draining };

class Readiness {
public:
    void set(Phase phase) { phase_ = phase; }
    [[nodiscard]] Phase phase() const { return phase_; }

private:
    std::atomic<Phase> phase_{Phase::starting};
};

}  // namespace holdfast::admin
