#include "storage/local/row_store.h"

#include "storage/local/row_reader.h"

namespace holdfast::storage::local {

Async<std::vector<std::optional<Row>>> RowStore::get(const Partition& partition,
                                                     std::vector<RowKey> keys) {
    auto cached = read_rows(database_, partition, keys, ReadDepth::memory);
    if (cached) co_return *std::move(cached);
    auto read = [&] { return read_rows(database_, partition, keys, ReadDepth::disk); };
    auto rows = co_await pool_.run(read);
    co_return *std::move(rows);
}

Async<ScanPage> RowStore::scan(const Partition& partition, ScanRange range) {
    auto read = [&] { return read_page(database_, partition, range); };
    co_return co_await pool_.run(read);
}

Async<RowVersion> RowStore::commit(const Partition& partition, Transaction transaction) {
    auto start = [&](auto resume) {
        committer_.submit(CommitRequest{partition, std::move(transaction), std::move(resume)});
    };
    co_return co_await base::await_callback<Result<RowVersion>>(start);
}

}  // namespace holdfast::storage::local
