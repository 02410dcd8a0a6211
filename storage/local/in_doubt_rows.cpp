#include "storage/local/in_doubt_rows.h"

#include <algorithm>
#include <new>

#include "storage/local/row_codec.h"

namespace holdfast::storage::local {

namespace {

/// The first key behind this one.
std::string behind(std::string key) {
    key.push_back('\0');
    return key;
}

}  // namespace

void InDoubtRows::add(const Partition& partition, const Transaction& transaction) {
    const std::lock_guard lock(mutex_);
    try {
        add_rows(partition, transaction);
    } catch (const std::bad_alloc&) {
        all_ = true;
    }
    any_.store(true, std::memory_order_release);
}

void InDoubtRows::add_rows(const Partition& partition, const Transaction& transaction) {
    for (const auto& put : transaction.puts) {
        auto key = disk_key(partition, put.key.key);
        add(put.key.family, key, behind(key));
    }
    for (const auto& row : transaction.deletes) {
        auto key = disk_key(partition, row.key);
        add(row.family, key, behind(key));
    }
    for (const auto& range : transaction.range_deletes)
        add(range.family, disk_key(partition, range.begin), disk_key(partition, range.end));
}

void InDoubtRows::add(RowFamily family, std::string begin, std::string end) {
    ranges_.push_back({family, std::move(begin), std::move(end)});
}

bool InDoubtRows::touches(const Partition& partition, const std::vector<RowKey>& keys) const {
    if (!any()) return false;
    const std::lock_guard lock(mutex_);
    return std::any_of(keys.begin(), keys.end(), [&](const RowKey& row) {
        const auto key = disk_key(partition, row.key);
        return overlaps(row.family, key, behind(key));
    });
}

bool InDoubtRows::touches(const Partition& partition, const ScanRange& range) const {
    if (!any()) return false;
    const std::lock_guard lock(mutex_);
    return overlaps(RowFamily::index, disk_key(partition, range.begin),
                    disk_range_end(partition, range.end));
}

bool InDoubtRows::overlaps(RowFamily family, const std::string& begin,
                           const std::string& end) const {
    if (all_) return true;
    return std::any_of(ranges_.begin(), ranges_.end(), [&](const Range& range) {
        return range.family == family && range.begin < end && begin < range.end;
    });
}

}  // namespace holdfast::storage::local
