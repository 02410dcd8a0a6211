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
        try {
            auto looked = co_await recheck(damage);
            if (!looked)
                base::log::warning("scrub.recheck_failed", {{"reason", looked.error().detail}});
        } catch (const std::exception& error) {
            base::log::warning("scrub.recheck_failed", {{"reason", error.what()}});
        }
    }
}

Async<void> Scrubber::recheck_rows() {
    const auto listed = upkeep_.damage().all();
    for (const auto& damage : listed) {
        if (!damage.is_of_rows()) continue;
        if (loop_.stopping()) co_return stopping_error();
        auto looked = co_await recheck(damage);
        if (!looked) co_return looked;
    }
    co_return Result<void>{};
}

/// Files of the index are looked at as a whole, by the next pass.
Async<void> Scrubber::recheck(const Damage& damage) {
    if (damage.kind == Damage::Kind::blob && !damage.row_key.empty())
        co_return co_await recheck_blob(damage);
    if (!damage.is_of_rows()) co_return Result<void>{};
    Result<void> read;
    if (damage.kind == Damage::Kind::row)
        read = co_await read_row(damage);
    else
        read = co_await read_rows(damage);
    if (read) upkeep_.damage().forget(damage);
    if (!read && !is_damage(read.error())) co_return read;
    co_return Result<void>{};
}

Async<void> Scrubber::read_row(const Damage& damage) {
    std::vector<RowKey> keys;
    keys.push_back({damage.family, damage.row_key});
    auto rows = co_await store_.metadata.get(damage.partition, std::move(keys));
    if (!rows) co_return std::move(rows).error();
    if (!rows->front() || damage.family == RowFamily::body) co_return Result<void>{};
    RowPosition place;
    place.partition = damage.partition;
    place.key = damage.row_key;
    auto snapshot = co_await upkeep_.snapshot(std::move(place));
    if (!snapshot) co_return std::move(snapshot).error();
    RowSnapshot::Entry entry;
    entry.partition = damage.partition;
    entry.row = *std::move(rows->front());
    auto owners = co_await owners_of(**snapshot, entry);
    if (!owners) co_return std::move(owners).error();
    co_return Result<void>{};
}

/// A few of them: rows may have come in between.
Async<void> Scrubber::read_rows(const Damage& damage) {
    constexpr std::uint32_t rows_looked_at = 64;
    RowPosition place;
    place.partition = damage.partition;
    place.key = damage.row_key;
    auto snapshot = co_await upkeep_.snapshot(std::move(place));
    if (!snapshot) co_return std::move(snapshot).error();
    for (std::uint32_t looked_at = 0; looked_at < rows_looked_at;) {
        auto rows = co_await (*snapshot)->next(rows_looked_at - looked_at);
        if (!rows) co_return std::move(rows).error();
        if (rows->empty()) co_return Result<void>{};
        looked_at += static_cast<std::uint32_t>(rows->size());
    }
    co_return Result<void>{};
}

Async<void> Scrubber::recheck_blob(const Damage& damage) {
    // A part belongs to the object once its upload was completed.
    const std::vector<std::string> rows{damage.row_key,
                                        catalog::object_row(object_key_in(damage.row_key))};
    for (const auto& row : rows) {
        auto looked = co_await recheck_blob_in(damage, row);
        if (!looked) co_return std::move(looked).error();
        if (*looked) co_return Result<void>{};
    }
    upkeep_.damage().forget(damage.blob.id);  // nothing refers to it any more
    co_return Result<void>{};
}

/// False when the row does not refer to the blob.
Async<bool> Scrubber::recheck_blob_in(const Damage& damage, std::string row_key) {
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
    if (id.empty()) co_return std::string();
    std::string after;
    for (;;) {
        auto page = co_await buckets_.list("", after, 1000);
        if (!page) co_return std::move(page).error().storage;
        for (const auto& bucket : page->buckets)
            if (bucket.id() == id) co_return bucket.name();
        if (!page->more) co_return std::string();
        after = page->buckets.back().name();
    }
}

/// A read knows the blob or the row only, and neither the object nor its bucket.
base::Awaitable<void> Scrubber::name_damage() {
    auto named = co_await name_listed();
    if (!named) base::log::warning("scrub.not_named", {{"reason", named.error().detail}});
}

Async<void> Scrubber::name_listed() {
    const auto listed = upkeep_.damage().all();
    for (auto damage : listed) {
        if (damage.kind == Damage::Kind::file || !damage.bucket.empty()) continue;
        if (damage.kind == Damage::Kind::blob && damage.row_key.empty()) {
            auto found = co_await find_owner(damage);
            if (!found) co_return std::move(found).error();
        }
        if (bucket_id_of(damage.partition).empty()) continue;
        auto bucket = co_await bucket_of(damage.partition);
        if (!bucket) co_return std::move(bucket).error();
        damage.bucket = *std::move(bucket);
        upkeep_.damage().name(damage);
    }
    co_return Result<void>{};
}

/// From the identity written behind the blob.
Async<void> Scrubber::find_owner(Damage& damage) {
    if (damage.blob.extents.empty()) co_return Result<void>{};
    auto check = co_await upkeep_.check(damage.blob, damage.blob.extents.size() - 1);
    if (!check) co_return std::move(check).error();
    if (!check->identity) co_return Result<void>{};
    damage.partition = check->identity->partition;
    damage.row_key = check->identity->row_key;
    co_return Result<void>{};
}

}  // namespace holdfast::storage::workers
