/// The embedded engine's side of its upkeep. threads: any event loop.
#pragma once

#include <rocksdb/metadata.h>

#include <functional>

#include "base/vfs.h"
#include "base/worker_pool.h"
#include "storage/local/body_merger.h"
#include "storage/local/index_access.h"
#include "storage/local/local_snapshots.h"
#include "storage/local/segment_works.h"
#include "storage/upkeep.h"

namespace holdfast::storage::local {

class LocalUpkeep final : public Upkeep {
public:
    struct Parts {
        base::Vfs& vfs;
        base::WorkerPool& pool;
        IndexAccess& index;
        SegmentWorks& works;
        std::string directory;  ///< of the volume, with a slash behind it
        std::string index_directory;
        std::function<EngineCondition()> condition;
        BodyMerger::Failed merging_failed = {};
    };
    explicit LocalUpkeep(Parts parts);
    ~LocalUpkeep() override;

    /// The engine takes writes again: what it could not do before is done now.
    void resume() { snapshots_.clean_up(); }

    Async<std::unique_ptr<RowSnapshot>> snapshot(RowPosition after) override;
    Async<std::vector<SegmentInfo>> segments() override;
    Async<SegmentPage> scan(std::uint64_t segment, std::uint64_t from) override;
    [[nodiscard]] bool is_in_flight(const BlobId& blob) const override;
    Async<void> trim(std::uint64_t segment, std::vector<Extent> zeros) override;
    Async<void> drop(std::uint64_t segment) override;
    [[nodiscard]] bool punches_holes() const override;
    Async<BlobCheck> check(const BlobRef& blob, std::size_t extent) override;
    Async<std::vector<IndexFile>> index_files() override;
    Async<base::Bytes> read_index_file(const std::string& name, std::uint64_t offset,
                                       std::uint64_t bytes) override;
    Async<std::vector<std::string>> other_files() override;
    Async<FileCheck> check_file(const std::string& name, std::uint64_t from) override;
    Async<BodySpace> body_space() override;
    Async<BodyMergeStep> merge_bodies(BodyMerge merge) override;
    void stop_merging() override { merger_.stop(); }
    [[nodiscard]] EngineCondition condition() const override { return parts_.condition(); }
    [[nodiscard]] std::uint64_t index_failures() const override {
        return parts_.index.read_failures();
    }
    DamageList& damage() override { return parts_.works.damage; }
    VolumeSnapshots& volume_snapshots() override { return snapshots_; }
    Async<std::string> read_note(const std::string& name) override;
    Async<void> write_note(const std::string& name, std::string content) override;

private:
    Result<std::vector<SegmentInfo>> list_segments();
    Result<SegmentPage> scan_page(std::uint64_t segment, std::uint64_t from);
    Result<std::vector<rocksdb::LiveFileStorageInfo>> list_live_files();
    Result<std::vector<IndexFile>> list_index_files();
    Result<std::vector<std::string>> list_other_files();
    Result<BodySpace> measure_bodies();

    Parts parts_;
    LocalSnapshots snapshots_;
    BodyMerger merger_{parts_.index, parts_.merging_failed};
    base::WorkerPool reader_{1};  ///< reads in bulk, after everybody else
};

}  // namespace holdfast::storage::local
