#include <exception>

#include "base/log.h"
#include "storage/catalog/row_keys.h"
#include "storage/workers/scrubber.h"

namespace holdfast::storage::workers {

base::Awaitable<void> Scrubber::recheck() {
    auto loaded = co_await load();
    if (!loaded) base::log::warning("scrub.state_not_read", {{"reason", loaded.error().detail}});
    const auto listed = upkeep_.damage().all();
    for (const auto& damage : listed) {
        if (loop_.stopping()) co_return;
        if (damage.row_key.empty()) continue;
        try {
            auto looked = co_await recheck_row(damage);
            if (!looked)
                base::log::warning("scrub.recheck_failed", {{"reason", looked.error().detail}});
        } catch (const std::exception& error) {
            base::log::warning("scrub.recheck_failed", {{"reason", error.what()}});
        }
    }
}

Async<void> Scrubber::recheck_row(const Damage& damage) {
    // A part belongs to the object once its upload was completed.
    const std::vector<std::string> rows{damage.row_key,
                                        catalog::object_row(object_key_in(damage.row_key))};
    for (const auto& row : rows) {
        auto looked = co_await recheck_in(damage, row);
        if (!looked) co_return std::move(looked).error();
        if (*looked) co_return Result<void>{};
    }
    upkeep_.damage().forget(damage.blob.id);  // nothing refers to it any more
    co_return Result<void>{};
}

/// False when the row does not refer to the blob.
Async<bool> Scrubber::recheck_in(const Damage& damage, std::string row_key) {
    std::vector<RowKey> keys;
    keys.push_back({RowFamily::index, row_key});
    auto rows = co_await store_.metadata.get(damage.partition, std::move(keys));
    if (!rows) co_return std::move(rows).error();
    if (!rows->front()) co_return false;
    RowPosition place;
    place.partition = damage.partition;
    place.key = std::move(row_key);
    auto snapshot = co_await upkeep_.snapshot(std::move(place));
    if (!snapshot) co_return std::move(snapshot).error();
    RowSnapshot::Entry entry;
    entry.partition = damage.partition;
    entry.row = *std::move(rows->front());
    auto owners = co_await owners_of(**snapshot, entry);
    if (!owners) co_return std::move(owners).error();
    for (const auto& owner : *owners) {
        if (owner.blob.id != damage.blob.id || owner.kind == BlobOwner::Kind::garbage) continue;
        auto looked = co_await look_at_blob(entry, owner);
        if (!looked) co_return std::move(looked).error();
        co_return true;
    }
    co_return false;
}

Async<std::string> Scrubber::bucket_of(const Partition& partition) {
    const auto id = bucket_id_of(partition);
    std::string after;
    for (;;) {
        auto page = co_await buckets_.list("", after, 1000);
        if (!page) {
            if (page.error().kind == catalog::CatalogError::Kind::storage)
                co_return std::move(page).error().storage;
            co_return std::string();
        }
        for (const auto& bucket : page->buckets)
            if (bucket.id() == id) co_return bucket.name();
        if (!page->more) co_return std::string();
        after = page->buckets.back().name();
    }
}

/// A read knows the blob only; the identity written behind it says whose it is.
Async<void> Scrubber::name_damage() {
    const auto listed = upkeep_.damage().all();
    for (auto damage : listed) {
        if (!damage.row_key.empty() || !damage.file.empty() || damage.blob.extents.empty())
            continue;
        auto check = co_await upkeep_.check(damage.blob, damage.blob.extents.size() - 1);
        if (!check) co_return std::move(check).error();
        if (!check->identity) continue;
        damage.partition = check->identity->partition;
        damage.row_key = check->identity->row_key;
        auto bucket = co_await bucket_of(damage.partition);
        if (!bucket) co_return std::move(bucket).error();
        damage.bucket = *std::move(bucket);
        upkeep_.damage().note(std::move(damage));
    }
    co_return Result<void>{};
}

}  // namespace holdfast::storage::workers
