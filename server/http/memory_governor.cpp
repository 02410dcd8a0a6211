#include "server/http/memory_governor.h"

#include <algorithm>

#include "base/assert.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/metrics.h"

namespace holdfast::http {

namespace {

constexpr std::uint64_t tight_percent = 80;
constexpr std::uint64_t exhausted_percent = 95;

/// A body on its way: the piece just read, its frames on the way to the disk, and a piece gathered
/// there; or the same of an answer.
constexpr std::uint64_t stream_bytes = 4 * base::body_buffer_bytes;
/// Documents come by POST and are held whole, as text and as a tree.
constexpr std::uint64_t document_copies = 4;
constexpr std::uint64_t document_bytes_max = 8 * base::MiB;

std::string_view name_of(MemoryGovernor::Level level) {
    switch (level) {
        case MemoryGovernor::Level::plenty:
            return "plenty";
        case MemoryGovernor::Level::tight:
            return "tight";
        case MemoryGovernor::Level::exhausted:
            break;
    }
    return "exhausted";
}

}  // namespace

bool reads_body(const RequestHead& head) {
    return head.chunked || head.content_length.value_or(0) > 0 || head.method == "PUT";
}

std::uint64_t estimated_memory_bytes(const RequestHead& head) {
    constexpr std::uint64_t small = 64 * base::KiB;
    if (head.method == "POST") {
        const auto length = head.content_length.value_or(head.chunked ? document_bytes_max : 0);
        return small + document_copies * std::min(length, document_bytes_max);
    }
    if (head.method == "GET") return small + stream_bytes / 2;
    if (!reads_body(head)) return small;
    const bool says_length = head.content_length.value_or(0) > 0;
    const std::uint64_t length = says_length ? *head.content_length : stream_bytes;
    return small + std::min(3 * std::min(length, stream_bytes), stream_bytes);
}

struct MemoryGovernor::Metrics {
    prometheus::Gauge& limit = base::metrics::gauge(
        "holdfast_memory_limit_bytes", "Memory the process may have: the setting mem.limit.");
    prometheus::Gauge& used = base::metrics::gauge(
        "holdfast_memory_used_bytes", "Memory the process had when it was measured last.");
    prometheus::Gauge& level = base::metrics::gauge(
        "holdfast_memory_level",
        "0: plenty, 1: no new bodies are read, 2: one request runs at a time.");
};

MemoryGovernor::MemoryGovernor(Options options, const base::Clock& clock)
    : options_(std::move(options)), clock_(clock), metrics_(std::make_shared<Metrics>()) {
    HF_ASSERT(options_.limit_bytes > 0 && options_.measure);
    metrics_->limit.Set(static_cast<double>(options_.limit_bytes));
    metrics_->level.Set(0);
}

MemoryGovernor::Level MemoryGovernor::level_of(std::uint64_t bytes) const {
    if (bytes / exhausted_percent >= options_.limit_bytes / 100) return Level::exhausted;
    if (bytes / tight_percent >= options_.limit_bytes / 100) return Level::tight;
    return Level::plenty;
}

/// REQUIRES: mutex_ is held.
MemoryGovernor::Level MemoryGovernor::level_now() const {
    return level_of(measured_bytes_ + fresh_bytes_);
}

/// Whoever comes while another thread measures goes by the measurement before. REQUIRES: mutex_ is
/// not held: the system is asked, which takes its time.
void MemoryGovernor::measure_when_due() {
    const auto now = clock_.steady();
    std::uint64_t fresh_before = 0;
    {
        const std::lock_guard lock(mutex_);
        if (measuring_ || (measured_at_ && now - *measured_at_ < measurement_interval)) return;
        measuring_ = true;
        fresh_before = fresh_bytes_;
    }
    struct Turn {
        MemoryGovernor& governor;
        ~Turn() {
            const std::lock_guard lock(governor.mutex_);
            governor.measuring_ = false;
        }
    };
    const Turn turn{*this};
    const std::uint64_t bytes = measured(now);
    announce(level_of(bytes), bytes, now);
    const std::lock_guard lock(mutex_);
    measured_bytes_ = bytes;
    measured_at_ = now;
    // What was set aside meanwhile may or may not have been seen.
    fresh_bytes_ -= std::min(fresh_before, fresh_bytes_);
}

/// REQUIRES: this thread measures.
std::uint64_t MemoryGovernor::measured(base::SteadyTime now) {
    const std::uint64_t bytes = options_.measure();
    const bool may_trim = !trimmed_at_ || now - *trimmed_at_ >= trim_interval;
    if (level_of(bytes) == Level::plenty || !may_trim || !options_.trim) return bytes;
    trimmed_at_ = now;
    options_.trim();
    return options_.measure();
}

/// REQUIRES: this thread measures.
void MemoryGovernor::announce(Level level, std::uint64_t bytes, base::SteadyTime now) {
    metrics_->used.Set(static_cast<double>(bytes));
    metrics_->level.Set(static_cast<double>(level));
    if (level == announced_) return;
    if (announced_at_ && now - *announced_at_ < announcement_interval) return;
    const bool worse = level > announced_;
    announced_ = level;
    announced_at_ = now;
    base::log::write(
        worse ? base::log::Level::warning : base::log::Level::info, "memory.level",
        {{"state", name_of(level)}, {"used_bytes", bytes}, {"limit_bytes", options_.limit_bytes}});
}

MemoryGovernor::Level MemoryGovernor::level() {
    measure_when_due();
    const std::lock_guard lock(mutex_);
    return level_now();
}

MemoryGovernor::Verdict MemoryGovernor::admit(std::uint64_t bytes, bool has_body) {
    measure_when_due();
    return decide(bytes, has_body);
}

MemoryGovernor::Verdict MemoryGovernor::decide(std::uint64_t bytes, bool has_body) {
    const std::lock_guard lock(mutex_);
    const Level level = level_now();
    // One request runs whatever it takes: when none does, nothing is about to give memory back, and
    // who waited for that would wait for ever.
    if (reserved_bytes_ > 0) {
        if (level == Level::exhausted) return Verdict::refused;
        if (level == Level::tight && has_body) return Verdict::held_back;
        if (reserved_bytes_ + bytes > options_.requests_bytes_max) return Verdict::wait;
    }
    reserved_bytes_ += bytes;
    fresh_bytes_ += bytes;
    return Verdict::admitted;
}

void MemoryGovernor::release(std::uint64_t bytes) {
    const std::lock_guard lock(mutex_);
    HF_ASSERT(bytes <= reserved_bytes_);
    reserved_bytes_ -= bytes;
    fresh_bytes_ -= std::min(bytes, fresh_bytes_);
}

}  // namespace holdfast::http
