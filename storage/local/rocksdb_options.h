/// RocksDB as the engine needs it; each line is a rule of spec durability 2.4 or says why.
#pragma once

#include <rocksdb/options.h>

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

RowOptions make_row_options(const RowMemory& memory);

/// sync: the write is durable when Write() returns.
rocksdb::WriteOptions make_write_options(bool sync);

}  // namespace holdfast::storage::local
