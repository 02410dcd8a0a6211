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
constexpr std::uint64_t index_deletions_min = 2048;

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

std::uint64_t deletions_in_memory(const RowDatabase& database) {
    std::uint64_t deletions = 0;
    for (const auto& property : {rocksdb::DB::Properties::kNumDeletesActiveMemTable,
                                 rocksdb::DB::Properties::kNumDeletesImmMemTables}) {
        std::uint64_t found = 0;
        if (database.db().GetIntProperty(database.family(RowFamily::index), property, &found))
            deletions += found;
    }
    return deletions;
}

/// So many in one file get RocksDB to merge it (rocksdb_options.cpp).
rocksdb::Status flush_deletions(const RowDatabase& database) {
    if (deletions_in_memory(database) < index_deletions_min) return rocksdb::Status::OK();
    return database.db().Flush(rocksdb::FlushOptions(), database.family(RowFamily::index));
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

/// Bodies stay where they are: the family's own setting would move some.
rocksdb::CompactRangeOptions merging(std::atomic<bool>& canceled) {
    rocksdb::CompactRangeOptions options;
    options.canceled = &canceled;
    options.exclusive_manual_compaction = false;  // the others go on
    options.blob_garbage_collection_policy = rocksdb::BlobGarbageCollectionPolicy::kDisable;
    return options;
}

/// Bodies of the oldest `files` of so many files move.
rocksdb::CompactRangeOptions moving(std::atomic<bool>& canceled, std::size_t files,
                                    std::size_t of_files) {
    auto options = merging(canceled);
    options.blob_garbage_collection_policy = rocksdb::BlobGarbageCollectionPolicy::kForce;
    // RocksDB multiplies the share with the number of files it finds then, and rounds down: enough
    // more that it is not one too few, and not so much that a file more makes it one too many.
    const auto share = (static_cast<double>(files) + 0.01) / static_cast<double>(of_files);
    options.blob_garbage_collection_age_cutoff = std::min(share, 1.0);
    options.bottommost_level_compaction = rocksdb::BottommostLevelCompaction::kForce;
    return options;
}

/// The one that ends at `from` or behind it first, and whether another one follows it.
struct TableAt {
    std::string last_key;  ///< empty: there is none
    bool is_last = true;
};

TableAt table_at(const Tables& tables, const std::string& from) {
    const auto table = std::find_if(tables.begin(), tables.end(),
                                    [&](const auto& t) { return t.largestkey >= from; });
    if (table == tables.end()) return {};
    return {table->largestkey, table + 1 == tables.end()};
}

/// The smallest key behind that one.
std::string key_after(const std::string& key) {
    return key + '\0';
}

/// Of the tables above the lowest level, one has keys from `from` to `last`; empty: to the end.
bool has_rows_above(const rocksdb::ColumnFamilyMetaData& bodies, const Tables& lowest,
                    const std::string& from, const std::string& last) {
    const auto overlaps = [&](const rocksdb::SstFileMetaData& table) {
        return table.largestkey >= from && (last.empty() || table.smallestkey <= last);
    };
    std::size_t found = 0;
    for (const auto& level : bodies.levels)
        found += static_cast<std::size_t>(
            std::count_if(level.files.begin(), level.files.end(), overlaps));
    return found > static_cast<std::size_t>(std::count_if(lowest.begin(), lowest.end(), overlaps));
}

rocksdb::Status compact_at(const RowDatabase& database, const rocksdb::CompactRangeOptions& options,
                           const std::string& key) {
    const rocksdb::Slice range(key);
    return database.db().CompactRange(options, database.family(RowFamily::body), &range, &range);
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
    space.index_deletions = deletions_in_memory(use.database());
    space.table_bytes = bodies.size;
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
    return run(*database, merge);
}

/// From here to end() whoever closes the index waits.
const RowDatabase* BodyMerger::begin() {
    const auto use = index_.use();
    const std::lock_guard lock(mutex_);
    // Open for reading only it merges nothing, and that is no failure of it.
    if (!use || use.committer() == nullptr || stopped_) return nullptr;
    canceled_ = false;
    in_use_ = &use.database();
    return in_use_;
}

void BodyMerger::end() {
    const std::lock_guard lock(mutex_);
    in_use_ = nullptr;
    ended_.notify_all();
}

Result<BodyMergeStep> BodyMerger::run(const RowDatabase& database, const BodyMerge& merge) {
    const auto newest_before = newest_file(bodies_of(database));
    BodyMergeStep done;
    const auto status = merge.move_up_to == 0 ? push_down(database, merge.from, done.next)
                                              : move(database, merge, done.next);
    if (!status.ok()) return fail(database, status);
    done.bytes_written = bytes_written_after(bodies_of(database), newest_before);
    return done;
}

Result<BodyMergeStep> BodyMerger::fail(const RowDatabase& database, const rocksdb::Status& status) {
    if (status.IsIncomplete() || status.IsShutdownInProgress()) return not_merged();
    auto error = to_storage_error(status);
    // RocksDB waits for room by itself.
    if (error.kind == StorageError::Kind::out_of_space) return error;
    database.note_read_failure(error);
    if (failed_) failed_("rows of the index could not be merged: " + error.detail);
    return error;
}

rocksdb::Status BodyMerger::push_down(const RowDatabase& database, const std::string& from,
                                      std::string& next) {
    if (from.empty())
        if (auto flushed = flush_deletions(database); !flushed.ok()) return flushed;
    const auto bodies = bodies_of(database);
    const auto lowest = lowest_tables(bodies);
    const auto table = table_at(lowest, from);
    const auto last = table.is_last ? std::string() : table.last_key;
    if (!last.empty()) next = key_after(last);
    if (!from.empty() && !has_rows_above(bodies, lowest, from, last)) return rocksdb::Status::OK();
    auto options = merging(canceled_);
    // What is not merged with anything below keeps its deletions, unless it is written again.
    if (lowest.empty())
        options.bottommost_level_compaction = rocksdb::BottommostLevelCompaction::kForce;
    const rocksdb::Slice begin(from);
    const rocksdb::Slice end(last);
    return database.db().CompactRange(options, database.family(RowFamily::body),
                                      from.empty() ? nullptr : &begin,
                                      last.empty() ? nullptr : &end);
}

rocksdb::Status BodyMerger::move(const RowDatabase& database, const BodyMerge& merge,
                                 std::string& next) {
    auto bodies = bodies_of(database);
    auto table = table_at(lowest_tables(bodies), merge.from);
    for (;;) {
        if (table.last_key.empty()) return rocksdb::Status::OK();
        // What replaced that row is met here, and may end the table with another one.
        auto pushed = compact_at(database, merging(canceled_), table.last_key);
        if (!pushed.ok()) return pushed;
        bodies = bodies_of(database);
        const auto now = table_at(lowest_tables(bodies), merge.from);
        const bool settled = now.last_key == table.last_key;
        table = now;
        if (settled) break;
    }
    const auto& files = bodies.blob_files;
    const auto to_empty = std::count_if(files.begin(), files.end(), [&](const auto& file) {
        return file.blob_file_number <= merge.move_up_to;
    });
    if (to_empty == 0) return rocksdb::Status::OK();
    if (!table.is_last) next = key_after(table.last_key);
    return compact_at(database, moving(canceled_, static_cast<std::size_t>(to_empty), files.size()),
                      table.last_key);
}

void BodyMerger::stop() {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
    canceled_ = true;
}

void BodyMerger::let_go() {
    std::unique_lock lock(mutex_);
    if (in_use_ == nullptr) return;
    // A compaction that waits for another one looks at it when that one has ended.
    canceled_ = true;
    rocksdb::CancelAllBackgroundWork(&in_use_->db(), false);
    ended_.wait(lock, [this] { return in_use_ == nullptr; });
}

}  // namespace holdfast::storage::local
