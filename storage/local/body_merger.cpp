#include "storage/local/body_merger.h"

#include <rocksdb/db.h>
#include <rocksdb/metadata.h>

#include <algorithm>
#include <vector>

namespace holdfast::storage::local {

namespace {

StorageError let_go_error() {
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

/// The tables behind which nothing is hidden: of the lowest level that has any, in the order of
/// their keys. Level 0 is none: its tables overlap.
std::vector<rocksdb::SstFileMetaData> lowest_tables(const rocksdb::ColumnFamilyMetaData& bodies) {
    for (auto level = bodies.levels.rbegin(); level != bodies.levels.rend(); ++level) {
        if (level->level == 0) break;
        if (level->files.empty()) continue;
        auto files = level->files;
        std::sort(files.begin(), files.end(),
                  [](const auto& a, const auto& b) { return a.smallestkey < b.smallestkey; });
        return files;
    }
    return {};
}

std::uint64_t rows_of(const std::vector<rocksdb::SstFileMetaData>& tables) {
    std::uint64_t rows = 0;
    for (const auto& table : tables) rows += table.num_entries;
    return rows;
}

/// In tables above the lowest ones, and in memory: each may have replaced one.
std::uint64_t rows_above(const RowDatabase& database, const rocksdb::ColumnFamilyMetaData& bodies) {
    std::uint64_t rows = 0;
    for (const auto& level : bodies.levels) rows += rows_of(level.files);
    rows -= rows_of(lowest_tables(bodies));
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

/// With the oldest `moved` of the files: RocksDB multiplies, and rounds down.
rocksdb::CompactRangeOptions compaction_options(std::size_t moved, std::size_t files) {
    rocksdb::CompactRangeOptions options;
    options.exclusive_manual_compaction = false;  // the others go on
    if (moved == 0 || files == 0) return options;
    // Rows of the lowest level refer to what is to be moved as well.
    options.bottommost_level_compaction = rocksdb::BottommostLevelCompaction::kForceOptimized;
    options.blob_garbage_collection_policy = rocksdb::BlobGarbageCollectionPolicy::kForce;
    const auto share = (static_cast<double>(moved) + 0.5) / static_cast<double>(files);
    options.blob_garbage_collection_age_cutoff = std::min(share, 1.0);
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
    if (!use) return let_go_error();
    const auto bodies = bodies_of(use.database());
    BodySpace space;
    std::uint64_t bytes = 0;
    std::uint64_t count = 0;
    for (const auto& file : bodies.blob_files) {
        space.files.push_back({file.total_blob_bytes, file.garbage_blob_bytes});
        bytes += file.total_blob_bytes;
        count += file.total_blob_count;
    }
    const auto mean = count == 0 ? 0 : bytes / count;
    space.unknown_bytes_max = std::min(bytes, rows_above(use.database(), bodies) * mean);
    return space;
}

Result<BodyMerged> BodyMerger::merge(const BodyMerge& merge) {
    canceled_ = false;
    if (stopped_) return let_go_error();
    {
        const auto use = index_.use();
        if (!use) return let_go_error();
        const std::lock_guard lock(mutex_);
        database_ = &use.database();
        index_.add(*this);
    }
    auto merged = compact(merge);
    index_.remove(*this);
    return merged;
}

Result<BodyMerged> BodyMerger::compact(const BodyMerge& merge) {
    const std::lock_guard lock(mutex_);
    if (database_ == nullptr) return let_go_error();
    const auto before = bodies_of(*database_);
    auto options = compaction_options(merge.files_moved, before.blob_files.size());
    options.canceled = &canceled_;
    const auto last = end_of_table(before, merge.from);
    const rocksdb::Slice begin(merge.from);
    const rocksdb::Slice end(last);
    const auto status = database_->db().CompactRange(options, database_->family(RowFamily::body),
                                                     merge.from.empty() ? nullptr : &begin,
                                                     last.empty() ? nullptr : &end);
    if (status.IsIncomplete() || status.IsShutdownInProgress()) return let_go_error();
    if (!status.ok()) return to_storage_error(status);
    BodyMerged merged;
    if (!last.empty()) merged.next = last + '\0';  // the smallest key behind it
    merged.bytes_written = bytes_written_after(bodies_of(*database_), newest_file(before));
    return merged;
}

void BodyMerger::stop() {
    stopped_ = true;
    canceled_ = true;
}

void BodyMerger::let_go() {
    canceled_ = true;
    const std::lock_guard lock(mutex_);
    database_ = nullptr;
}

}  // namespace holdfast::storage::local
