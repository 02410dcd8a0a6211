#include "storage/local/row_snapshot.h"

#include "storage/local/readable_key.h"
#include "storage/local/rocksdb_files.h"
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

Result<RowSnapshot::Entry> to_entry(std::string_view disk_key, std::string_view stored) {
    const auto separator = disk_key.find('\0');
    if (separator == std::string_view::npos)
        return StorageError{StorageError::Kind::corrupt, "a row without a partition"};
    auto row = to_row(disk_key.substr(separator + 1), stored);
    if (!row) return std::move(row).error();
    RowSnapshot::Entry entry;
    entry.partition = disk_key.substr(0, separator);
    entry.row = *std::move(row);
    return entry;
}

}  // namespace

DiskRowSnapshot::Moment::Moment(const RowDatabase& of, const RowPosition& after)
    : database(of), snapshot(&of.db()) {
    if (!after.partition.empty()) last = disk_key(after.partition, after.key);
    seek();
}

/// An iterator that failed once may say so of whole blocks as well when it is moved: it is made
/// anew each time.
void DiskRowSnapshot::Moment::make_iterator() {
    at.reset(database.db().NewIterator(read_options(snapshot.snapshot()),
                                       database.family(RowFamily::index)));
}

void DiskRowSnapshot::Moment::seek() {
    make_iterator();
    if (last.empty())
        at->SeekToFirst();
    else
        at->Seek(last + '\0');  // the smallest key behind it
}

/// What was read before a row that cannot be is returned; the next call says that it cannot.
Result<std::vector<RowSnapshot::Entry>> DiskRowSnapshot::Moment::read(std::uint32_t rows_max) {
    std::vector<Entry> entries;
    std::size_t bytes = 0;
    for (; at->Valid() && entries.size() < rows_max && bytes < page_bytes_max; at->Next()) {
        auto entry = to_entry(at->key().ToStringView(), at->value().ToStringView());
        if (!entry && entries.empty()) return std::move(entry).error();
        if (!entry) return entries;
        last = at->key().ToString();
        bytes += last.size() + entry->row.value.size();
        entries.push_back(*std::move(entry));
    }
    if (!at->status().ok() && entries.empty()) return to_storage_error(at->status());
    return entries;
}

Result<void> DiskRowSnapshot::Moment::skip_unreadable() {
    seek();
    if (at->Valid()) {  // it can be read, and is none of ours
        last = at->key().ToString();
        at->Next();
        return {};
    }
    if (at->status().ok()) return {};
    const auto failure = to_storage_error(at->status());
    KeySpace space;
    space.is_readable = [this](const std::string& key) {
        make_iterator();
        at->Seek(key);
        return at->status().ok();
    };
    space.bytes_between = [this](const std::string& from, const std::string& to) {
        const rocksdb::Range range(from, to);
        std::uint64_t bytes = 0;
        // Where the size cannot be told, there is nothing to go by but the end.
        static_cast<void>(database.db().GetApproximateSizes(rocksdb::SizeApproximationOptions(),
                                                            database.family(RowFamily::index),
                                                            &range, 1, &bytes));
        return bytes;
    };
    auto readable = readable_key_behind(last, space);
    if (!readable) return failure;
    last = *std::move(readable);
    seek();
    return {};
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

Async<void> DiskRowSnapshot::skip_unreadable() {
    auto go_on = [this] { return skip(); };
    co_return co_await pool_.run(go_on);
}

Async<std::vector<std::optional<Row>>> DiskRowSnapshot::bodies(const Partition& partition,
                                                               std::vector<std::string> keys) {
    auto read = [&] { return read_bodies(partition, keys); };
    co_return co_await pool_.run(read);
}

Result<std::vector<RowSnapshot::Entry>> DiskRowSnapshot::read_next(std::uint32_t rows_max) {
    const std::lock_guard lock(mutex_);
    if (!moment_) return let_go_error();
    auto entries = moment_->read(rows_max);
    if (entries) return entries;
    {
        const ReadFromMedium again;
        moment_->seek();
        entries = moment_->read(rows_max);
    }
    if (!entries) moment_->database.note_read_failure(entries.error());
    return entries;
}

Result<void> DiskRowSnapshot::skip() {
    const std::lock_guard lock(mutex_);
    if (!moment_) return let_go_error();
    return moment_->skip_unreadable();
}

Result<std::vector<std::optional<Row>>> DiskRowSnapshot::read_bodies(
    const Partition& partition, const std::vector<std::string>& keys) {
    const std::lock_guard lock(mutex_);
    if (!moment_) return let_go_error();
    std::vector<std::optional<Row>> rows(keys.size());
    for (std::size_t i = 0; i < keys.size(); ++i) {
        const auto stored_under = disk_key(partition, keys[i]);
        auto row = read_body(*moment_, stored_under, keys[i]);
        if (!row) {
            const ReadFromMedium again;
            row = read_body(*moment_, stored_under, keys[i]);
        }
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
