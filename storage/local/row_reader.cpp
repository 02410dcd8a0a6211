#include "storage/local/row_reader.h"

#include <rocksdb/snapshot.h>

#include <algorithm>

#include "storage/local/row_codec.h"

namespace holdfast::storage::local {

namespace {

rocksdb::ReadOptions read_options(ReadDepth depth) {
    rocksdb::ReadOptions options;
    if (depth == ReadDepth::memory) options.read_tier = rocksdb::kBlockCacheTier;
    return options;
}

StorageError corrupt_row(std::string_view key) {
    return StorageError{StorageError::Kind::corrupt, "row without a version: " + std::string(key)};
}

/// With the block cache tier a table that is not open counts as one that may have the key: Get says
/// OK without a value then, whether the key is there or not. What is stored is never that short.
bool is_unknown_in_memory(const rocksdb::PinnableSlice& stored, ReadDepth depth) {
    return depth == ReadDepth::memory && stored.size() < version_bytes;
}

Result<Row> to_row(std::string_view key, std::string_view stored) {
    const auto parsed = parse_disk_value(stored);
    if (!parsed) return corrupt_row(key);
    return Row{std::string(key), std::string(parsed->value), parsed->version};
}

}  // namespace

std::optional<Result<std::vector<std::optional<Row>>>> read_rows(const RowDatabase& database,
                                                                 const Partition& partition,
                                                                 const std::vector<RowKey>& keys,
                                                                 ReadDepth depth) {
    using Answer = Result<std::vector<std::optional<Row>>>;
    auto options = read_options(depth);
    std::optional<rocksdb::ManagedSnapshot> snapshot;
    if (keys.size() > 1) {
        snapshot.emplace(&database.db());
        options.snapshot = snapshot->snapshot();
    }
    std::vector<std::optional<Row>> rows(keys.size());
    for (std::size_t i = 0; i < keys.size(); ++i) {
        rocksdb::PinnableSlice stored;
        const auto status = database.db().Get(options, database.family(keys[i].family),
                                              disk_key(partition, keys[i].key), &stored);
        if (status.IsIncomplete()) return std::nullopt;
        if (status.IsNotFound()) continue;
        if (!status.ok()) return Answer(to_storage_error(status));
        if (is_unknown_in_memory(stored, depth)) return std::nullopt;
        auto row = to_row(keys[i].key, stored.ToStringView());
        if (!row) return Answer(std::move(row).error());
        rows[i] = *std::move(row);
    }
    return Answer(std::move(rows));
}

Result<ScanPage> read_page(const RowDatabase& database, const Partition& partition,
                           const ScanRange& range) {
    const std::string first = disk_key(partition, range.begin);
    const std::string end = disk_range_end(partition, range.end);
    const rocksdb::Slice end_slice(end);
    rocksdb::ReadOptions options;
    options.iterate_upper_bound = &end_slice;
    const std::unique_ptr<rocksdb::Iterator> at(
        database.db().NewIterator(options, database.family(RowFamily::index)));
    ScanPage page;
    std::uint64_t bytes = 0;
    for (at->Seek(first); at->Valid(); at->Next()) {
        const auto key = at->key().ToStringView().substr(partition.size() + 1);
        const auto value_bytes = std::max(at->value().size(), version_bytes) - version_bytes;
        bytes += key.size() + value_bytes;
        const bool full = page.rows.size() >= range.rows_max || bytes > range.bytes_max;
        if (full && !page.rows.empty()) {
            page.more = true;
            break;
        }
        auto row = to_row(key, at->value().ToStringView());
        if (!row) return std::move(row).error();
        page.rows.push_back(*std::move(row));
    }
    if (!at->status().ok()) return to_storage_error(at->status());
    return page;
}

}  // namespace holdfast::storage::local
