#include "storage/local/body_merger.h"

#include <rocksdb/convenience.h>
#include <rocksdb/db.h>
#include <rocksdb/metadata.h>

#include <algorithm>
#include <vector>

namespace holdfast::storage::local {

namespace {

using Tables = std::vector<rocksdb::SstFileMetaData>;

/// What a row takes in a table at least: a sequence number, a place, the end of a key.
constexpr std::uint64_t row_bytes_min = 16;

StorageError not_merged() {
    return {StorageError::Kind::unavailable, "merging was stopped, or the index was reopened"};
}

rocksdb::ColumnFamilyMetaData bodies_of(const RowDatabase& database) {
    rocksdb::ColumnFamilyMetaData found;
    database.db().GetColumnFamilyMetaData(database.family(RowFamily::body), &found);
    auto& files = found.blob_files;
    std::sort(files.begin(), files.end(),
              [](const auto& a, const auto& b) { return a.blob_file_number < b.blob_file_number; });
    return found;
}

/// Of the lowest level that has any, in the order of their keys: nothing hides behind them. None
/// of level 0, where they overlap.
Tables lowest_tables(const rocksdb::ColumnFamilyMetaData& bodies) {
    for (auto level = bodies.levels.rbegin(); level != bodies.levels.rend(); ++level) {
        if (level->level == 0) break;
        if (level->files.empty()) continue;
        auto tables = level->files;
        std::sort(tables.begin(), tables.end(),
                  [](const auto& a, const auto& b) { return a.smallestkey < b.smallestkey; });
        return tables;
    }
    return {};
}

/// By their size: RocksDB knows the number of rows only of tables that it has read.
std::uint64_t rows_above_max(const RowDatabase& database,
                             const rocksdb::ColumnFamilyMetaData& bodies) {
    std::uint64_t bytes = bodies.size;
    for (const auto& table : lowest_tables(bodies)) bytes -= table.size;
    std::uint64_t rows = bytes / row_bytes_min;
    for (const auto& property : {rocksdb::DB::Properties::kNumEntriesActiveMemTable,
                                 rocksdb::DB::Properties::kNumEntriesImmMemTables}) {
        std::uint64_t in_memory = 0;
        if (database.db().GetIntProperty(database.family(RowFamily::body), property, &in_memory))
            rows += in_memory;
    }
    return rows;
}

std::uint64_t newest_file(const rocksdb::ColumnFamilyMetaData& bodies) {
    std::uint64_t newest = 0;
    for (const auto& level : bodies.levels)
        for (const auto& table : level.files) newest = std::max(newest, table.file_number);
    for (const auto& file : bodies.blob_files) newest = std::max(newest, file.blob_file_number);
    return newest;
}

std::uint64_t bytes_written_after(const rocksdb::ColumnFamilyMetaData& bodies, std::uint64_t file) {
    std::uint64_t bytes = 0;
    for (const auto& level : bodies.levels)
        for (const auto& table : level.files)
            if (table.file_number > file) bytes += table.size;
    for (const auto& found : bodies.blob_files)
        if (found.blob_file_number > file) bytes += found.blob_file_size;
    return bytes;
}

rocksdb::CompactRangeOptions compaction_options(const rocksdb::ColumnFamilyMetaData& bodies,
                                                std::uint64_t move_up_to) {
    rocksdb::CompactRangeOptions options;
    options.exclusive_manual_compaction = false;  // the others go on
    // The family's own setting would move bodies out of the oldest files.
    options.blob_garbage_collection_policy = rocksdb::BlobGarbageCollectionPolicy::kDisable;
    const auto& files = bodies.blob_files;
    const auto moved = std::count_if(files.begin(), files.end(), [&](const auto& file) {
        return file.blob_file_number <= move_up_to;
    });
    if (moved == 0) return options;
    options.blob_garbage_collection_policy = rocksdb::BlobGarbageCollectionPolicy::kForce;
    // RocksDB multiplies the share with the number of files, and rounds down.
    const auto share = (static_cast<double>(moved) + 0.5) / static_cast<double>(files.size());
    options.blob_garbage_collection_age_cutoff = std::min(share, 1.0);
    // Rows of the lowest level refer to those files as well, also in tables that were written by
    // another compaction meanwhile.
    options.bottommost_level_compaction = rocksdb::BottommostLevelCompaction::kForce;
    return options;
}

/// The last key of the first table that ends at `from` or behind it; empty when no table follows
/// that one.
std::string end_of_table(const rocksdb::ColumnFamilyMetaData& bodies, const std::string& from) {
    const auto tables = lowest_tables(bodies);
    const auto table = std::find_if(tables.begin(), tables.end(),
                                    [&](const auto& t) { return t.largestkey >= from; });
    if (table == tables.end() || table + 1 == tables.end()) return {};
    return table->largestkey;
}

}  // namespace

Result<BodySpace> BodyMerger::space() {
    const auto use = index_.use();
    if (!use) return not_merged();
    const auto bodies = bodies_of(use.database());
    BodySpace space;
    for (const auto& file : bodies.blob_files)
        space.files.push_back(
            {file.blob_file_number, file.total_blob_bytes, file.garbage_blob_bytes});
    space.unmerged_rows_max = rows_above_max(use.database(), bodies);
    return space;
}

Result<BodyMergeStep> BodyMerger::step(const BodyMerge& merge) {
    const auto* const database = begin();
    if (database == nullptr) return not_merged();
    struct AtTheEnd {
        BodyMerger& merger;
        ~AtTheEnd() { merger.end(); }
    } const at_the_end{*this};
    return compact(*database, merge);
}

/// From here to end() whoever closes the index waits.
const RowDatabase* BodyMerger::begin() {
    const auto use = index_.use();
    const std::lock_guard lock(mutex_);
    if (!use || stopped_) return nullptr;
    canceled_ = false;
    in_use_ = &use.database();
    return in_use_;
}

void BodyMerger::end() {
    const std::lock_guard lock(mutex_);
    in_use_ = nullptr;
    ended_.notify_all();
}

Result<BodyMergeStep> BodyMerger::compact(const RowDatabase& database, const BodyMerge& merge) {
    const auto before = bodies_of(database);
    auto options = compaction_options(before, merge.move_up_to);
    options.canceled = &canceled_;
    const auto last = end_of_table(before, merge.from);
    const rocksdb::Slice begin(merge.from);
    const rocksdb::Slice end(last);
    const auto status = database.db().CompactRange(options, database.family(RowFamily::body),
                                                   merge.from.empty() ? nullptr : &begin,
                                                   last.empty() ? nullptr : &end);
    if (status.IsIncomplete() || status.IsShutdownInProgress()) return not_merged();
    if (!status.ok()) return to_storage_error(status);
    BodyMergeStep done;
    if (!last.empty()) done.next = last + '\0';  // the smallest key behind it
    done.bytes_written = bytes_written_after(bodies_of(database), newest_file(before));
    return done;
}

void BodyMerger::stop() {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
    canceled_ = true;
}

void BodyMerger::let_go() {
    std::unique_lock lock(mutex_);
    if (in_use_ == nullptr) return;
    // A compaction that waits for another one does not look at it.
    canceled_ = true;
    rocksdb::CancelAllBackgroundWork(&in_use_->db(), false);
    ended_.wait(lock, [this] { return in_use_ == nullptr; });
}

}  // namespace holdfast::storage::local
