#include "storage/local/release_barrier.h"

#include <exception>

#include "base/failpoint.h"
#include "storage/local/segment_works.h"

namespace holdfast::storage::local {

Async<void> ReleaseBarrier::pass() {
    if (HF_TEST_BREAK("release_sync")) co_return Result<void>{};
    auto wait = [this](const Resume& resume) { join(resume); };
    co_return co_await base::await_callback<Result<void>>(wait);
}

void ReleaseBarrier::join(const Resume& resume) {
    {
        const std::lock_guard lock(mutex_);
        waiting_.push_back(resume);
        if (running_) return;
        running_ = true;
    }
    try {
        jobs_.post([this] { run(); });
    } catch (...) {
        const std::lock_guard lock(mutex_);
        running_ = false;
        for (const auto& waiting : waiting_) waiting.fail(std::current_exception());
        waiting_.clear();
    }
}

void ReleaseBarrier::run() {
    std::vector<Resume> batch;
    for (;;) {
        {
            const std::lock_guard lock(mutex_);
            batch.clear();
            batch.swap(waiting_);
            running_ = !batch.empty();
            if (batch.empty()) return;
        }
        try {
            const auto synced = sync_();
            for (const auto& waiting : batch) waiting(synced);
        } catch (...) {
            for (const auto& waiting : batch) waiting.fail(std::current_exception());
        }
    }
}

}  // namespace holdfast::storage::local
