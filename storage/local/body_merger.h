/// Gives back the space of bodies that are gone, of those that are kept in the index.
///
/// They lie in RocksDB's blob files. That one is garbage shows only when a compaction meets both
/// its row and what replaced it, and its bytes come back with the whole file. RocksDB does both
/// when enough was written, however long that takes; here it is done on request, for the rows of
/// one table of the lowest level at a time. Tables of bodies are small (rocksdb_options.cpp), as a
/// step keeps RocksDB from compacting anything else.
///
/// When the index is closed in the middle of a step, everything RocksDB does in the background is
/// cancelled: it is closed next.
///
/// threads: space() and step() one; stop() any. All but stop() block. source: spec durability 2.7,
/// P13.
#pragma once

#include <atomic>
#include <condition_variable>
#include <mutex>

#include "storage/local/index_access.h"
#include "storage/upkeep.h"

namespace holdfast::storage::local {

class BodyMerger final : private IndexAccess::Dependent {
public:
    /// `index` outlives it.
    explicit BodyMerger(IndexAccess& index) : index_(index) { index_.add(*this); }
    BodyMerger(const BodyMerger&) = delete;
    BodyMerger& operator=(const BodyMerger&) = delete;
    ~BodyMerger() override { index_.remove(*this); }

    /// All but the room.
    Result<BodySpace> space();
    Result<BodyMergeStep> step(const BodyMerge& merge);
    /// The step under way ends when RocksDB gets to it; later ones at once.
    void stop();

private:
    void let_go() override;
    const RowDatabase* begin();
    void end();
    Result<BodyMergeStep> compact(const RowDatabase& database, const BodyMerge& merge);

    IndexAccess& index_;
    std::atomic<bool> canceled_ = false;  ///< the step under way; RocksDB looks at it
    std::mutex mutex_;
    std::condition_variable ended_;
    bool stopped_ = false;                 ///< under mutex_
    const RowDatabase* in_use_ = nullptr;  ///< under mutex_; of the step under way
};

}  // namespace holdfast::storage::local
