#include "storage/local/reopen_schedule.h"

namespace holdfast::storage::local {

void ReopenSchedule::fault(base::SteadyTime now) {
    if (faulted_) return;
    faulted_ = true;
    const bool again = succeeded_at_ && now - *succeeded_at_ < healthy_after;
    if (again)
        ++attempts_;  // the last one succeeded and was of no use
    else
        attempts_ = 0;
    plan(now);
}

void ReopenSchedule::failed(base::SteadyTime now) {
    ++attempts_;
    plan(now);
}

void ReopenSchedule::succeeded(base::SteadyTime now) {
    faulted_ = false;
    next_.reset();
    succeeded_at_ = now;
}

void ReopenSchedule::restart(base::SteadyTime now) {
    faulted_ = true;
    attempts_ = 0;
    next_ = now;
}

void ReopenSchedule::plan(base::SteadyTime now) {
    next_.reset();
    if (attempts_ < attempts_max) next_ = now + first_delay_ * (1U << attempts_);
}

}  // namespace holdfast::storage::local
