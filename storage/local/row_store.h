/// The rows of the embedded engine. Single rows in memory are read on the calling event loop,
/// others and ranges on the worker pool; commits go to the committer.
///
/// What cannot be read is read a second time from the medium. A body that cannot be read even then
/// is listed as damaged, until it is replaced or deleted.
/// threads: any. source: spec durability 2.5 ("frame CRC mismatch", "blob listed as damaged").
#pragma once

#include "base/worker_pool.h"
#include "storage/damage_list.h"
#include "storage/local/condition_keeper.h"
#include "storage/local/index_access.h"
#include "storage/metadata_store.h"

namespace holdfast::storage::local {

class RowStore final : public MetadataStore {
public:
    /// All of them must outlive the store.
    RowStore(IndexAccess& index, const ConditionKeeper& condition, base::WorkerPool& pool,
             DamageList& damage)
        : index_(index), condition_(condition), pool_(pool), damage_(damage) {}

    Async<std::vector<std::optional<Row>>> get(const Partition& partition,
                                               std::vector<RowKey> keys) override;
    Async<ScanPage> scan(const Partition& partition, ScanRange range) override;
    Async<RowVersion> commit(const Partition& partition, Transaction transaction) override;

private:
    Result<std::vector<std::optional<Row>>> read_blocking(const Partition& partition,
                                                          const std::vector<RowKey>& keys);
    void note_damage(const RowDatabase& database, const Partition& partition,
                     const std::vector<RowKey>& keys);
    void submit(CommitRequest request);

    IndexAccess& index_;
    const ConditionKeeper& condition_;
    base::WorkerPool& pool_;
    DamageList& damage_;
};

}  // namespace holdfast::storage::local
