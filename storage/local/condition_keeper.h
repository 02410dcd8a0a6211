/// What the engine can do at the moment: asked by every write, changed by faults and recovery. Each
/// change is logged once and counted.
///
/// metrics: holdfast_storage_writable, holdfast_storage_missing_commits,
///          holdfast_storage_faults_total.
/// threads: any. source: spec durability 2.5, 2.6.
#pragma once

#include <atomic>
#include <mutex>
#include <string>

#include "storage/engine_condition.h"
#include "storage/error.h"

namespace holdfast::storage::local {

class ConditionKeeper {
public:
    ConditionKeeper() { publish(); }

    [[nodiscard]] bool writable() const { return writable_.load(std::memory_order_acquire); }
    /// The answer to a write. REQUIRES: not writable.
    [[nodiscard]] StorageError refusal() const;
    [[nodiscard]] EngineCondition get() const;

    /// Writes stop. False when they had stopped already: the first reason stands.
    bool stop_writes(EngineCondition condition);
    /// Writes stop for a reason that only an operator ends, whatever stopped them before.
    void wait_for_operator(EngineCondition condition);
    void take_writes();

private:
    void change(EngineCondition condition);
    void publish() const;

    mutable std::mutex mutex_;
    EngineCondition condition_;  ///< under mutex_
    std::atomic<bool> writable_ = true;
};

}  // namespace holdfast::storage::local
