/// Short words for rows in the engine suite: what a test writes and reads in one line.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "storage/metadata_store.h"
#include "tests/catch.h"
#include "tests/run_coroutine.h"

namespace holdfast::test {

using storage::RowFamily;
using storage::RowVersion;
using storage::StorageError;
using storage::Transaction;

inline Transaction put(std::string key, std::string value, RowFamily family = RowFamily::index) {
    Transaction transaction;
    transaction.puts.push_back({{family, std::move(key)}, std::move(value)});
    return transaction;
}

inline Transaction expecting(std::string key, RowVersion version, Transaction transaction = {}) {
    transaction.expectations.push_back({std::move(key), version});
    return transaction;
}

/// REQUIRES: it succeeds.
inline RowVersion commit(storage::MetadataStore& rows, const std::string& partition,
                         Transaction transaction) {
    auto version = run(rows.commit(partition, std::move(transaction)));
    REQUIRE(version);
    return *version;
}

/// What kept it from being applied. REQUIRES: something did.
inline StorageError::Kind refusal(storage::MetadataStore& rows, const std::string& partition,
                                  Transaction transaction) {
    auto version = run(rows.commit(partition, std::move(transaction)));
    REQUIRE_FALSE(version);
    return version.error().kind;
}

inline std::optional<storage::Row> row(storage::MetadataStore& rows, const std::string& partition,
                                       std::string key, RowFamily family = RowFamily::index) {
    std::vector<storage::RowKey> keys{{family, std::move(key)}};
    auto found = run(rows.get(partition, std::move(keys)));
    REQUIRE(found);
    REQUIRE(found->size() == 1);
    return std::move(found->front());
}

/// The row's value, or "-" when there is no row.
inline std::string value(storage::MetadataStore& rows, const std::string& partition,
                         std::string key, RowFamily family = RowFamily::index) {
    auto found = row(rows, partition, std::move(key), family);
    return found ? found->value : "-";
}

inline storage::ScanPage scan(storage::MetadataStore& rows, const std::string& partition,
                              storage::ScanRange range = {}) {
    auto page = run(rows.scan(partition, std::move(range)));
    REQUIRE(page);
    return std::move(*page);
}

inline std::vector<std::string> keys_of(const storage::ScanPage& page) {
    std::vector<std::string> keys;
    keys.reserve(page.rows.size());
    for (const auto& found : page.rows) keys.push_back(found.key);
    return keys;
}

}  // namespace holdfast::test
