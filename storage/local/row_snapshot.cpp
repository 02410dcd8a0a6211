#include "storage/local/row_snapshot.h"

#include "storage/local/row_codec.h"

namespace holdfast::storage::local {

namespace {

constexpr std::size_t page_bytes_max = std::size_t{4} << 20;

/// A pass over everything must not push out what requests read.
rocksdb::ReadOptions read_options(const rocksdb::Snapshot* snapshot) {
    rocksdb::ReadOptions options;
    options.snapshot = snapshot;
    options.fill_cache = false;
    return options;
}

Result<Row> to_row(std::string_view key, std::string_view stored) {
    const auto parsed = parse_disk_value(stored);
    if (!parsed)
        return StorageError{StorageError::Kind::corrupt,
                            "row without a version: " + std::string(key)};
    return Row{std::string(key), std::string(parsed->value), parsed->version};
}

StorageError let_go_error() {
    return {StorageError::Kind::unavailable, "the index was reopened"};
}

Result<std::vector<RowSnapshot::Entry>> entries_at(rocksdb::Iterator& at, std::uint32_t rows_max) {
    std::vector<RowSnapshot::Entry> entries;
    std::size_t bytes = 0;
    for (; at.Valid() && entries.size() < rows_max && bytes < page_bytes_max; at.Next()) {
        const auto disk_key = at.key().ToStringView();
        const auto separator = disk_key.find('\0');
        if (separator == std::string_view::npos)
            return StorageError{StorageError::Kind::corrupt, "a row without a partition"};
        auto row = to_row(disk_key.substr(separator + 1), at.value().ToStringView());
        if (!row) return std::move(row).error();
        bytes += disk_key.size() + row->value.size();
        entries.push_back({std::string(disk_key.substr(0, separator)), *std::move(row)});
    }
    if (!at.status().ok()) return to_storage_error(at.status());
    return entries;
}

}  // namespace

DiskRowSnapshot::Moment::Moment(const RowDatabase& of, const RowPosition& after)
    : database(of), snapshot(&of.db()) {
    at.reset(of.db().NewIterator(read_options(snapshot.snapshot()), of.family(RowFamily::index)));
    if (after.partition.empty()) {
        at->SeekToFirst();
        return;
    }
    // The smallest key behind it.
    at->Seek(disk_key(after.partition, after.key) + '\0');
}

DiskRowSnapshot::DiskRowSnapshot(IndexAccess& index, const IndexAccess::Use& use,
                                 base::WorkerPool& pool, const RowPosition& after)
    : index_(index), pool_(pool) {
    moment_.emplace(use.database(), after);
    index_.add(*this);
}

DiskRowSnapshot::~DiskRowSnapshot() {
    // In this order: once removed, the database may be closed at any moment.
    DiskRowSnapshot::let_go();
    index_.remove(*this);
}

void DiskRowSnapshot::let_go() {
    const std::lock_guard lock(mutex_);
    moment_.reset();
}

Async<std::vector<RowSnapshot::Entry>> DiskRowSnapshot::next(std::uint32_t rows_max) {
    auto read = [&] { return read_next(rows_max); };
    co_return co_await pool_.run(read);
}

Async<std::vector<std::optional<Row>>> DiskRowSnapshot::bodies(const Partition& partition,
                                                               std::vector<std::string> keys) {
    auto read = [&] { return read_bodies(partition, keys); };
    co_return co_await pool_.run(read);
}

Result<std::vector<RowSnapshot::Entry>> DiskRowSnapshot::read_next(std::uint32_t rows_max) {
    const std::lock_guard lock(mutex_);
    if (!moment_) return let_go_error();
    auto entries = entries_at(*moment_->at, rows_max);
    if (!entries) moment_->database.note_read_failure(entries.error());
    return entries;
}

Result<std::vector<std::optional<Row>>> DiskRowSnapshot::read_bodies(
    const Partition& partition, const std::vector<std::string>& keys) {
    const std::lock_guard lock(mutex_);
    if (!moment_) return let_go_error();
    std::vector<std::optional<Row>> rows(keys.size());
    for (std::size_t i = 0; i < keys.size(); ++i) {
        auto row = read_body(*moment_, disk_key(partition, keys[i]), keys[i]);
        if (!row) {
            moment_->database.note_read_failure(row.error());
            return std::move(row).error();
        }
        rows[i] = *std::move(row);
    }
    return rows;
}

Result<std::optional<Row>> DiskRowSnapshot::read_body(Moment& moment, const std::string& disk_key,
                                                      const std::string& key) {
    rocksdb::PinnableSlice stored;
    const auto status =
        moment.database.db().Get(read_options(moment.snapshot.snapshot()),
                                 moment.database.family(RowFamily::body), disk_key, &stored);
    if (status.IsNotFound()) return std::optional<Row>();
    if (!status.ok()) return to_storage_error(status);
    auto row = to_row(key, stored.ToStringView());
    if (!row) return std::move(row).error();
    return std::optional<Row>(*std::move(row));
}

}  // namespace holdfast::storage::local
