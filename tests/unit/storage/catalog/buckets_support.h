/// For tests of buckets: a catalog with one, removals that fail, and calls in the middle of others.
#pragma once

#include <boost/asio/post.hpp>
#include <optional>
#include <string>
#include <utility>

#include "base/spawn.h"
#include "tests/unit/storage/catalog/fixture.h"

namespace holdfast::tests {

using Done = base::Expected<void, test::CatalogError>;

/// Nothing: there is no such bucket.
inline storage::catalog::BucketPtr find_bucket(test::Catalog& c, const std::string& name) {
    auto found = test::run(c.buckets.find(name));
    REQUIRE(found);
    return *found;
}

/// A catalog with one bucket, "photos".
struct Photos : test::Catalog {
    Photos() : id(make_bucket()) {}

    storage::catalog::BucketPtr photos() { return find_bucket(*this, "photos"); }
    Done remove_photos() { return test::run(buckets.remove(photos())); }
    Done try_put(std::string key, std::string text = "x") {
        return test::run(put_async(std::move(key), std::move(text), How()));
    }

    const std::string id;  ///< of the first one of that name
};

/// For WatchedRows::fails: the steps of a removal, but for the mark with which it begins.
inline bool deletes_rows(const storage::Transaction& transaction) {
    return !transaction.deletes.empty();
}

/// For WatchedRows::fails: the last step of a removal, when the name is gone already.
inline bool deletes_state_row(const storage::Transaction& transaction) {
    return deletes_rows(transaction) &&
           transaction.deletes.front().key == storage::catalog::bucket_state_row;
}

/// Everything of a removal but the last step, which "crashes".
inline void cut_off_removal(test::Catalog& c, const storage::catalog::BucketPtr& bucket) {
    c.rows.fails = deletes_rows;
    c.rows.failure = storage::StorageError::Kind::in_doubt;
    CHECK(test::failure_of(test::run(c.buckets.remove(bucket))) ==
          test::CatalogError::Kind::storage);
    c.rows.fails = nullptr;
}

/// Runs the hook before the commit after the next one. In a removal of an empty bucket the first
/// one sets the mark, and with the second one the name goes.
inline void before_second_commit(test::Catalog& c, test::WatchedRows::Hook hook) {
    c.rows.before_commit = [&c, hook = std::move(hook)]() -> base::Awaitable<void> {
        c.rows.before_commit = hook;
        co_return;
    };
}

/// Starts `other` beside the caller, and comes back when it has read rows for the first time.
inline base::Awaitable<void> start_beside(test::Catalog& c, base::Awaitable<Done> other,
                                          std::optional<Done>& outcome) {
    auto executor = co_await base::asio::this_coro::executor;
    bool has_read = false;
    c.rows.after_get = [&has_read]() -> base::Awaitable<void> {
        has_read = true;
        co_return;
    };
    auto keep = [](base::Awaitable<Done> work, std::optional<Done>& to) -> base::Awaitable<void> {
        auto done = co_await std::move(work);
        to.emplace(std::move(done));
    };
    base::spawn(executor, keep(std::move(other), outcome));
    while (!has_read) co_await base::asio::post(executor, base::use_awaitable);
}

}  // namespace holdfast::tests
