#include "storage/damage_list.h"

#include <algorithm>

#include "base/metrics.h"

namespace holdfast::storage {

namespace {

prometheus::Gauge& damaged_blobs() {
    static auto& gauge =
        base::metrics::gauge("holdfast_damaged", "Blobs and index files known to be damaged.");
    return gauge;
}

}  // namespace

void DamageList::note(const BlobRef& blob, std::string what) {
    Damage damage;
    damage.blob = blob;
    damage.what = std::move(what);
    put(base::to_hex(blob.id), std::move(damage));
}

void DamageList::note(Damage damage) {
    const auto name = damage.file.empty() ? base::to_hex(damage.blob.id) : damage.file;
    put(name, std::move(damage));
}

void DamageList::put(const std::string& name, Damage damage) {
    const auto now = clock_.wall();
    const std::lock_guard lock(mutex_);
    const auto found = entries_.find(name);
    damage.last_seen = now;
    if (damage.first_seen == base::WallTime{}) damage.first_seen = now;
    if (found == entries_.end()) {
        if (entries_.size() >= entries_max) return;
        entries_.emplace(name, std::move(damage));
        damaged_blobs().Set(static_cast<double>(entries_.size()));
        ++changes_;
        return;
    }
    auto& known = found->second;
    damage.first_seen = std::min(known.first_seen, damage.first_seen);
    if (damage.partition.empty()) {
        damage.partition = known.partition;
        damage.row_key = known.row_key;
        damage.bucket = known.bucket;
        damage.part = known.part;
    }
    // Only the time of it is no change worth a copy.
    if (damage.what != known.what || damage.row_key != known.row_key) ++changes_;
    known = std::move(damage);
}

void DamageList::forget(const BlobId& blob) {
    forget_file(base::to_hex(blob));
}

void DamageList::forget_file(const std::string& file) {
    const std::lock_guard lock(mutex_);
    if (entries_.erase(file) == 0) return;
    damaged_blobs().Set(static_cast<double>(entries_.size()));
    ++changes_;
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

std::uint64_t DamageList::changes() const {
    const std::lock_guard lock(mutex_);
    return changes_;
}

}  // namespace holdfast::storage
