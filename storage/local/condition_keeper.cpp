#include "storage/local/condition_keeper.h"

#include "base/log.h"
#include "base/metrics.h"

namespace holdfast::storage::local {

namespace {

/// Made with the first keeper: a change of the condition must not fail for them.
struct ConditionMetrics {
    prometheus::Gauge& writable =
        base::metrics::gauge("holdfast_storage_writable", "1 while writes are taken, else 0.");
    prometheus::Gauge& missing_commits = base::metrics::gauge(
        "holdfast_storage_missing_commits", "Acknowledged commits that the start did not find.");
    prometheus::Counter& faults =
        base::metrics::counter("holdfast_storage_faults_total", "Faults that stopped writes.");
};

ConditionMetrics& condition_metrics() {
    static ConditionMetrics metrics;
    return metrics;
}

}  // namespace

StorageError ConditionKeeper::refusal() const {
    return {StorageError::Kind::read_only, get().reason};
}

EngineCondition ConditionKeeper::get() const {
    const std::lock_guard lock(mutex_);
    return condition_;
}

bool ConditionKeeper::stop_writes(EngineCondition condition) {
    const std::lock_guard lock(mutex_);
    if (!condition_.writable()) return false;
    change(std::move(condition));
    return true;
}

void ConditionKeeper::wait_for_operator(EngineCondition condition) {
    const std::lock_guard lock(mutex_);
    change(std::move(condition));
}

void ConditionKeeper::take_writes() {
    const std::lock_guard lock(mutex_);
    if (condition_.writable()) return;
    condition_ = {};
    writable_.store(true, std::memory_order_release);
    publish();
    base::log::info("storage.writable");
}

void ConditionKeeper::change(EngineCondition condition) {
    condition_ = std::move(condition);
    writable_.store(false, std::memory_order_release);
    publish();
    const bool wanted = condition_.cause == EngineCondition::Cause::chosen;
    base::log::write(
        wanted ? base::log::Level::info : base::log::Level::error, "storage.read_only",
        {{"reason", condition_.reason}, {"missing_commits", condition_.missing_commits}});
    if (condition_.cause == EngineCondition::Cause::fault) condition_metrics().faults.Increment();
}

void ConditionKeeper::publish() const {
    auto& metrics = condition_metrics();
    metrics.writable.Set(condition_.writable() ? 1 : 0);
    metrics.missing_commits.Set(static_cast<double>(condition_.missing_commits));
}

}  // namespace holdfast::storage::local
