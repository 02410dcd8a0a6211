/// Gives back the space of bodies that are gone, of those that are kept in the index.
///
/// Those of 1 KiB and more lie in RocksDB's blob files. That one is garbage shows only when a
/// compaction meets both its row and what replaced it, and its bytes come back with the whole file.
/// RocksDB does both when enough was written, however long that takes; here it is done on request:
///
/// - Rows are pushed down into the lowest level, a piece of the keys at a time; no body is moved.
///   The first step takes along what is in memory, and with that all of level 0: the rows of one
///   level (some 256 MiB) may be written again; and what is in memory of the other family when
///   that is many deletions: a file of those gets RocksDB to merge it, and what they deleted goes.
///   Later ones leave alone what was written since, where nothing older lies above the lowest
///   level.
/// - Bodies are moved by writing one table of the lowest level again, and no other one. RocksDB
///   compacts a range of keys, and whatever lies above it in memory and level 0 first, with all
///   that overlaps: so the range is a single key, the last one of the table, which nothing above
///   has. A step is what the rows of one table point to: they are small (rocksdb_options.cpp), as
///   it keeps RocksDB from compacting anything else. Only if that key is written to in the very
///   moment that it begins, it is as much as the first kind of step with the bodies.
///
/// When the index is closed in the middle of a step, everything RocksDB does in the background is
/// cancelled: it is closed next.
///
/// threads: space() and step() one; stop() any. All but stop() block. source: spec durability 2.7,
/// P13.
#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <utility>

#include "storage/local/index_access.h"
#include "storage/upkeep.h"

namespace holdfast::storage::local {

class BodyMerger final : private IndexAccess::Dependent {
public:
    /// RocksDB takes no writes any more. From the thread of step().
    using Failed = std::function<void(const std::string& reason)>;

    /// `index` outlives it.
    explicit BodyMerger(IndexAccess& index, Failed failed = {})
        : index_(index), failed_(std::move(failed)) {
        index_.add(*this);
    }
    BodyMerger(const BodyMerger&) = delete;
    BodyMerger& operator=(const BodyMerger&) = delete;
    ~BodyMerger() override { index_.remove(*this); }

    /// All but what the disk has.
    Result<BodySpace> space();
    Result<BodyMergeStep> step(const BodyMerge& merge);
    /// The step under way ends when RocksDB gets to it; later ones at once.
    void stop();

private:
    void let_go() override;
    const RowDatabase* begin();
    void end();
    Result<BodyMergeStep> run(const RowDatabase& database, const BodyMerge& merge);
    Result<BodyMergeStep> fail(const RowDatabase& database, const rocksdb::Status& status);
    rocksdb::Status push_down(const RowDatabase& database, const std::string& from,
                              std::string& next);
    rocksdb::Status move(const RowDatabase& database, const BodyMerge& merge, std::string& next);

    IndexAccess& index_;
    const Failed failed_;
    std::atomic<bool> canceled_ = false;  ///< the step under way; RocksDB looks at it
    std::mutex mutex_;
    std::condition_variable ended_;
    bool stopped_ = false;                 ///< under mutex_
    const RowDatabase* in_use_ = nullptr;  ///< under mutex_; of the step under way
};

}  // namespace holdfast::storage::local
