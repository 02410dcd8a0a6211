/// Work nobody asked for by a request, on an event loop of its own: it goes on while S3's loops are
/// drained, and never delays a request. The reclaimer, and on an engine with a disk the collector
/// and the scrub. threads: main; what the accessors return any, as it says itself.
#pragma once

#include <boost/asio/executor_work_guard.hpp>
#include <memory>
#include <thread>

#include "base/async.h"
#include "storage/upkeep.h"
#include "storage/workers/orphan_collector.h"
#include "storage/workers/reclaimer.h"
#include "storage/workers/scrubber.h"

namespace holdfast::server {

struct BackgroundOptions {
    storage::workers::ReclaimerOptions reclaimer;
    storage::workers::CollectorOptions collector;
    storage::workers::ScrubberOptions scrubber;
};

class BackgroundWork {
public:
    /// Starts at once. What is given outlives it; `upkeep` is null where there is no disk.
    BackgroundWork(storage::catalog::Store& store, storage::catalog::Buckets& buckets,
                   storage::catalog::Uploads& uploads, storage::Upkeep* upkeep,
                   const BackgroundOptions& options);
    /// Stops, if stop() did not. REQUIRES: no other thread is inside the call that posts to its
    /// loop.
    ~BackgroundWork();
    BackgroundWork(const BackgroundWork&) = delete;
    BackgroundWork& operator=(const BackgroundWork&) = delete;

    /// Waits for what is under way. REQUIRES: nobody reads a blob any more.
    void stop();

    /// The reclaimer looks at once for what it can give back. REQUIRES: not stopped.
    void request_sweep();

    /// Null where there is no disk.
    [[nodiscard]] storage::workers::OrphanCollector* collector() { return collector_.get(); }
    [[nodiscard]] storage::workers::Scrubber* scrubber() { return scrubber_.get(); }

private:
    base::Awaitable<void> stop_all();

    base::asio::io_context loop_{1};
    base::asio::executor_work_guard<base::IoExecutor> work_{loop_.get_executor()};
    storage::workers::Reclaimer reclaimer_;
    std::unique_ptr<storage::workers::OrphanCollector> collector_;
    std::unique_ptr<storage::workers::Scrubber> scrubber_;
    std::thread thread_;
};

}  // namespace holdfast::server
