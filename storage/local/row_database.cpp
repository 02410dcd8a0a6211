#include "storage/local/row_database.h"

#include <cerrno>
#include <system_error>

#include "base/failpoint.h"
#include "base/log.h"
#include "base/metrics.h"
#include "storage/local/open_error.h"
#include "storage/local/rocksdb_events.h"
#include "storage/local/rocksdb_vfs.h"
#include "storage/local/row_codec.h"

namespace holdfast::storage::local {

namespace {

using base::Expected;

constexpr const char* index_family = "index";
constexpr const char* body_family = "body";
constexpr const char* volume_id_key = "volume_id";

/// To RocksDB a table that the disk does not give out is corruption when it opens, and so is an
/// invalid argument a CURRENT that it does not; what the disk said is in the text.
bool tells_of_the_disk(const std::string& text) {
    constexpr std::string_view failure = "IO error: ";
    constexpr std::string_view missing = "No such file or directory";
    for (auto at = text.find(failure); at != std::string::npos; at = text.find(failure, at + 1))
        if (text.compare(at + failure.size(), missing.size(), missing) != 0) return true;
    return false;
}

/// The process lacks what it takes to read: base::IoError::out_of_means(), of which RocksDB keeps
/// the text alone.
bool tells_of_want(const std::string& text) {
    for (const int code : {EMFILE, ENFILE, ENOMEM})
        if (text.ends_with(std::generic_category().message(code))) return true;
    return false;
}

/// Only what another index, made from the segments, is the answer to is damage: for that, the one
/// that is there is moved aside.
OpenError::Kind kind_of(const rocksdb::Status& status) {
    if (tells_of_the_disk(status.ToString())) return OpenError::Kind::io;
    if (status.IsCorruption() || status.IsNotFound() || status.IsPathNotFound())
        return OpenError::Kind::damaged_index;
    // Families that this version does not know, or what its RocksDB cannot read yet.
    if (status.IsInvalidArgument() || status.IsNotSupported())
        return OpenError::Kind::foreign_format;
    return OpenError::Kind::io;
}

OpenError open_error(const rocksdb::Status& status) {
    OpenError error{kind_of(status), "the index does not open: " + status.ToString()};
    if (error.kind == OpenError::Kind::foreign_format)
        error.message += "; has a newer version written it?";
    return error;
}

/// RocksDB calls a directory without an index an invalid argument.
Expected<void, OpenError> check_that_it_is_there(const RowDatabaseOptions& options) {
    if (options.create) return {};
    const auto there = options.vfs.exists(options.directory + "/CURRENT");
    if (!there) return to_open_error(there.error());
    if (!*there)
        return OpenError{OpenError::Kind::damaged_index,
                         "the index does not open: " + options.directory + "/CURRENT is missing"};
    return {};
}

constexpr std::size_t families_count = 3;

std::vector<rocksdb::ColumnFamilyDescriptor> family_descriptors(const RowOptions& options) {
    return {{rocksdb::kDefaultColumnFamilyName, options.meta},
            {index_family, options.index},
            {body_family, options.body}};
}

}  // namespace

Expected<std::unique_ptr<RowDatabase>, OpenError> RowDatabase::open(
    const RowDatabaseOptions& options) {
    if (HF_FAILPOINT("rocksdb.open") != base::Injected::none)
        return OpenError{OpenError::Kind::io, "the index does not open: injected"};
    if (auto there = check_that_it_is_there(options); !there) return std::move(there).error();
    auto env = make_rocksdb_env(options.vfs);
    const auto read_failures = std::make_shared<std::atomic<std::uint64_t>>(0);
    RowOptions row_options = make_row_options(options.memory, options.files_open_max);
    row_options.database.listeners.push_back(make_rocksdb_events(read_failures));
    row_options.database.env = env.get();
    row_options.database.create_if_missing = options.create;
    row_options.database.create_missing_column_families = options.create;
    row_options.database.wal_filter = options.wal_filter;
    if (options.damaged_log == RowDatabaseOptions::DamagedLog::is_skipped)
        row_options.database.wal_recovery_mode = rocksdb::WALRecoveryMode::kSkipAnyCorruptedRecords;
    std::unique_ptr<RowDatabase> database(new RowDatabase(std::move(env), read_failures));
    database->families_.reserve(families_count);
    rocksdb::DB* opened = nullptr;
    std::vector<rocksdb::ColumnFamilyHandle*> handles;
    const auto status = open_handle(options, row_options, handles, opened);
    if (!status.ok()) return open_error(status);
    // Nothing is allocated here: no handle may be left behind when the database is closed.
    database->db_.reset(opened);
    for (auto* handle : handles) database->families_.emplace_back(handle);
    if (options.create) {
        if (auto written = database->write_identity(options.volume); !written)
            return std::move(written).error();
    }
    auto known = database->read_identity(options.volume);
    if (known) return database;
    // Requests that need other rows can be answered all the same.
    const bool may_go_on =
        !database->meta_damage_.empty() && options.access == RowDatabaseOptions::Access::read;
    if (!may_go_on) return std::move(known).error();
    return database;
}

rocksdb::Status RowDatabase::open_handle(const RowDatabaseOptions& options,
                                         const RowOptions& row_options,
                                         std::vector<rocksdb::ColumnFamilyHandle*>& handles,
                                         rocksdb::DB*& database) {
    const auto families = family_descriptors(row_options);
    if (options.access == RowDatabaseOptions::Access::read)
        return rocksdb::DB::OpenForReadOnly(row_options.database, options.directory, families,
                                            &handles, &database);
    return rocksdb::DB::Open(row_options.database, options.directory, families, &handles,
                             &database);
}

RowDatabase::~RowDatabase() {
    families_.clear();  // before the database they belong to
}

rocksdb::ColumnFamilyHandle* RowDatabase::family(RowFamily family) const {
    return families_[family == RowFamily::index ? 1 : 2].get();
}

Expected<void, OpenError> RowDatabase::write_identity(const VolumeId& volume) {
    rocksdb::WriteBatch batch;
    auto status = batch.Put(meta(), volume_id_key, rocksdb::Slice(base::as_text(volume)));
    if (status.ok()) status = batch.Put(meta(), commit_no_key, encode_commit_number(0));
    if (status.ok()) status = db_->Write(make_write_options(true), &batch);
    // So that what is missing from the log later is told apart from an index that never was.
    if (status.ok()) status = db_->Flush(rocksdb::FlushOptions(), meta());
    if (!status.ok()) return open_error(status);
    return {};
}

Expected<void, OpenError> RowDatabase::read_identity(const VolumeId& volume) {
    std::string id;
    std::string number;
    auto status = db_->Get(rocksdb::ReadOptions(), meta(), volume_id_key, &id);
    if (status.ok()) status = db_->Get(rocksdb::ReadOptions(), meta(), commit_no_key, &number);
    if (status.IsCorruption() || status.IsNotFound()) meta_damage_ = status.ToString();
    if (!status.ok()) return open_error(status);
    if (id != base::as_text(volume))
        return OpenError{OpenError::Kind::foreign_format,
                         "the index belongs to another volume than the format file"};
    const auto commit_no = parse_commit_number(number);
    if (!commit_no) {
        meta_damage_ = "the index has no readable commit number";
        return OpenError{OpenError::Kind::damaged_index, meta_damage_};
    }
    commit_no_ = *commit_no;
    return {};
}

void RowDatabase::note_read_failure(const StorageError& failure) const {
    // What is only not to be had for the moment is no reason to mistrust the index.
    if (is_damage(failure)) ++*read_failures_;
    static auto& failures = base::metrics::counter("holdfast_index_read_failures_total",
                                                   "Reads of the index that failed.");
    failures.Increment();
    base::log::error("index.read_failed", {{"reason", failure.detail}});
}

/// Without the log, which would show a step.
Expected<void, OpenError> RowDatabase::skip_commits(RowVersion last) {
    rocksdb::WriteOptions unlogged;
    unlogged.disableWAL = true;
    auto status = db_->Put(unlogged, meta(), commit_no_key, encode_commit_number(last));
    if (status.ok()) status = db_->Flush(rocksdb::FlushOptions(), meta());
    if (!status.ok()) return open_error(status);
    commit_no_ = last;
    return {};
}

StorageError to_storage_error(const rocksdb::Status& status) {
    auto kind = StorageError::Kind::io;
    if (tells_of_want(status.ToString()))
        return StorageError{StorageError::Kind::unavailable, status.ToString()};
    if (status.IsCorruption()) kind = StorageError::Kind::corrupt;
    if (status.IsNoSpace()) kind = StorageError::Kind::out_of_space;
    return StorageError{kind, status.ToString()};
}

}  // namespace holdfast::storage::local
