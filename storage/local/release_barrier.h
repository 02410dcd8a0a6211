/// What stands before giving space back with Durability::relaxed, where commits are answered before
/// they are on the disk: after a power failure the index may be one that still refers to what was
/// given back. So everything written and committed is made durable first (spec durability 2.7.1).
///
/// Callers are grouped: one sync runs at a time, and whoever comes meanwhile shares the next.
/// threads: any.
#pragma once

#include <functional>
#include <mutex>
#include <vector>

#include "base/await_callback.h"
#include "base/vfs.h"
#include "storage/error.h"

namespace holdfast::storage::local {

class BackgroundJobs;

class ReleaseBarrier {
public:
    /// `sync` blocks; one call at a time, on the pool of `jobs`. Both outlive the barrier.
    ReleaseBarrier(BackgroundJobs& jobs, std::function<Result<void>()> sync)
        : jobs_(jobs), sync_(std::move(sync)) {}

    /// Returns when a sync that began after the call has succeeded. errors: as that sync.
    Async<void> pass();

private:
    using Resume = base::Resume<Result<void>>;

    void join(const Resume& resume);
    void run();

    BackgroundJobs& jobs_;
    const std::function<Result<void>()> sync_;
    std::mutex mutex_;
    std::vector<Resume> waiting_;
    bool running_ = false;
};

}  // namespace holdfast::storage::local
