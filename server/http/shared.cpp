#include "server/http/shared.h"

namespace holdfast::http {

namespace {

prometheus::Counter& refused(const std::string& reason) {
    return base::metrics::counter("holdfast_http_refused_total",
                                  "Connections and requests refused before a handler saw them.",
                                  {{"reason", reason}});
}

prometheus::Counter& handlers_failed(const std::string& reason) {
    return base::metrics::counter("holdfast_http_handlers_failed_total",
                                  "Requests given up because their handler failed.",
                                  {{"reason", reason}});
}

}  // namespace

Metrics::Metrics()
    : connections_open(
          base::metrics::gauge("holdfast_http_connections_open", "Connections that are open.")),
      connections_accepted(base::metrics::counter("holdfast_http_connections_accepted_total",
                                                  "Connections accepted.")),
      refused_connections(refused("connections")),
      refused_address(refused("connections_per_address")),
      refused_descriptors(refused("file_descriptors")),
      refused_head(refused("request_head")),
      refused_queue(refused("running_requests")),
      refused_memory(refused("memory")),
      handlers_without_memory(http::handlers_failed("memory")),
      handlers_failed(http::handlers_failed("error")),
      timeouts(base::metrics::counter("holdfast_http_timeouts_total",
                                      "Connections ended because the client was too slow.")),
      handshakes_failed(base::metrics::counter("holdfast_http_tls_handshakes_failed_total",
                                               "TLS handshakes that failed.")) {}

Shared::Shared(const ServerOptions& options)
    : limits(options.limits),
      connection_limits(
          {options.limits.connections_max, options.limits.connections_per_address_max}),
      gate({options.limits.running_requests_max, options.limits.queued_requests_max}),
      memory({options.memory, options.limits.queued_requests_max}) {}

void Shared::session_begins() {
    const std::lock_guard lock(mutex_);
    ++sessions_;
}

void Shared::session_ends() {
    const std::lock_guard lock(mutex_);
    if (--sessions_ == 0) changed_.notify_all();
}

std::size_t Shared::sessions() {
    const std::lock_guard lock(mutex_);
    return sessions_;
}

bool Shared::wait_until_no_session(std::chrono::steady_clock::time_point deadline) {
    std::unique_lock lock(mutex_);
    return changed_.wait_until(lock, deadline, [this] { return sessions_ == 0; });
}

}  // namespace holdfast::http
