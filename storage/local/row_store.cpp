#include "storage/local/row_store.h"

#include "storage/local/rocksdb_files.h"
#include "storage/local/row_reader.h"

namespace holdfast::storage::local {

namespace {

using Rows = Result<std::vector<std::optional<Row>>>;

StorageError not_open() {
    return {StorageError::Kind::io, "the index is not open: see the log"};
}

/// Until the index is opened again; see InDoubtRows. Looked for after the read: what it saw is the
/// state before the write only if the write had not failed by then.
template <class What>
bool is_in_doubt(const IndexAccess::Use& use, const Partition& partition, const What& what) {
    return use.committer() != nullptr && use.committer()->in_doubt().touches(partition, what);
}

StorageError in_doubt() {
    return {StorageError::Kind::unavailable,
            "the last write of the row is in doubt until the index was opened again"};
}

/// Once as it comes, and once more from the medium: that tells bad memory from damage.
template <class Read>
auto read_twice(Read read) {
    auto got = read();
    if (got || !is_damage(got.error())) return got;
    const ReadFromMedium again;
    return read();
}

/// Of an index that is open and has it all in memory; what is wrong there is looked for on the
/// disk.
std::optional<Rows> read_cached(IndexAccess& index, const Partition& partition,
                                const std::vector<RowKey>& keys) {
    const auto use = index.try_use();
    if (!use) return std::nullopt;
    auto rows = read_rows(use.database(), partition, keys, ReadDepth::memory);
    if (rows && is_in_doubt(use, partition, keys)) return Rows(in_doubt());
    if (rows && !*rows) return std::nullopt;
    return rows;
}

Result<ScanPage> scan_blocking(IndexAccess& index, const Partition& partition,
                               const ScanRange& range) {
    const auto use = index.use();
    if (!use) return not_open();
    auto page = read_twice([&] { return read_page(use.database(), partition, range); });
    if (!page) use.database().note_read_failure(page.error());
    if (is_in_doubt(use, partition, range)) return in_doubt();
    return page;
}

}  // namespace

Async<std::vector<std::optional<Row>>> RowStore::get(const Partition& partition,
                                                     std::vector<RowKey> keys) {
    auto cached = read_cached(index_, partition, keys);
    if (cached) co_return *std::move(cached);
    auto read = [&] { return read_blocking(partition, keys); };
    co_return co_await pool_.run(read);
}

Rows RowStore::read_blocking(const Partition& partition, const std::vector<RowKey>& keys) {
    const auto use = index_.use();
    if (!use) return not_open();
    const auto& database = use.database();
    auto rows = read_twice([&] { return *read_rows(database, partition, keys, ReadDepth::disk); });
    if (!rows) {
        database.note_read_failure(rows.error());
        note_damage(database, partition, keys);
    }
    if (is_in_doubt(use, partition, keys)) return in_doubt();
    return rows;
}

/// A body is the object's alone, as a blob is. That other rows cannot be read is damage of a file,
/// which the scrub lists: whether they are there at all nobody knows.
void RowStore::note_damage(const RowDatabase& database, const Partition& partition,
                           const std::vector<RowKey>& keys) {
    for (const auto& key : keys) {
        if (key.family != RowFamily::body) continue;
        const auto read = *read_rows(database, partition, {key}, ReadDepth::disk);
        if (read || !is_damage(read.error())) continue;
        Damage damage;
        damage.kind = Damage::Kind::row;
        damage.partition = partition;
        damage.family = key.family;
        damage.row_key = key.key;
        damage.what = "it cannot be read from the index: " + read.error().detail;
        damage_.note(std::move(damage));
    }
}

Async<ScanPage> RowStore::scan(const Partition& partition, ScanRange range) {
    auto read = [&] { return scan_blocking(index_, partition, range); };
    co_return co_await pool_.run(read);
}

void RowStore::submit(CommitRequest request) {
    const auto use = index_.try_use();
    if (!condition_.writable())
        request.resume(condition_.refusal());
    else if (!use || use.committer() == nullptr)
        request.resume(StorageError{StorageError::Kind::read_only, "the index is being reopened"});
    else
        use.committer()->submit(std::move(request));
}

Async<RowVersion> RowStore::commit(const Partition& partition, Transaction transaction) {
    const auto replaced = damage_.rows_of(partition, transaction);
    auto start = [&](auto resume) {
        submit(CommitRequest{partition, std::move(transaction), std::move(resume)});
    };
    auto committed = co_await base::await_callback<Result<RowVersion>>(start);
    if (!committed) co_return committed;
    for (const auto& row : replaced) damage_.forget(row);
    co_return committed;
}

}  // namespace holdfast::storage::local
