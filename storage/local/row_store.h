/// The rows of the embedded engine. Single rows in memory are read on the calling event loop,
/// others and ranges on the worker pool; commits go to the committer. threads: any.
#pragma once

#include "base/worker_pool.h"
#include "storage/local/condition_keeper.h"
#include "storage/local/index_access.h"
#include "storage/metadata_store.h"

namespace holdfast::storage::local {

class RowStore final : public MetadataStore {
public:
    /// All of them must outlive the store.
    RowStore(IndexAccess& index, const ConditionKeeper& condition, base::WorkerPool& pool)
        : index_(index), condition_(condition), pool_(pool) {}

    Async<std::vector<std::optional<Row>>> get(const Partition& partition,
                                               std::vector<RowKey> keys) override;
    Async<ScanPage> scan(const Partition& partition, ScanRange range) override;
    Async<RowVersion> commit(const Partition& partition, Transaction transaction) override;

private:
    void submit(CommitRequest request);

    IndexAccess& index_;
    const ConditionKeeper& condition_;
    base::WorkerPool& pool_;
};

}  // namespace holdfast::storage::local
