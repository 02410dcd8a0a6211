/// The RocksDB handle and its families, opened and checked. On-disk format:
/// docs/format/row_store.md.
///
/// threads: open and close from one; RocksDB's own calls any.
#pragma once

#include <rocksdb/db.h>
#include <rocksdb/wal_filter.h>

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "base/vfs.h"
#include "storage/error.h"
#include "storage/local/engine.h"
#include "storage/local/rocksdb_options.h"
#include "storage/local/volume.h"
#include "storage/metadata_store.h"

namespace holdfast::storage::local {

struct RowDatabaseOptions {
    base::Vfs& vfs;
    std::string directory;
    VolumeId volume{};
    bool create = false;  ///< of a volume that is being created; otherwise it must be there
    RowMemory memory;
    std::size_t files_open_max = 1024;  ///< more are opened and closed as they are read
    enum class Access {
        write,
        read  ///< nothing on the disk is changed
    };
    Access access = Access::write;
    rocksdb::WalFilter* wal_filter = nullptr;  ///< sees the log's records while open() replays it
    enum class DamagedLog {
        ends_replay,  ///< what was flushed behind the damage makes the opening fail
        is_skipped    ///< what can be read behind the damage is replayed
    };
    DamagedLog damaged_log = DamagedLog::ends_replay;
};

class RowDatabase {
public:
    /// For reading it opens although the index' own rows cannot be read: see meta_damage().
    /// errors: damaged_index, foreign_format (of another volume or a newer version), io.
    static base::Expected<std::unique_ptr<RowDatabase>, OpenError> open(
        const RowDatabaseOptions& options);
    RowDatabase(const RowDatabase&) = delete;
    RowDatabase& operator=(const RowDatabase&) = delete;
    ~RowDatabase();  ///< as a crash would leave it

    [[nodiscard]] rocksdb::DB& db() const { return *db_; }
    [[nodiscard]] rocksdb::ColumnFamilyHandle* family(RowFamily family) const;
    [[nodiscard]] rocksdb::ColumnFamilyHandle* meta() const { return families_[0].get(); }
    /// The last commit that is in the database, as found at open().
    [[nodiscard]] RowVersion commit_no() const { return commit_no_; }
    /// The next commit is `last` + 1, durably. REQUIRES: nothing was written since open().
    base::Expected<void, OpenError> skip_commits(RowVersion last);
    /// Why the index' own rows, that number among them, cannot be read; empty when they were. Only
    /// of a database that is open for reading.
    [[nodiscard]] const std::string& meta_damage() const { return meta_damage_; }

    /// Reads that failed since open(), those of RocksDB's own work too: an index that fails looks
    /// like one that lost rows, so nothing is taken for a leftover after that (2.7.3).
    void note_read_failure(const StorageError& failure) const;
    [[nodiscard]] std::uint64_t read_failures() const { return *read_failures_; }

private:
    RowDatabase(std::unique_ptr<rocksdb::Env> env,
                std::shared_ptr<std::atomic<std::uint64_t>> read_failures)
        : env_(std::move(env)), read_failures_(std::move(read_failures)) {}
    static rocksdb::Status open_handle(const RowDatabaseOptions& options,
                                       const RowOptions& row_options,
                                       std::vector<rocksdb::ColumnFamilyHandle*>& handles,
                                       rocksdb::DB*& database);
    base::Expected<void, OpenError> write_identity(const VolumeId& volume);
    base::Expected<void, OpenError> read_identity(const VolumeId& volume);

    std::unique_ptr<rocksdb::Env> env_;
    std::unique_ptr<rocksdb::DB> db_;
    std::vector<std::unique_ptr<rocksdb::ColumnFamilyHandle>> families_;  ///< meta, index, body
    RowVersion commit_no_ = 0;
    std::string meta_damage_;
    const std::shared_ptr<std::atomic<std::uint64_t>> read_failures_;
};

/// The key of family meta with the number of the last commit.
inline constexpr const char* commit_no_key = "commit_no";

StorageError to_storage_error(const rocksdb::Status& status);

}  // namespace holdfast::storage::local
