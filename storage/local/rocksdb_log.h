/// RocksDB's messages in our own log. Without it RocksDB writes a LOG file beside its data, and
/// Debian's build aborts the process when that write finds the disk full (spec durability 2.4).
#pragma once

#include <rocksdb/env.h>

#include <memory>

namespace holdfast::storage::local {

/// Warnings and worse; what RocksDB says at lower levels is not for operators. threads: any.
std::shared_ptr<rocksdb::Logger> make_rocksdb_logger();

}  // namespace holdfast::storage::local
