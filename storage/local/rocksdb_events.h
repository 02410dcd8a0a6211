/// What RocksDB does by itself in the background, made visible: its errors in our log and metrics,
/// its flushes and compactions as failpoints.
///
/// metrics: holdfast_index_background_errors_total.
#pragma once

#include <rocksdb/listener.h>

#include <atomic>
#include <cstdint>
#include <memory>

namespace holdfast::storage::local {

/// `damage` counts those that tell of damage or of a disk that fails; a full one is neither.
/// threads: any.
std::shared_ptr<rocksdb::EventListener> make_rocksdb_events(
    std::shared_ptr<std::atomic<std::uint64_t>> damage);

}  // namespace holdfast::storage::local
