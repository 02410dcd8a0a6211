#include "storage/local/rocksdb_options.h"

#include <rocksdb/cache.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/table.h>
#include <rocksdb/utilities/table_properties_collectors.h>

#include <algorithm>

#include "storage/local/rocksdb_checksum.h"
#include "storage/local/rocksdb_log.h"

namespace holdfast::storage::local {

namespace {

// A read that must not touch the disk learns nothing of a table that is not open, and goes to the
// disk then (row_reader.cpp). So all tables should fit into the bound, and their number must stay
// small: each level has ten times the bytes of the one above in files four times as large. 250 GB
// of rows are some 100 tables; those of bodies are not so large and hold pointers: 1,000 for 100
// million. A flush leaves one file of bodies, as large as a memtable; moved
// bodies are in files of up to 1 GiB.
constexpr int table_bytes_growth = 4;
constexpr std::size_t files_open_limit = std::size_t{1} << 20;  // RocksDB counts in int
constexpr std::uint64_t blob_file_bytes = std::uint64_t{1} << 30;
// Each change of the set of tables writes a manifest of its own and then renames over CURRENT. A
// manifest that is appended to may end in a torn record after a power failure, and RocksDB opens
// none that does. They are small and the changes few: a flush or compaction is one.
constexpr std::uint64_t manifest_appends_none = 0;
constexpr double bloom_bits_per_key = 10;
// Each compaction moves the bodies that it finds in the oldest of the blob files, garbage there or
// not: a quarter of them (RocksDB's default) cost a sixth of a small PUT. When half of those few is
// garbage, they are compacted for that alone. Shares are rounded down to whole files; what that
// leaves is the collector's (body_merger.h).
constexpr double blob_files_moved_share = 0.05;
constexpr double blob_garbage_share_max = 0.5;
// Where a compaction of bodies moves them, it writes what the rows of a whole table point to: 8 MiB
// of rows are some 100,000 bodies.
constexpr std::uint64_t body_table_bytes = std::uint64_t{8} << 20;
// Smaller bodies are as cheap to compact as the pointer to a blob file would be to follow.
constexpr std::uint64_t blob_file_value_bytes_min = 1024;
// A list page of 100 keys reads two or three of these instead of some ten of the default's 4 KiB.
// With a million objects a page takes a third less time, and a GET or HEAD no longer.
constexpr std::size_t table_block_bytes = std::size_t{16} << 10;
// A file with this many deletions among so many neighbours is compacted soon: a scan steps over
// each of them, and what is deleted keeps its space until they meet.
constexpr std::size_t deletions_window = 4096;
constexpr std::size_t deletions_trigger = 2048;

rocksdb::DBOptions database_options(const RowMemory& memory, std::size_t files_open_max) {
    rocksdb::DBOptions options;
    options.info_log = make_rocksdb_logger();
    options.stats_dump_period_sec = 0;
    options.paranoid_checks = true;
    options.track_and_verify_wals_in_manifest = true;
    options.verify_sst_unique_id_in_manifest = true;
    options.file_checksum_gen_factory = make_file_checksum_factory();
    options.recycle_log_file_num = 0;
    options.manual_wal_flush = false;
    options.wal_recovery_mode = rocksdb::WALRecoveryMode::kPointInTimeRecovery;
    options.max_open_files = static_cast<int>(std::min(files_open_max, files_open_limit));
    options.max_manifest_file_size = manifest_appends_none;
    options.max_background_jobs = 2;
    options.db_write_buffer_size = memory.memtable_bytes;
    // Bounds what a start after a crash has to replay.
    options.max_total_wal_size = 2 * memory.memtable_bytes;
    // Write-back of new files runs along instead of in one burst that the WAL's sync waits for.
    options.bytes_per_sync = 1 << 20;
    return options;
}

rocksdb::BlockBasedTableOptions table_options(const std::shared_ptr<rocksdb::Cache>& cache) {
    rocksdb::BlockBasedTableOptions table;
    table.block_size = table_block_bytes;
    table.block_cache = cache;
    table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(bloom_bits_per_key));
    table.cache_index_and_filter_blocks = true;  // memory stays within the cache's bound
    table.cache_index_and_filter_blocks_with_high_priority = true;
    table.pin_l0_filter_and_index_blocks_in_cache = true;
    table.format_version = 5;  // the newest that 7.8 and 9.10 share by default
    return table;
}

rocksdb::ColumnFamilyOptions family_options(const rocksdb::BlockBasedTableOptions& table,
                                            std::uint64_t write_buffer_bytes) {
    rocksdb::ColumnFamilyOptions options;
    options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
    options.write_buffer_size = write_buffer_bytes;
    options.compression = rocksdb::kNoCompression;
    options.level_compaction_dynamic_level_bytes = true;
    options.target_file_size_multiplier = table_bytes_growth;
    options.max_write_buffer_number = 4;  // a slow flush does not stop the commits at once
    return options;
}

}  // namespace

RowOptions make_row_options(const RowMemory& memory, std::size_t files_open_max) {
    const auto cache = rocksdb::NewLRUCache(memory.block_cache_bytes);
    const auto table = table_options(cache);
    RowOptions options;
    options.database = database_options(memory, files_open_max);
    options.meta = family_options(table, memory.memtable_bytes / 8);
    options.index = family_options(table, memory.memtable_bytes / 4);
    options.index.compression = rocksdb::kLZ4Compression;
    const auto deletions =
        rocksdb::NewCompactOnDeletionCollectorFactory(deletions_window, deletions_trigger);
    options.index.table_properties_collector_factories.push_back(deletions);
    options.body = family_options(table, memory.memtable_bytes / 4);
    options.body.table_properties_collector_factories.push_back(deletions);
    options.body.target_file_size_base = body_table_bytes;
    options.body.target_file_size_multiplier = 1;
    // Bodies go to blob files, so that compaction moves their keys only.
    options.body.enable_blob_files = true;
    options.body.min_blob_size = blob_file_value_bytes_min;
    options.body.blob_file_size = blob_file_bytes;
    options.body.blob_compression_type = rocksdb::kNoCompression;
    options.body.enable_blob_garbage_collection = true;
    options.body.blob_garbage_collection_age_cutoff = blob_files_moved_share;
    options.body.blob_garbage_collection_force_threshold = blob_garbage_share_max;
    options.body.blob_cache = cache;
    return options;
}

rocksdb::WriteOptions make_write_options(bool sync) {
    rocksdb::WriteOptions options;
    options.sync = sync;
    options.protection_bytes_per_key = 8;
    return options;
}

}  // namespace holdfast::storage::local
