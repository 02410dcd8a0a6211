/// Event loops for tests that wait for other threads.
#pragma once

#include <mutex>
#include <vector>

#include "base/async.h"

namespace holdfast::tests {

/// A loop that nobody else uses meanwhile. It is never destroyed: the thread that resumed the last
/// coroutine may still be inside its post() when run() has returned. threads: any.
class LoopOfNobody {
public:
    LoopOfNobody() {
        const std::lock_guard guard(mutex());
        if (!unused().empty()) {
            loop_ = unused().back();
            unused().pop_back();
        } else {
            loop_ = new base::asio::io_context;
        }
        loop_->restart();
    }
    ~LoopOfNobody() {
        // An exception left it: what waits there is of a test that is over.
        if (!loop_->stopped()) return;
        const std::lock_guard guard(mutex());
        unused().push_back(loop_);
    }
    LoopOfNobody(const LoopOfNobody&) = delete;
    LoopOfNobody& operator=(const LoopOfNobody&) = delete;
    base::asio::io_context& operator*() { return *loop_; }

private:
    static std::mutex& mutex() {
        static auto* const mutex = new std::mutex;
        return *mutex;
    }
    static std::vector<base::asio::io_context*>& unused() {
        static auto* const loops = new std::vector<base::asio::io_context*>;
        return *loops;
    }

    base::asio::io_context* loop_ = nullptr;
};

}  // namespace holdfast::tests
