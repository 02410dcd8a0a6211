/// Ends a wait for a request's turn early, because its client has gone.
///
/// threads: the loop of the one who waits
#pragma once

#include <memory>

#include "base/sleeper.h"

namespace holdfast::http {

class WaitTicket {
public:
    /// The wait under way ends without what it waits for, if it had none yet.
    void cancel() noexcept {
        cancelled_ = true;
        if (const auto sleeper = sleeper_.lock()) base::Sleeper::wake(sleeper);
    }

    /// For who makes the wait: it begins.
    void begin(const std::shared_ptr<base::Sleeper>& sleeper) noexcept {
        cancelled_ = false;
        sleeper_ = sleeper;
    }
    [[nodiscard]] bool cancelled() const noexcept { return cancelled_; }

private:
    std::weak_ptr<base::Sleeper> sleeper_;
    bool cancelled_ = false;
};

}  // namespace holdfast::http
