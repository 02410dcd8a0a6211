/// RocksDB as the engine needs it; each line is a rule of spec durability 2.4 or says why.
#pragma once

#include <rocksdb/options.h>

#include <cstddef>
#include <cstdint>

namespace holdfast::storage::local {

struct RowMemory {
    std::uint64_t block_cache_bytes = 0;
    std::uint64_t memtable_bytes = 0;  ///< of all families together
};

struct RowOptions {
    rocksdb::DBOptions database;
    rocksdb::ColumnFamilyOptions meta;   ///< the default family: a handful of rows
    rocksdb::ColumnFamilyOptions index;  ///< small rows, read one by one and in ranges
    rocksdb::ColumnFamilyOptions body;   ///< inline blobs, ciphertext
};

/// `files_open_max`: tables and blob files that are open at once, as good as (the cache that holds
/// them has 64 parts, each with room for one at least).
RowOptions make_row_options(const RowMemory& memory, std::size_t files_open_max);

/// sync: the write is durable when Write() returns.
rocksdb::WriteOptions make_write_options(bool sync);

}  // namespace holdfast::storage::local
