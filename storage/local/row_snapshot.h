/// All index rows of all partitions at one moment. Pages are read on the pool. When the index is
/// reopened, the moment is gone: reads say `unavailable` from then on. threads: one event loop;
/// destroyed on any.
#pragma once

#include <rocksdb/snapshot.h>

#include <memory>
#include <mutex>
#include <optional>

#include "base/worker_pool.h"
#include "storage/local/index_access.h"
#include "storage/upkeep.h"

namespace holdfast::storage::local {

class DiskRowSnapshot final : public RowSnapshot, private IndexAccess::Dependent {
public:
    /// `index` and `pool` outlive it. Blocks.
    DiskRowSnapshot(IndexAccess& index, const IndexAccess::Use& use, base::WorkerPool& pool,
                    const RowPosition& after);
    DiskRowSnapshot(const DiskRowSnapshot&) = delete;
    DiskRowSnapshot& operator=(const DiskRowSnapshot&) = delete;
    ~DiskRowSnapshot() override;

    Async<std::vector<Entry>> next(std::uint32_t rows_max) override;
    Async<void> skip_unreadable() override;
    Async<std::vector<std::optional<Row>>> bodies(const Partition& partition,
                                                  std::vector<std::string> keys) override;

private:
    /// What lives in the database.
    struct Moment {
        Moment(const RowDatabase& of, const RowPosition& after);
        const RowDatabase& database;
        rocksdb::ManagedSnapshot snapshot;
        std::unique_ptr<rocksdb::Iterator> at;
        std::string last;  ///< the key in the index behind which `at` is; empty: none

        void make_iterator();
        void seek();
        Result<std::vector<Entry>> read(std::uint32_t rows_max);
        Result<void> skip_unreadable();
    };
    void let_go() override;
    static Result<std::optional<Row>> read_body(Moment& moment, const std::string& disk_key,
                                                const std::string& key);
    Result<std::vector<Entry>> read_next(std::uint32_t rows_max);
    Result<void> skip();
    Result<std::vector<std::optional<Row>>> read_bodies(const Partition& partition,
                                                        const std::vector<std::string>& keys);

    IndexAccess& index_;
    base::WorkerPool& pool_;
    std::mutex mutex_;              ///< held while a page is read
    std::optional<Moment> moment_;  ///< under mutex_; nothing once it was let go
};

}  // namespace holdfast::storage::local
