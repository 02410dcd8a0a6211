/// Work nobody asked for by a request, on an event loop of its own: it goes on while S3's loops are
/// drained, and never delays a request. At present: the reclaimer. threads: main.
#pragma once

#include <boost/asio/executor_work_guard.hpp>
#include <chrono>
#include <thread>

#include "base/async.h"
#include "storage/workers/reclaimer.h"

namespace holdfast::server {

class BackgroundWork {
public:
    /// Starts at once. What is given outlives it.
    BackgroundWork(storage::catalog::Store& store, storage::catalog::Buckets& buckets,
                   storage::catalog::Uploads& uploads, std::chrono::milliseconds completion_memory);
    /// Stops, if stop() did not. REQUIRES: no other thread is inside the call that posts to its
    /// loop.
    ~BackgroundWork();
    BackgroundWork(const BackgroundWork&) = delete;
    BackgroundWork& operator=(const BackgroundWork&) = delete;

    /// Waits for what is under way. REQUIRES: nobody reads a blob any more.
    void stop();

private:
    base::asio::io_context loop_{1};
    base::asio::executor_work_guard<base::IoExecutor> work_{loop_.get_executor()};
    storage::workers::Reclaimer reclaimer_;
    std::thread thread_;
};

}  // namespace holdfast::server
