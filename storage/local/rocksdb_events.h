/// What RocksDB does by itself in the background, made visible: its errors in our log and metrics,
/// its flushes and compactions as failpoints.
///
/// metrics: holdfast_index_background_errors_total.
#pragma once

#include <rocksdb/listener.h>

#include <memory>

namespace holdfast::storage::local {

/// threads: any.
std::shared_ptr<rocksdb::EventListener> make_rocksdb_events();

}  // namespace holdfast::storage::local
