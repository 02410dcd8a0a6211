#include "storage/damage_list.h"

#include <algorithm>

#include "base/log.h"
#include "base/metrics.h"

namespace holdfast::storage {

namespace {

using Kind = Damage::Kind;

prometheus::Gauge& damaged_counted() {
    static auto& gauge =
        base::metrics::gauge("holdfast_damaged", "Blobs, rows and files known to be damaged.");
    return gauge;
}

prometheus::Counter& not_listed_counted() {
    static auto& counter =
        base::metrics::counter("holdfast_damaged_not_listed_total",
                               "Times that damage was met and the list of it was full.");
    return counter;
}

bool is_within(const RangeDelete& range, const Damage& row) {
    return range.family == row.family && row.row_key >= range.begin && row.row_key < range.end;
}

bool touches(const Transaction& transaction, const Damage& row) {
    const auto is_it = [&](const RowKey& key) {
        return key.family == row.family && key.key == row.row_key;
    };
    return std::any_of(transaction.puts.begin(), transaction.puts.end(),
                       [&](const Put& put) { return is_it(put.key); }) ||
           std::any_of(transaction.deletes.begin(), transaction.deletes.end(), is_it) ||
           std::any_of(transaction.range_deletes.begin(), transaction.range_deletes.end(),
                       [&](const RangeDelete& range) { return is_within(range, row); });
}

}  // namespace

DamageList::Name DamageList::name_of(const Damage& damage) {
    switch (damage.kind) {
        case Kind::blob:
            return {damage.kind, base::to_hex(damage.blob.id), RowFamily::index, {}};
        case Kind::file:
            return {damage.kind, damage.file, RowFamily::index, {}};
        default:
            return {damage.kind, damage.partition, damage.family, damage.row_key};
    }
}

void DamageList::note(const BlobRef& blob, std::string what) {
    Damage damage;
    damage.blob = blob;
    damage.what = std::move(what);
    put(std::move(damage));
}

void DamageList::note(Damage damage) {
    put(std::move(damage));
}

void DamageList::put(Damage damage) {
    auto name = name_of(damage);
    const auto now = clock_.wall();
    const std::lock_guard lock(mutex_);
    const auto found = entries_.find(name);
    damage.last_seen = now;
    if (damage.first_seen == base::WallTime{}) damage.first_seen = now;
    if (found == entries_.end()) {
        if (entries_.size() >= entries_max) return refuse(damage);
        if (damage.kind == Kind::row) ++rows_;
        entries_.emplace(std::move(name), std::move(damage));
        count();
        return;
    }
    auto& known = found->second;
    damage.first_seen = std::min(known.first_seen, damage.first_seen);
    if (damage.partition.empty()) {
        damage.partition = known.partition;
        damage.row_key = known.row_key;
        damage.part = known.part;
    }
    if (damage.bucket.empty()) damage.bucket = known.bucket;
    // Only the time of it is no change worth a copy.
    const bool changed = damage.what != known.what || damage.row_key != known.row_key ||
                         damage.bucket != known.bucket;
    if (changed) ++changes_;
    known = std::move(damage);
}

void DamageList::name(const Damage& damage) {
    const std::lock_guard lock(mutex_);
    const auto found = entries_.find(name_of(damage));
    if (found == entries_.end()) return;
    auto& known = found->second;
    if (known.row_key == damage.row_key && known.bucket == damage.bucket) return;
    known.partition = damage.partition;
    known.row_key = damage.row_key;
    known.bucket = damage.bucket;
    ++changes_;
}

/// REQUIRES: mutex_ is held. Logged once: whoever met it has logged what it is.
void DamageList::refuse(const Damage& damage) {
    not_listed_counted().Increment();
    if (not_listed_++ == 0)
        base::log::error("damage.list_full", {{"entries", static_cast<std::uint64_t>(entries_max)},
                                              {"detail", damage.what}});
}

/// REQUIRES: mutex_ is held, and an entry came or went.
void DamageList::count() {
    damaged_counted().Set(static_cast<double>(entries_.size()));
    ++changes_;
}

void DamageList::forget(const BlobId& blob) {
    forget(Name{Kind::blob, base::to_hex(blob), RowFamily::index, {}});
}

void DamageList::forget_file(const std::string& file) {
    forget(Name{Kind::file, file, RowFamily::index, {}});
}

void DamageList::forget(const Damage& damage) {
    forget(name_of(damage));
}

void DamageList::forget(const Name& name) {
    const std::lock_guard lock(mutex_);
    if (entries_.erase(name) == 0) return;
    if (std::get<Kind>(name) == Kind::row) --rows_;
    count();
}

std::vector<Damage> DamageList::rows_of(const Partition& partition,
                                        const Transaction& transaction) const {
    std::vector<Damage> found;
    if (rows_ == 0) return found;
    const std::lock_guard lock(mutex_);
    auto at = entries_.lower_bound(Name{Kind::row, partition, RowFamily::index, {}});
    for (; at != entries_.end() && at->second.kind == Kind::row; ++at) {
        if (at->second.partition != partition) break;
        if (touches(transaction, at->second)) found.push_back(at->second);
    }
    return found;
}

std::vector<Damage> DamageList::all() const {
    const std::lock_guard lock(mutex_);
    std::vector<Damage> all;
    all.reserve(entries_.size());
    for (const auto& [name, damage] : entries_) all.push_back(damage);
    return all;
}

std::size_t DamageList::size() const {
    const std::lock_guard lock(mutex_);
    return entries_.size();
}

std::uint64_t DamageList::not_listed() const {
    const std::lock_guard lock(mutex_);
    return not_listed_;
}

std::uint64_t DamageList::changes() const {
    const std::lock_guard lock(mutex_);
    return changes_;
}

}  // namespace holdfast::storage
