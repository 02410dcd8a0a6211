/// The embedded engine put together: what it opens, in which order, and how it comes back after a
/// fault.
///
/// threads: open and close from one; condition and resume any.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "storage/local/ballast.h"
#include "storage/local/condition_keeper.h"
#include "storage/local/engine.h"
#include "storage/local/index_keeper.h"
#include "storage/local/local_upkeep.h"
#include "storage/local/row_store.h"
#include "storage/local/segment_store.h"
#include "storage/local/supervisor.h"
#include "storage/local/volume.h"

namespace holdfast::storage::local {

class LocalEngine final : public Engine {
public:
    /// What it works with; outlives it.
    struct Surroundings {
        base::Vfs& vfs;
        const base::Clock& clock;
        base::WorkerPool& pool;
    };
    LocalEngine(const EngineOptions& options, Surroundings around, std::unique_ptr<Volume> volume);
    LocalEngine(const LocalEngine&) = delete;
    LocalEngine& operator=(const LocalEngine&) = delete;
    ~LocalEngine() override;

    /// Once, before anything else.
    base::Expected<void, OpenError> open();

    MetadataStore& metadata() override { return *rows_; }
    BlobStore& blobs() override { return *segments_; }
    Upkeep& upkeep() override { return *upkeep_; }
    [[nodiscard]] EngineCondition condition() const override;
    std::optional<std::string> resume() override;
    [[nodiscard]] RowVersion last_commit() override { return index_->last_commit(); }
    void close() override;
    [[nodiscard]] Statistics statistics() const override;

private:
    base::Expected<void, OpenError> open_index();
    [[nodiscard]] base::Expected<void, OpenError> check_segments_are_there() const;
    base::Expected<void, OpenError> open_existing_index();
    [[nodiscard]] EngineCondition condition_at_start(const IndexExamination& found) const;
    base::Expected<void, OpenError> heed_reattach_note(IndexExamination& found) const;
    [[nodiscard]] EngineCondition condition_of_loss(const CommitLoss& loss) const;
    [[nodiscard]] EngineCondition condition_of_damage(const std::string& damage) const;
    base::Expected<void, OpenError> open_segments();
    void fault(const std::string& reason, bool index_out_of_space);
    [[nodiscard]] std::uint64_t free_bytes_to_reopen() const;
    std::optional<std::string> reopen();
    std::optional<std::string> make_durable(std::uint64_t& commit_no);

    const EngineOptions options_;
    const Surroundings around_;
    // Opened in this order, closed in the opposite one.
    std::unique_ptr<Volume> volume_;
    ConditionKeeper condition_;
    std::atomic<bool> index_out_of_space_ = false;  ///< of the last fault
    std::atomic<bool> opened_ = false;              ///< what follows is all there
    std::unique_ptr<Supervisor> supervisor_;        ///< told of faults by all below
    Ballast ballast_;
    std::unique_ptr<IndexKeeper> index_;
    std::unique_ptr<SegmentStore> segments_;
    std::unique_ptr<RowStore> rows_;
    std::unique_ptr<LocalUpkeep> upkeep_;
};

}  // namespace holdfast::storage::local
