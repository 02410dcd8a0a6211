#include "server/s3/access_record.h"

#include <array>
#include <vector>

#include "base/log.h"
#include "base/metrics.h"

namespace holdfast::s3 {

namespace {

constexpr std::array status_classes{"1xx", "2xx", "3xx", "4xx", "5xx"};

/// What is counted for one operation; looked up once, used on every request.
struct OperationMetrics {
    std::array<prometheus::Counter*, status_classes.size()> requests{};
    prometheus::Histogram* duration = nullptr;
    prometheus::Counter* bytes_received = nullptr;
    prometheus::Counter* bytes_sent = nullptr;
};

OperationMetrics metrics_of(std::string_view operation) {
    namespace metrics = base::metrics;
    const metrics::Labels labels{{"operation", std::string(operation)}};
    OperationMetrics made;
    for (std::size_t i = 0; i < status_classes.size(); ++i) {
        auto with_status = labels;
        with_status["status"] = status_classes[i];
        made.requests[i] =
            &metrics::counter("holdfast_requests_total", "S3 requests answered.", with_status);
    }
    made.duration = &metrics::duration_histogram("holdfast_request_duration_seconds",
                                                 "From the request's head to its answer.", labels);
    made.bytes_received =
        &metrics::counter("holdfast_request_body_bytes_total", "Payload bytes received.", labels);
    made.bytes_sent =
        &metrics::counter("holdfast_response_body_bytes_total", "Body bytes sent.", labels);
    return made;
}

}  // namespace

struct AccessRecorder::Metrics {
    std::vector<OperationMetrics> built;  ///< as operations(); empty for rows without a handler
    OperationMetrics other;               ///< everything else
};

AccessRecorder::AccessRecorder() : metrics_(std::make_unique<Metrics>()) {
    for (const auto& row : operations()) {
        metrics_->built.emplace_back();
        if (row.handler != nullptr) metrics_->built.back() = metrics_of(row.name);
    }
    metrics_->other = metrics_of("other");
}

AccessRecorder::~AccessRecorder() = default;
AccessRecorder::AccessRecorder(AccessRecorder&&) noexcept = default;

void AccessRecorder::record(const AccessEntry& entry) const {
    const auto* metrics = &metrics_->other;
    if (entry.operation != nullptr && entry.operation->handler != nullptr)
        metrics = &metrics_->built[static_cast<std::size_t>(entry.operation - operations().data())];
    const auto status_class = std::min<std::size_t>(entry.status / 100, 5);
    if (status_class > 0) metrics->requests[status_class - 1]->Increment();
    metrics->duration->Observe(std::chrono::duration<double>(entry.elapsed).count());
    if (entry.bytes_received > 0)
        metrics->bytes_received->Increment(static_cast<double>(entry.bytes_received));
    if (entry.bytes_sent > 0) metrics->bytes_sent->Increment(static_cast<double>(entry.bytes_sent));

    namespace log = base::log;
    // 501 is the client's wish for what is not built, no failure of the server.
    const bool failed = entry.status >= 500 && entry.status != 501;
    const auto level = failed ? log::Level::error : log::Level::info;
    if (!log::enabled(level)) return;
    const std::string_view operation = entry.operation != nullptr ? entry.operation->name : "-";
    log::write(level, "request",
               {{"request_id", entry.request_id},
                {"operation", operation},
                {"bucket", entry.bucket},
                {"key", entry.key},
                {"status", static_cast<std::uint64_t>(entry.status)},
                {"code", entry.error_code},
                {"cause", entry.cause},
                {"bytes_received", entry.bytes_received},
                {"bytes_sent", entry.bytes_sent},
                {"duration_us", static_cast<std::int64_t>(entry.elapsed.count())},
                {"access_key", entry.access_key_id},
                {"peer", entry.peer}});
}

}  // namespace holdfast::s3
