#include "storage/local/supervisor.h"

#include <new>

#include "base/log.h"
#include "base/metrics.h"

namespace holdfast::storage::local {

namespace {

prometheus::Counter& attempts_total(const char* outcome) {
    return base::metrics::counter("holdfast_storage_reopen_attempts_total",
                                  "Attempts to reopen the storage after a fault.",
                                  {{"outcome", outcome}});
}

/// Made with the first supervisor: telling of an attempt must not fail for them.
struct Attempts {
    prometheus::Counter& succeeded = attempts_total("succeeded");
    prometheus::Counter& failed = attempts_total("failed");
};

Attempts& attempts() {
    static Attempts metrics;
    return metrics;
}

}  // namespace

Supervisor::Supervisor(Options options, const base::Clock& clock, Attempt attempt)
    : clock_(clock), attempt_(std::move(attempt)), schedule_(options.first_delay) {
    attempts();
    thread_ = std::thread([this] { run(); });
}

void Supervisor::fault() {
    const std::lock_guard lock(mutex_);
    fault_meanwhile_ = trying_;
    schedule_.fault(clock_.steady());
    changed_.notify_all();
}

std::optional<std::string> Supervisor::resume() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return !trying_; });
    if (stopping_) return "the engine is stopping";
    schedule_.restart(clock_.steady());
    return try_once(lock);
}

void Supervisor::stop() {
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
        changed_.notify_all();
    }
    if (thread_.joinable()) thread_.join();
}

Supervisor::State Supervisor::state() const {
    const std::lock_guard lock(mutex_);
    return {schedule_.attempts(), schedule_.gave_up()};
}

void Supervisor::run() {
    std::unique_lock lock(mutex_);
    while (!stopping_) {
        const auto next = schedule_.next();
        if (trying_ || !next) {
            changed_.wait(lock);
            continue;
        }
        const auto now = clock_.steady();
        if (now < *next)
            changed_.wait_for(lock, *next - now);
        else
            // What it failed with is logged there.
            static_cast<void>(try_once(lock));
    }
}

std::optional<std::string> Supervisor::attempt() const {
    try {
        return attempt_();
    } catch (const std::bad_alloc&) {
        return "out of memory";
    }
}

/// The attempt itself runs without the lock, so that a fault in it can be told.
std::optional<std::string> Supervisor::try_once(std::unique_lock<std::mutex>& lock) {
    trying_ = true;
    fault_meanwhile_ = false;
    lock.unlock();
    auto failure = attempt();
    lock.lock();
    trying_ = false;
    changed_.notify_all();
    if (!failure) {
        attempts().succeeded.Increment();
        schedule_.succeeded(clock_.steady());
        // The writes it allowed may have failed before it returned.
        if (fault_meanwhile_) schedule_.fault(clock_.steady());
        return failure;
    }
    attempts().failed.Increment();
    schedule_.failed(clock_.steady());
    base::log::error("storage.not_reopened", {{"attempt", std::uint64_t{schedule_.attempts()}},
                                              {"gave_up", schedule_.gave_up()},
                                              {"reason", *failure}});
    return failure;
}

}  // namespace holdfast::storage::local
