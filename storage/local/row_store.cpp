#include "storage/local/row_store.h"

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

/// Of an index that is open and has it all in memory.
std::optional<Rows> read_cached(IndexAccess& index, const Partition& partition,
                                const std::vector<RowKey>& keys) {
    const auto use = index.try_use();
    if (!use) return std::nullopt;
    auto rows = read_rows(use.database(), partition, keys, ReadDepth::memory);
    if (rows && !*rows) use.database().note_read_failure(rows->error());
    if (rows && is_in_doubt(use, partition, keys)) return Rows(in_doubt());
    return rows;
}

Rows read_blocking(IndexAccess& index, const Partition& partition,
                   const std::vector<RowKey>& keys) {
    const auto use = index.use();
    if (!use) return not_open();
    auto rows = *read_rows(use.database(), partition, keys, ReadDepth::disk);
    if (!rows) use.database().note_read_failure(rows.error());
    if (is_in_doubt(use, partition, keys)) return in_doubt();
    return rows;
}

Result<ScanPage> scan_blocking(IndexAccess& index, const Partition& partition,
                               const ScanRange& range) {
    const auto use = index.use();
    if (!use) return not_open();
    auto page = read_page(use.database(), partition, range);
    if (!page) use.database().note_read_failure(page.error());
    if (is_in_doubt(use, partition, range)) return in_doubt();
    return page;
}

}  // namespace

Async<std::vector<std::optional<Row>>> RowStore::get(const Partition& partition,
                                                     std::vector<RowKey> keys) {
    auto cached = read_cached(index_, partition, keys);
    if (cached) co_return *std::move(cached);
    auto read = [&] { return read_blocking(index_, partition, keys); };
    co_return co_await pool_.run(read);
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
    auto start = [&](auto resume) {
        submit(CommitRequest{partition, std::move(transaction), std::move(resume)});
    };
    co_return co_await base::await_callback<Result<RowVersion>>(start);
}

}  // namespace holdfast::storage::local
