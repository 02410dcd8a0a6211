/// What the workers see of an engine, with calls that fail when a test says so, and a moment before
/// each call: so that every failure between a worker and its engine can be made to happen, and
/// every race between two of its calls.
///
/// Calls are named after interface and function: "upkeep.scan", "snapshot.next", "rows.get",
/// "blobs.open", "reader.read", "writer.finish", … threads: one event loop.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "storage/metadata_store.h"
#include "storage/upkeep.h"

namespace holdfast::test {

class CallFaults {
public:
    struct Fault {
        std::string call;       ///< empty: every one
        std::uint64_t nth = 1;  ///< of the matching calls from now on
        storage::StorageError::Kind kind = storage::StorageError::Kind::io;
        bool for_ever = false;  ///< the nth and all after it, not the nth alone
        bool done = false;      ///< a commit, a release: it happens all the same
    };
    /// Replaces an earlier fault; counting starts at this call.
    void fail(Fault fault);
    void heal() { fault_.reset(); }
    /// Whether the fault was met.
    [[nodiscard]] bool failed() const { return failed_; }
    /// Runs before each call.
    std::function<void(const std::string& call)> before;

    /// What the call is to fail with.
    std::optional<storage::StorageError> meet(const char* call);
    /// After meet(): what the call is to do before it fails.
    [[nodiscard]] bool is_done() const { return fault_ && fault_->done; }

private:
    std::optional<Fault> fault_;
    std::uint64_t matching_ = 0;
    bool failed_ = false;
};

class FaultyRows final : public storage::MetadataStore {
public:
    FaultyRows(storage::MetadataStore& below, CallFaults& faults)
        : below_(below), faults_(faults) {}
    storage::Async<std::vector<std::optional<storage::Row>>> get(
        const storage::Partition& partition, std::vector<storage::RowKey> keys) override;
    storage::Async<storage::ScanPage> scan(const storage::Partition& partition,
                                           storage::ScanRange range) override;
    storage::Async<storage::RowVersion> commit(const storage::Partition& partition,
                                               storage::Transaction transaction) override;

private:
    storage::MetadataStore& below_;
    CallFaults& faults_;
};

class FaultyBlobs final : public storage::BlobStore {
public:
    FaultyBlobs(storage::BlobStore& below, CallFaults& faults) : below_(below), faults_(faults) {}
    storage::Async<std::unique_ptr<storage::BlobWriter>> create(
        storage::BlobOptions options) override;
    storage::Async<std::unique_ptr<storage::BlobReader>> open(const storage::BlobRef& ref) override;
    storage::Async<void> check_space(std::uint64_t bytes) override;
    storage::Async<void> release(const storage::BlobRef& ref) override;

private:
    storage::BlobStore& below_;
    CallFaults& faults_;
};

class FaultyUpkeep final : public storage::Upkeep {
public:
    FaultyUpkeep(storage::Upkeep& below, CallFaults& faults) : below_(below), faults_(faults) {}

    std::optional<storage::EngineCondition> forced_condition;
    bool refuses_holes = false;

    storage::Async<std::unique_ptr<storage::RowSnapshot>> snapshot(
        storage::RowPosition after) override;
    storage::Async<std::vector<storage::SegmentInfo>> segments() override;
    storage::Async<storage::SegmentPage> scan(std::uint64_t segment, std::uint64_t from) override;
    [[nodiscard]] bool is_in_flight(const storage::BlobId& blob) const override {
        return below_.is_in_flight(blob);
    }
    storage::Async<void> trim(std::uint64_t segment, std::vector<storage::Extent> zeros) override;
    storage::Async<void> drop(std::uint64_t segment) override;
    [[nodiscard]] bool punches_holes() const override {
        return !refuses_holes && below_.punches_holes();
    }
    storage::Async<storage::BlobCheck> check(const storage::BlobRef& blob,
                                             std::size_t extent) override;
    storage::Async<std::vector<storage::IndexFile>> index_files() override;
    storage::Async<base::Bytes> read_index_file(const std::string& name, std::uint64_t offset,
                                                std::uint64_t bytes) override;
    storage::Async<std::vector<std::string>> other_files() override;
    storage::Async<storage::FileCheck> check_file(const std::string& name,
                                                  std::uint64_t from) override;
    storage::Async<storage::BodySpace> body_space() override;
    storage::Async<storage::BodyMergeStep> merge_bodies(storage::BodyMerge merge) override;
    /// Not handed on: the engine below would not merge again.
    void stop_merging() override {}
    [[nodiscard]] storage::EngineCondition condition() const override {
        return forced_condition.value_or(below_.condition());
    }
    [[nodiscard]] std::uint64_t index_failures() const override { return below_.index_failures(); }
    storage::DamageList& damage() override { return below_.damage(); }
    storage::VolumeSnapshots& volume_snapshots() override { return below_.volume_snapshots(); }
    storage::Async<std::string> read_note(const std::string& name) override;
    storage::Async<void> write_note(const std::string& name, std::string content) override;

private:
    storage::Upkeep& below_;
    CallFaults& faults_;
};

}  // namespace holdfast::test
