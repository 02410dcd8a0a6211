/// The embedded engine: RocksDB rows and segment files in one data directory.
///
/// source: docs/architecture.md 4.2, spec durability 2. On-disk formats: docs/format/.
/// threads: open and close from one; everything else any.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/random.h"
#include "base/vfs.h"
#include "base/worker_pool.h"
#include "storage/blob_store.h"
#include "storage/engine_condition.h"
#include "storage/metadata_store.h"
#include "storage/upkeep.h"

namespace holdfast::storage::local {

enum class Durability { strict, batched, relaxed };

struct EngineOptions {
    std::string directory;
    Durability durability = Durability::strict;
    std::uint64_t segment_bytes = 1ULL << 30;
    std::uint64_t extent_bytes_max = 64ULL << 20;
    std::uint64_t small_blob_bytes_max = 1ULL << 20;
    std::uint64_t unsynced_bytes_max = 256ULL << 20;  ///< written, not yet synced
    std::uint64_t free_space_reserve_bytes = 0;       ///< 0: max(1 GiB, 2 %)
    std::uint64_t block_cache_bytes = 256ULL << 20;
    std::uint64_t memtable_bytes = 64ULL << 20;
    std::size_t commit_queue_max = 4096;
    std::size_t segments_open_max = 256;      ///< file descriptors kept for reading
    std::size_t index_files_open_max = 1024;  ///< the same of the index
    std::uint64_t ballast_bytes = 0;  ///< disk space set aside for the index (ballast.h); 0: none
    /// Nothing is written, also where a write would be possible.
    bool read_only = false;
    /// Acknowledged commits that are missing are given up: the log says how many, the next commit
    /// gets a number above all of theirs, and writes are taken. An operator's decision.
    bool accept_loss = false;
    /// With accept_loss: first leaves the note of reattach_note.h, for who puts objects back and
    /// takes the note away.
    bool reattach = false;
    /// So many unclean starts within 60 s are a crash loop: the start is read-only. 0: never.
    std::size_t unclean_starts_max = 0;
    /// From a fault to the first attempt to reopen; twice as long each time.
    std::chrono::milliseconds reopen_delay{1000};
};

struct OpenError {
    enum class Kind {
        in_use,
        foreign_format,
        damaged,
        damaged_index,  ///< gone or not to be opened: another one can be made from the segments
        io,
        read_only,
    };
    Kind kind = Kind::io;
    std::string message;  ///< one clear line
};

class Engine {
public:
    /// Creates the directory's layout when it is empty; refuses one that is not ours. Opens for
    /// reading only, and says so in condition(), when acknowledged commits are missing, when the
    /// index' own rows are damaged, or after unclean_starts_max.
    static base::Expected<std::unique_ptr<Engine>, OpenError> open(const EngineOptions& options,
                                                                   base::Vfs& vfs,
                                                                   const base::Clock& clock,
                                                                   base::Random& random,
                                                                   base::WorkerPool& pool);
    virtual ~Engine() = default;  ///< closes without the clean marker, as a crash would
    virtual MetadataStore& metadata() = 0;
    virtual BlobStore& blobs() = 0;
    virtual Upkeep& upkeep() = 0;
    /// Whether writes are taken, and why not. A fault is recovered from in the background.
    [[nodiscard]] virtual EngineCondition condition() const = 0;
    /// Takes writes again, now, after a fault or a crash loop; waits for it. What kept it from
    /// doing so, for people: the disk that still fails, missing commits, the setting.
    virtual std::optional<std::string> resume() = 0;
    /// The last commit that was acknowledged; 0 while no writes are taken.
    [[nodiscard]] virtual RowVersion last_commit() = 0;
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
