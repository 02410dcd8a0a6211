#include <algorithm>
#include <array>
#include <map>
#include <mutex>
#include <utility>

#include "storage/memory/engine.h"

namespace holdfast::storage::memory {

namespace {

struct Value {
    std::string bytes;
    RowVersion version = 0;
};
using Family = std::map<std::string, Value, std::less<>>;
using Families = std::array<Family, 2>;

Family& family_of(Families& families, RowFamily family) {
    return families[static_cast<std::size_t>(family)];
}

/// One lock for everything: every call sees one state, and commits have one order.
class MemoryMetadataStore final : public MetadataStore {
public:
    Async<std::vector<std::optional<Row>>> get(const Partition& partition,
                                               std::vector<RowKey> keys) override;
    Async<ScanPage> scan(const Partition& partition, ScanRange range) override;
    Async<RowVersion> commit(const Partition& partition, Transaction transaction) override;

private:
    std::mutex mutex_;
    std::map<Partition, Families> partitions_;
    RowVersion last_commit_ = 0;
};

bool holds(const Family& index, const Expectation& expected) {
    const auto found = index.find(expected.key);
    const auto version = found == index.end() ? 0 : found->second.version;
    return version == expected.version;
}

/// The rows that are put, made before anything is changed: what follows allocates nothing, so that
/// a commit which runs out of memory leaves everything as it was.
Families make_rows(Transaction& transaction, RowVersion version) {
    Families rows;
    for (auto& put : transaction.puts)
        family_of(rows, put.key.family)
            .insert_or_assign(std::move(put.key.key), Value{std::move(put.value), version});
    return rows;
}

void apply(Families& families, const Transaction& transaction, Families fresh) {
    for (const auto& range : transaction.range_deletes) {
        if (range.begin >= range.end) continue;
        auto& rows = family_of(families, range.family);
        rows.erase(rows.lower_bound(range.begin), rows.lower_bound(range.end));
    }
    for (const auto& key : transaction.deletes) family_of(families, key.family).erase(key.key);
    for (std::size_t family = 0; family < families.size(); ++family) {
        for (const auto& [key, value] : fresh[family]) families[family].erase(key);
        families[family].merge(fresh[family]);
    }
}

Async<std::vector<std::optional<Row>>> MemoryMetadataStore::get(const Partition& partition,
                                                                std::vector<RowKey> keys) {
    std::vector<std::optional<Row>> rows(keys.size());
    const std::lock_guard lock(mutex_);
    const auto found = partitions_.find(partition);
    if (found == partitions_.end()) co_return rows;
    for (std::size_t i = 0; i < keys.size(); ++i) {
        const auto& family = family_of(found->second, keys[i].family);
        const auto row = family.find(keys[i].key);
        if (row == family.end()) continue;
        rows[i] = Row{std::move(keys[i].key), row->second.bytes, row->second.version};
    }
    co_return rows;
}

Async<ScanPage> MemoryMetadataStore::scan(const Partition& partition, ScanRange range) {
    ScanPage page;
    const std::lock_guard lock(mutex_);
    const auto found = partitions_.find(partition);
    if (found == partitions_.end()) co_return page;
    const auto& index = family_of(found->second, RowFamily::index);
    const auto rows_max = std::max<std::uint32_t>(range.rows_max, 1);
    std::uint64_t bytes = 0;
    for (auto row = index.lower_bound(range.begin); row != index.end(); ++row) {
        if (!range.end.empty() && row->first >= range.end) break;
        bytes += row->first.size() + row->second.bytes.size();
        const bool full = page.rows.size() >= rows_max || bytes > range.bytes_max;
        if (full && !page.rows.empty()) {
            page.more = true;
            break;
        }
        page.rows.push_back(Row{row->first, row->second.bytes, row->second.version});
    }
    co_return page;
}

Async<RowVersion> MemoryMetadataStore::commit(const Partition& partition, Transaction transaction) {
    const std::lock_guard lock(mutex_);
    auto& families = partitions_[partition];
    for (const auto& expected : transaction.expectations) {
        if (!holds(family_of(families, RowFamily::index), expected))
            co_return StorageError{StorageError::Kind::conflict, "a row is not as expected"};
    }
    auto fresh = make_rows(transaction, last_commit_ + 1);
    apply(families, transaction, std::move(fresh));
    co_return ++last_commit_;
}

}  // namespace

std::unique_ptr<MetadataStore> make_metadata_store() {
    return std::make_unique<MemoryMetadataStore>();
}

}  // namespace holdfast::storage::memory
