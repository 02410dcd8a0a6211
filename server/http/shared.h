/// What all loops and connections of one server share. threads: any
#pragma once

#include <atomic>
#include <condition_variable>
#include <mutex>

#include "base/metrics.h"
#include "server/http/connection_limits.h"
#include "server/http/memory_queue.h"
#include "server/http/request_gate.h"
#include "server/http/server.h"

namespace holdfast::http {

/// Looked up once: a look-up takes a lock.
struct Metrics {
    prometheus::Gauge& connections_open;
    prometheus::Counter& connections_accepted;
    prometheus::Counter& refused_connections;
    prometheus::Counter& refused_address;
    prometheus::Counter& refused_descriptors;
    prometheus::Counter& refused_head;
    prometheus::Counter& refused_queue;
    prometheus::Counter& refused_memory;
    prometheus::Counter& handlers_without_memory;
    prometheus::Counter& handlers_failed;
    prometheus::Counter& timeouts;
    prometheus::Counter& handshakes_failed;
    Metrics();
};

struct Shared {
    explicit Shared(const ServerOptions& options);

    const Limits limits;
    ConnectionLimits connection_limits;
    RequestGate gate;
    MemoryQueue memory;
    Metrics metrics;
    std::atomic<bool> draining{false};

    /// Sessions call these when they begin and end.
    void session_begins();
    void session_ends();
    std::size_t sessions();
    /// False when some are still there at the deadline.
    bool wait_until_no_session(std::chrono::steady_clock::time_point deadline);

private:
    std::mutex mutex_;
    std::condition_variable changed_;
    std::size_t sessions_ = 0;
};

}  // namespace holdfast::http
