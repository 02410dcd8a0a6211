#include "storage/catalog/bucket_rows.h"

#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/this_coro.hpp>

#include "base/await_timer.h"
#include "base/failpoint.h"

namespace holdfast::storage::catalog {

namespace {

constexpr std::chrono::milliseconds deletion_step{2};
constexpr std::chrono::seconds deletion_patience{2};

using Timer = base::asio::basic_waitable_timer<std::chrono::steady_clock,
                                               base::asio::wait_traits<std::chrono::steady_clock>,
                                               base::IoExecutor>;

/// One reading. Nothing: the bucket is marked "deleting".
Outcome<std::optional<BucketRows>> read_if_open(Store& store, const std::string& bucket_id,
                                                const std::vector<std::string>& keys) {
    std::vector<RowKey> asked;
    asked.reserve(keys.size() + 1);
    asked.push_back({RowFamily::index, std::string(bucket_state_row)});
    for (const auto& key : keys) asked.push_back({RowFamily::index, key});
    auto rows = co_await store.metadata.get(bucket_partition(bucket_id), std::move(asked));
    if (!rows) co_return CatalogError(std::move(rows).error());

    const auto& state_row = rows->front();
    if (!state_row) co_return CatalogError(CatalogError::Kind::no_such_bucket);
    auto state = parse_record<records::BucketState>(*state_row);
    if (!state) co_return CatalogError(std::move(state).error());
    std::optional<BucketRows> found;
    if (state->deleting()) co_return found;

    found.emplace();
    found->bucket_version = state_row->version;
    found->rows.assign(std::make_move_iterator(rows->begin() + 1),
                       std::make_move_iterator(rows->end()));
    co_return found;
}

/// For HF_TEST_BREAK("gc_order") only.
base::Awaitable<void> release_too_early(Store& store, const std::vector<GarbageList::Item>& items) {
    for (const auto& item : items)
        for (const auto& blob : item.blobs) static_cast<void>(co_await store.blobs.release(blob));
}

}  // namespace

Outcome<void> DeletionWait::wait() {
    const auto now = std::chrono::steady_clock::now();
    if (!until_) until_ = now + deletion_patience;
    if (now >= *until_) {
        StorageError busy{StorageError::Kind::unavailable, "the bucket is being deleted"};
        co_return CatalogError(std::move(busy));
    }
    Timer timer(co_await base::asio::this_coro::executor, deletion_step);
    static_cast<void>(co_await base::await_timer(timer));
    co_return base::Expected<void, CatalogError>{};
}

Outcome<BucketRows> read_for_write(Store& store, const std::string& bucket_id,
                                   std::vector<std::string> keys) {
    DeletionWait deletion;
    for (;;) {
        auto rows = co_await read_if_open(store, bucket_id, keys);
        if (!rows) co_return std::move(rows).error();
        if (*rows) co_return std::move(**rows);
        auto waited = co_await deletion.wait();
        if (!waited) co_return std::move(waited).error();
    }
}

Transaction begin_write(const BucketRows& rows) {
    Transaction transaction;
    transaction.expectations.push_back({std::string(bucket_state_row), rows.bucket_version});
    return transaction;
}

void expect(Transaction& transaction, std::string key, const std::optional<Row>& row) {
    transaction.expectations.push_back({std::move(key), row ? row->version : 0});
}

void put_row(Transaction& transaction, RowFamily family, std::string key, std::string value) {
    Put put;
    put.key.family = family;
    put.key.key = std::move(key);
    put.value = std::move(value);
    transaction.puts.push_back(std::move(put));
}

Outcome<Attempt> try_commit(Store& store, const std::string& bucket_id, Transaction transaction,
                            DroppedBlobs dropped) {
    const auto partition = bucket_partition(bucket_id);
    auto items = std::move(dropped).put_rows(partition, transaction);
    if (HF_TEST_BREAK("gc_order")) co_await release_too_early(store, items);
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
