#include "storage/catalog/bucket_rows.h"

namespace holdfast::storage::catalog {

Outcome<BucketRows> read_for_write(Store& store, const std::string& bucket_id,
                                   std::vector<std::string> keys) {
    std::vector<RowKey> asked;
    asked.reserve(keys.size() + 1);
    asked.push_back({RowFamily::index, std::string(bucket_state_row)});
    for (auto& key : keys) asked.push_back({RowFamily::index, std::move(key)});
    auto rows = co_await store.metadata.get(bucket_partition(bucket_id), std::move(asked));
    if (!rows) co_return CatalogError(std::move(rows).error());

    const auto& state_row = rows->front();
    if (!state_row) co_return CatalogError(CatalogError::Kind::no_such_bucket);
    auto state = parse_record<records::BucketState>(*state_row);
    if (!state) co_return CatalogError(std::move(state).error());
    if (state->deleting()) co_return CatalogError(CatalogError::Kind::no_such_bucket);

    BucketRows found;
    found.bucket_version = state_row->version;
    found.rows.assign(std::make_move_iterator(rows->begin() + 1),
                      std::make_move_iterator(rows->end()));
    co_return found;
}

Transaction begin_write(const BucketRows& rows) {
    Transaction transaction;
    transaction.expectations.push_back({std::string(bucket_state_row), rows.bucket_version});
    return transaction;
}

void expect(Transaction& transaction, std::string key, const std::optional<Row>& row) {
    transaction.expectations.push_back({std::move(key), row ? row->version : 0});
}

Outcome<Attempt> try_commit(Store& store, const std::string& bucket_id, Transaction transaction,
                            DroppedBlobs dropped) {
    const auto partition = bucket_partition(bucket_id);
    auto items = std::move(dropped).put_rows(partition, transaction);
    auto committed = co_await store.metadata.commit(partition, std::move(transaction));
    if (committed) {
        for (auto& item : items) store.garbage.add(std::move(item));
        co_return Attempt::done;
    }
    if (committed.error().kind == StorageError::Kind::conflict) co_return Attempt::again;
    co_return CatalogError(std::move(committed).error());
}

CatalogError contended() {
    return StorageError{StorageError::Kind::unavailable, "the key is contended"};
}

}  // namespace holdfast::storage::catalog
