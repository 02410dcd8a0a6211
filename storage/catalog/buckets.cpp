#include "storage/catalog/buckets.h"

#include "storage/catalog/bucket_rows.h"
#include "storage/catalog/row_cursor.h"

namespace holdfast::storage::catalog {

namespace {

using Done = base::Expected<void, CatalogError>;

std::string make_bucket_id(base::Random& random) {
    std::array<std::uint8_t, 8> bytes{};
    random.fill(bytes);
    return base::to_hex(bytes);
}

std::string state_value(bool deleting) {
    records::BucketState state;
    state.set_deleting(deleting);
    return state.SerializeAsString();
}

}  // namespace

/// Tells recover() that the mark is somebody's, from before it is set until nothing of the removal
/// relies on it any more.
class Buckets::Removal {
public:
    Removal(Buckets& buckets, const std::string& bucket_id) : buckets_(buckets) {
        const std::unique_lock lock(buckets_.mutex_);
        place_ = buckets_.removed_now_.insert(bucket_id);
    }
    ~Removal() {
        const std::unique_lock lock(buckets_.mutex_);
        buckets_.removed_now_.erase(place_);
    }
    Removal(const Removal&) = delete;
    Removal& operator=(const Removal&) = delete;

private:
    Buckets& buckets_;
    std::multiset<std::string>::iterator place_;
};

bool Buckets::is_being_removed(const std::string& bucket_id) {
    const std::shared_lock lock(mutex_);
    return removed_now_.count(bucket_id) > 0;
}

BucketPtr Buckets::cached(std::string_view name, std::uint64_t* generation) {
    const std::shared_lock lock(mutex_);
    *generation = generation_;
    const auto found = cache_.find(name);
    return found == cache_.end() ? nullptr : found->second;
}

void Buckets::remember(const BucketPtr& bucket, std::uint64_t generation) {
    const std::unique_lock lock(mutex_);
    if (generation == generation_) cache_.insert_or_assign(bucket->name(), bucket);
}

void Buckets::forget(const std::string& name) {
    const std::unique_lock lock(mutex_);
    ++generation_;
    cache_.erase(name);
}

Outcome<BucketPtr> Buckets::find(std::string_view name) {
    std::uint64_t generation = 0;
    if (auto known = cached(name, &generation)) co_return known;
    std::vector<RowKey> keys{{RowFamily::index, bucket_row(name)}};
    auto rows = co_await store_.metadata.get(system_partition, std::move(keys));
    if (!rows) co_return CatalogError(std::move(rows).error());
    if (!rows->front()) co_return BucketPtr{};
    auto record = parse_record<records::Bucket>(*rows->front());
    if (!record) co_return CatalogError(std::move(record).error());
    BucketPtr bucket = std::make_shared<records::Bucket>(std::move(*record));
    remember(bucket, generation);
    co_return bucket;
}

Outcome<BucketPtr> Buckets::create(records::Bucket bucket) {
    bucket.set_id(make_bucket_id(store_.random));
    bucket.set_created_ms(store_.clock.wall().time_since_epoch().count());

    // The partition first: a crash in between leaves an empty partition that nobody can name.
    Transaction state;
    put_row(state, RowFamily::index, std::string(bucket_state_row), state_value(false));
    const auto partition = bucket_partition(bucket.id());
    auto made = co_await store_.metadata.commit(partition, std::move(state));
    if (!made) co_return CatalogError(std::move(made).error());

    Transaction name;
    name.expectations.push_back({bucket_row(bucket.name()), 0});
    put_row(name, RowFamily::index, bucket_row(bucket.name()), bucket.SerializeAsString());
    auto named = co_await store_.metadata.commit(system_partition, std::move(name));
    if (named) {
        forget(bucket.name());  // a namesake's removal may not have got to that yet
        co_return BucketPtr(std::make_shared<records::Bucket>(std::move(bucket)));
    }
    if (named.error().kind != StorageError::Kind::conflict)
        co_return CatalogError(std::move(named).error());

    Transaction undo;
    undo.deletes.push_back({RowFamily::index, std::string(bucket_state_row)});
    auto undone = co_await store_.metadata.commit(partition, std::move(undo));
    if (!undone) co_return CatalogError(std::move(undone).error());
    co_return CatalogError(CatalogError::Kind::bucket_exists);
}

/// Marks or unmarks; writers that saw the state row before will meet a conflict and look again.
/// Nothing to mark while another DeleteBucket is under way, or was: this one waits for what becomes
/// of it, and is no removal before the mark is its own. recover() would leave a stale one there.
Outcome<void> Buckets::set_deleting(const std::string& bucket_id, bool deleting,
                                    std::optional<Removal>& removal) {
    const auto partition = bucket_partition(bucket_id);
    DeletionWait deletion;
    for (int attempt = 0; attempt < commit_attempts_max;) {
        std::vector<RowKey> keys{{RowFamily::index, std::string(bucket_state_row)}};
        auto rows = co_await store_.metadata.get(partition, std::move(keys));
        if (!rows) co_return CatalogError(std::move(rows).error());
        if (!rows->front()) co_return CatalogError(CatalogError::Kind::no_such_bucket);
        auto state = parse_record<records::BucketState>(*rows->front());
        if (!state) co_return CatalogError(std::move(state).error());
        if (deleting && state->deleting()) {
            auto waited = co_await deletion.wait();
            if (!waited) co_return std::move(waited).error();
            continue;
        }
        Transaction mark;
        mark.expectations.push_back({std::string(bucket_state_row), rows->front()->version});
        put_row(mark, RowFamily::index, std::string(bucket_state_row), state_value(deleting));
        if (deleting) removal.emplace(*this, bucket_id);
        auto marked = co_await store_.metadata.commit(partition, std::move(mark));
        if (marked) co_return Done{};
        if (marked.error().kind != StorageError::Kind::conflict)
            co_return CatalogError(std::move(marked).error());
        if (deleting) removal.reset();
        ++attempt;
    }
    StorageError busy{StorageError::Kind::unavailable, "bucket state is contended"};
    co_return CatalogError(std::move(busy));
}

Outcome<bool> Buckets::has_objects(const std::string& bucket_id) {
    const auto range = rows_of_kind('o');
    ScanRange first;
    first.begin = range.begin;
    first.end = range.end;
    first.rows_max = 1;
    auto page = co_await store_.metadata.scan(bucket_partition(bucket_id), std::move(first));
    if (!page) co_return CatalogError(std::move(page).error());
    co_return !page->rows.empty();
}

/// The name goes and a note that the partition is to be emptied comes, in one transaction.
Outcome<void> Buckets::remove_name(const records::Bucket& bucket) {
    Transaction transaction;
    transaction.deletes.push_back({RowFamily::index, bucket_row(bucket.name())});
    put_row(transaction, RowFamily::index, deleted_bucket_row(bucket.id()), {});
    auto done = co_await store_.metadata.commit(system_partition, std::move(transaction));
    if (!done) co_return CatalogError(std::move(done).error());
    co_return Done{};
}

/// Whoever waits for the end of the removal learns that the bucket is gone.
Outcome<void> Buckets::remove_state(const std::string& bucket_id) {
    Transaction transaction;
    transaction.deletes.push_back({RowFamily::index, std::string(bucket_state_row)});
    auto done =
        co_await store_.metadata.commit(bucket_partition(bucket_id), std::move(transaction));
    if (!done) co_return CatalogError(std::move(done).error());
    co_return Done{};
}

Outcome<void> Buckets::remove(BucketPtr bucket) {
    // Before the mark, which holds up every writer: a bucket in use is refused without a write.
    auto in_use = co_await has_objects(bucket->id());
    if (!in_use) co_return std::move(in_use).error();
    if (*in_use) co_return CatalogError(CatalogError::Kind::bucket_not_empty);
    std::optional<Removal> removal;
    auto marked = co_await set_deleting(bucket->id(), true, removal);
    if (!marked) co_return std::move(marked).error();
    auto occupied = co_await has_objects(bucket->id());
    if (!occupied || *occupied) {
        auto unmarked = co_await set_deleting(bucket->id(), false, removal);
        if (!unmarked) co_return std::move(unmarked).error();
        if (!occupied) co_return std::move(occupied).error();
        co_return CatalogError(CatalogError::Kind::bucket_not_empty);
    }
    auto removed = co_await remove_name(*bucket);
    forget(bucket->name());
    if (removed) {
        // The bucket is gone whether or not this succeeds: the purge takes the row as well.
        static_cast<void>(co_await remove_state(bucket->id()));
        co_return removed;
    }
    if (removed.error().storage.kind == StorageError::Kind::in_doubt) co_return removed;
    auto unmarked = co_await set_deleting(bucket->id(), false, removal);
    if (!unmarked) co_return std::move(unmarked).error();
    co_return removed;
}

Outcome<BucketPage> Buckets::list(std::string prefix, std::string after, std::uint32_t limit) {
    RowRange range{bucket_row(prefix), after_prefix(bucket_row(prefix))};
    if (after >= prefix) range.begin = bucket_row(after) + '\0';
    RowCursor cursor(store_.metadata, system_partition, range, limit + 1);
    BucketPage page;
    for (;;) {
        auto row = co_await cursor.next();
        if (!row) co_return CatalogError(std::move(row).error());
        if (*row == nullptr) co_return page;
        if (page.buckets.size() == limit) break;
        auto record = parse_record<records::Bucket>(**row);
        if (!record) co_return CatalogError(std::move(record).error());
        page.buckets.push_back(std::move(*record));
    }
    page.more = true;
    co_return page;
}

/// The mark that is taken away is exactly the one that was read before nobody removed the bucket
/// and its name was there: a removal that begins or ends meanwhile changes it.
Outcome<void> Buckets::recover(const records::Bucket& bucket) {
    const auto partition = bucket_partition(bucket.id());
    std::vector<RowKey> keys{{RowFamily::index, std::string(bucket_state_row)}};
    auto rows = co_await store_.metadata.get(partition, std::move(keys));
    if (!rows) co_return CatalogError(std::move(rows).error());
    records::BucketState state;
    if (!rows->front() || !state.ParseFromString(rows->front()->value) || !state.deleting())
        co_return Done{};
    if (is_being_removed(bucket.id())) co_return Done{};
    std::vector<RowKey> name{{RowFamily::index, bucket_row(bucket.name())}};
    auto named = co_await store_.metadata.get(system_partition, std::move(name));
    if (!named) co_return CatalogError(std::move(named).error());
    records::Bucket there;
    if (!named->front() || !there.ParseFromString(named->front()->value) ||
        there.id() != bucket.id())
        co_return Done{};
    Transaction open;
    open.expectations.push_back({std::string(bucket_state_row), rows->front()->version});
    put_row(open, RowFamily::index, std::string(bucket_state_row), state_value(false));
    auto opened = co_await store_.metadata.commit(partition, std::move(open));
    if (opened || opened.error().kind == StorageError::Kind::conflict) co_return Done{};
    co_return CatalogError(std::move(opened).error());
}

Outcome<void> Buckets::recover() {
    std::string after;
    for (;;) {
        auto page = co_await list("", after, 1000);
        if (!page) co_return std::move(page).error();
        for (const auto& bucket : page->buckets) {
            auto recovered = co_await recover(bucket);
            if (!recovered) co_return recovered;
        }
        if (!page->more) co_return Done{};
        after = page->buckets.back().name();
    }
}

Outcome<std::size_t> Buckets::purge_deleted() {
    const auto range = rows_of_kind('d');
    RowCursor cursor(store_.metadata, system_partition, range, 100);
    std::size_t released = 0;
    std::optional<CatalogError> failure;
    for (;;) {
        auto row = co_await cursor.next();
        if (!row) co_return CatalogError(std::move(row).error());
        if (*row == nullptr) break;
        const auto bucket_id = (*row)->key.substr(1);
        auto purged = co_await purge(bucket_id);
        if (purged)
            released += *purged;
        else if (!failure)
            failure = std::move(purged).error();
    }
    if (failure) co_return std::move(*failure);
    co_return released;
}

/// The blobs named by the rows of one kind. A row that does not parse keeps the bucket from going:
/// what it names would be lost; so does a blob that a snapshot has.
Outcome<std::size_t> Buckets::release_blobs_of(const Partition& partition, char kind) {
    RowCursor cursor(store_.metadata, partition, rows_of_kind(kind), 1000);
    std::size_t released = 0;
    std::optional<StorageError> held;  // the others are given back all the same
    for (;;) {
        auto row = co_await cursor.next();
        if (!row) co_return CatalogError(std::move(row).error());
        if (*row == nullptr) break;
        std::vector<BlobRef> blobs;
        if (kind == 'p') {
            auto part = parse_record<records::Part>(**row);
            if (!part) co_return CatalogError(std::move(part).error());
            if (part->body().has_blob()) blobs.push_back(from_record(part->body().blob()));
        } else {
            auto garbage = parse_record<records::Garbage>(**row);
            if (!garbage) co_return CatalogError(std::move(garbage).error());
            for (const auto& blob : garbage->blobs()) blobs.push_back(from_record(blob));
        }
        for (const auto& blob : blobs) {
            auto done = co_await store_.blobs.release(blob);
            if (!done && done.error().kind == StorageError::Kind::held)
                held = std::move(done).error();
            else if (!done)
                co_return CatalogError(std::move(done).error());
        }
        released += blobs.size();
    }
    if (held) co_return CatalogError(*std::move(held));
    co_return released;
}

/// Nothing can be written there any more (the state row is gone, or says "deleting"): parts and
/// garbage give their blobs back, then all rows go, then the note. Every step may be repeated after
/// a crash.
Outcome<std::size_t> Buckets::purge(const std::string& bucket_id) {
    const auto partition = bucket_partition(bucket_id);
    auto parts = co_await release_blobs_of(partition, 'p');
    if (!parts) co_return std::move(parts).error();
    auto garbage = co_await release_blobs_of(partition, 'g');
    if (!garbage) co_return std::move(garbage).error();
    Transaction rows;
    rows.range_deletes.push_back({RowFamily::index, "", "\xff"});
    rows.range_deletes.push_back({RowFamily::body, "", "\xff"});
    auto emptied = co_await store_.metadata.commit(partition, std::move(rows));
    if (!emptied) co_return CatalogError(std::move(emptied).error());
    Transaction note;
    note.deletes.push_back({RowFamily::index, deleted_bucket_row(bucket_id)});
    auto noted = co_await store_.metadata.commit(system_partition, std::move(note));
    if (!noted) co_return CatalogError(std::move(noted).error());
    co_return *parts + *garbage;
}

}  // namespace holdfast::storage::catalog
