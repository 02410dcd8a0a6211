/// The embedded engine: RocksDB rows and segment files in one data directory.
///
/// source: docs/architecture.md 4.2, spec durability 2. On-disk formats: docs/format/.
/// threads: open and close from one; everything else any.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include "base/clock.h"
#include "base/random.h"
#include "base/vfs.h"
#include "base/worker_pool.h"
#include "storage/blob_store.h"
#include "storage/metadata_store.h"

namespace holdfast::storage::local {

enum class Durability { strict, batched, relaxed };

struct EngineOptions {
    std::string directory;
    Durability durability = Durability::strict;
    std::uint64_t segment_bytes = 1ULL << 30;
    std::uint64_t extent_bytes_max = 64ULL << 20;
    std::uint64_t small_blob_bytes_max = 1ULL << 20;
    std::uint64_t free_space_reserve_bytes = 0;  ///< 0: max(1 GiB, 2 %)
    std::uint64_t block_cache_bytes = 256ULL << 20;
    std::uint64_t memtable_bytes = 64ULL << 20;
    std::size_t commit_queue_max = 4096;
};

struct OpenError {
    enum class Kind { in_use, foreign_format, damaged, io, read_only };
    Kind kind = Kind::io;
    std::string message;  ///< one clear line
};

class Engine {
public:
    /// Creates the directory's layout when it is empty; refuses one that is not ours.
    static base::Expected<std::unique_ptr<Engine>, OpenError> open(const EngineOptions& options,
                                                                   base::Vfs& vfs,
                                                                   const base::Clock& clock,
                                                                   base::Random& random,
                                                                   base::WorkerPool& pool);
    virtual ~Engine() = default;  ///< closes without the clean marker, as a crash would
    virtual MetadataStore& metadata() = 0;
    virtual BlobStore& blobs() = 0;
    /// Final sync and clean marker. No call may be running.
    virtual void close() = 0;

    struct Statistics {
        std::uint64_t commits = 0;
        std::uint64_t commit_groups = 0;
        std::uint64_t segment_syncs = 0;
        std::uint64_t segment_bytes_live = 0;
    };
    [[nodiscard]] virtual Statistics statistics() const = 0;
};

}  // namespace holdfast::storage::local
