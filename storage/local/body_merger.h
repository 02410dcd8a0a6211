/// Gives back the space of bodies that are gone, of those that are kept in the index.
///
/// They lie in RocksDB's blob files. That one is garbage shows only when a compaction meets both
/// its row and what replaced it, and its bytes come back with the whole file. RocksDB does both
/// when enough was written, however long that takes; here it is done on request, for the rows of
/// one table of the lowest level at a time.
///
/// threads: space() and merge() one; stop() any. Both block. source: spec durability 2.7, P13.
#pragma once

#include <atomic>
#include <mutex>
#include <string>

#include "storage/local/index_access.h"
#include "storage/upkeep.h"

namespace holdfast::storage::local {

class BodyMerger final : private IndexAccess::Dependent {
public:
    /// `index` outlives it.
    explicit BodyMerger(IndexAccess& index) : index_(index) {}

    Result<BodySpace> space();
    Result<BodyMerged> merge(const BodyMerge& merge);
    /// Whoever merges returns soon; later calls at once.
    void stop();

private:
    void let_go() override;
    Result<BodyMerged> compact(const BodyMerge& merge);

    IndexAccess& index_;
    std::atomic<bool> stopped_ = false;
    std::atomic<bool> canceled_ = false;     ///< the merge under way; RocksDB looks at it
    std::mutex mutex_;                       ///< held while rows are merged
    const RowDatabase* database_ = nullptr;  ///< under mutex_; null: the index was let go
};

}  // namespace holdfast::storage::local
