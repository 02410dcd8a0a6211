/// What the admin API says and does, put together from the engine and the workers. threads: the
/// admin listener's loop.
#pragma once

#include <atomic>
#include <thread>

#include "base/clock.h"
#include "base/vfs.h"
#include "base/worker_pool.h"
#include "config/settings.h"
#include "server/admin/operator.h"
#include "server/background_work.h"
#include "server/disk_inquiry.h"
#include "server/engine_choice.h"
#include "server/snapshot_calls.h"

namespace holdfast::server {

class OperatorService final : public admin::Operator {
public:
    struct Parts {
        const config::Settings& settings;
        StorageEngine& engine;
        BackgroundWork& background;
        base::Vfs& vfs;
        const base::Clock& clock;
        base::WorkerPool& pool;  ///< asks the disk
    };
    /// Everything given outlives it.
    explicit OperatorService(Parts parts);
    /// Waits for an attempt to resume that is under way.
    ~OperatorService() override;
    OperatorService(const OperatorService&) = delete;
    OperatorService& operator=(const OperatorService&) = delete;

    base::Awaitable<admin::Reply> info() override;
    admin::Reply gc_report() override;
    admin::Reply gc_run(admin::Consent consent) override;
    admin::Reply scrub_start() override;
    admin::Reply scrub_status() override;
    admin::Reply scrub_report() override;
    admin::Reply volume_resume() override;
    base::Awaitable<admin::Reply> snapshot_create(std::string name) override {
        return snapshots_.create(std::move(name));
    }
    base::Awaitable<admin::Reply> snapshot_list() override { return snapshots_.list(); }
    base::Awaitable<admin::Reply> snapshot_delete(std::string name) override {
        return snapshots_.remove(std::move(name));
    }
    std::string remarks() override;

private:
    Parts parts_;
    const base::SteadyTime started_;
    DiskInquiry disk_;
    SnapshotCalls snapshots_;
    std::atomic<bool> resuming_ = false;
    std::thread resumer_;  ///< an attempt waits for the disk, and health must not wait for it
};

}  // namespace holdfast::server
