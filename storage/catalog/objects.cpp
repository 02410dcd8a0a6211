#include "storage/catalog/objects.h"

#include <algorithm>
#include <set>

#include "base/assert.h"

namespace holdfast::storage::catalog {

namespace {

using Done = base::Expected<void, CatalogError>;

CatalogError damaged(std::string detail) {
    return StorageError{StorageError::Kind::corrupt, std::move(detail)};
}

/// A removal of many large multipart objects is cut into transactions of about this many blobs.
constexpr std::size_t blobs_dropped_at_once = 10'000;

/// The chunks of a manifest that cover [first, first + length).
struct ChunkRange {
    std::uint32_t first = 0;
    std::uint32_t count = 0;
};

ChunkRange chunks_of_range(const records::Object& object, std::uint64_t first,
                           std::uint64_t length) {
    ChunkRange range;
    const auto chunks = static_cast<std::uint32_t>(object.manifest_size());
    for (std::uint32_t i = 0; i < chunks; ++i)
        if (object.manifest(static_cast<int>(i)).first_offset() <= first) range.first = i;
    auto end = range.first;
    while (end < chunks && object.manifest(static_cast<int>(end)).first_offset() < first + length)
        ++end;
    range.count = std::max<std::uint32_t>(end - range.first, 1);
    return range;
}

bool is_inline(const records::Object& object) {
    return object.has_body() && !object.body().has_blob() && object.body().plain_bytes() > 0;
}

}  // namespace

void add_object_removal(Transaction& transaction, DroppedBlobs& dropped, const std::string& key,
                        const Objects::Current& current, bool overwritten_inline) {
    if (!current.object) return;
    const auto& old = current.object->record;
    if (is_inline(old) && !overwritten_inline)
        transaction.deletes.push_back({RowFamily::body, object_row(key)});
    for (int chunk = 0; chunk < old.manifest_size(); ++chunk)
        transaction.deletes.push_back(
            {RowFamily::body, manifest_row(key, static_cast<std::uint32_t>(chunk))});
    // First: without it a half-released object is never taken for a whole one.
    dropped.add(old.completion());
    dropped.add(old.body());
    for (const auto& manifest : current.manifests)
        for (const auto& part : manifest.parts()) dropped.add(part.body());
}

Outcome<std::optional<FoundObject>> Objects::find(const std::string& bucket_id,
                                                  const std::string& key, Fetch fetch) {
    std::vector<RowKey> keys;
    keys.push_back({RowFamily::index, object_row(key)});
    if (fetch == Fetch::record_and_body) keys.push_back({RowFamily::body, object_row(key)});
    auto rows = co_await store_.metadata.get(bucket_partition(bucket_id), std::move(keys));
    if (!rows) co_return CatalogError(std::move(rows).error());
    if (!rows->front()) co_return std::optional<FoundObject>{};
    auto record = parse_record<records::Object>(*rows->front());
    if (!record) co_return CatalogError(std::move(record).error());
    std::optional<FoundObject> found(std::in_place);
    found->record = std::move(*record);
    found->version = rows->front()->version;
    if (rows->size() > 1 && (*rows)[1]) found->sealed = std::move((*rows)[1]->value);
    co_return found;
}

Outcome<std::vector<records::Manifest>> Objects::manifests(const std::string& bucket_id,
                                                           const std::string& key,
                                                           const FoundObject& found,
                                                           std::uint32_t first_chunk,
                                                           std::uint32_t chunks) {
    std::vector<records::Manifest> manifests;
    if (chunks == 0) co_return manifests;
    std::vector<RowKey> keys;
    for (std::uint32_t i = 0; i < chunks; ++i)
        keys.push_back({RowFamily::body, manifest_row(key, first_chunk + i)});
    auto rows = co_await store_.metadata.get(bucket_partition(bucket_id), std::move(keys));
    if (!rows) co_return CatalogError(std::move(rows).error());
    for (const auto& row : *rows) {
        // Absent, or of another upload: the object was replaced after it was found.
        if (!row) co_return CatalogError(CatalogError::Kind::no_such_key);
        auto manifest = parse_record<records::Manifest>(*row);
        if (!manifest) co_return CatalogError(std::move(manifest).error());
        if (manifest->manifest_id() != found.record.manifest_id())
            co_return CatalogError(CatalogError::Kind::no_such_key);
        manifests.push_back(std::move(*manifest));
    }
    co_return manifests;
}

Outcome<std::vector<BodyReader::Piece>> Objects::pieces(const std::string& bucket_id,
                                                        const std::string& key,
                                                        const FoundObject& found,
                                                        std::uint64_t first, std::uint64_t length) {
    std::vector<BodyReader::Piece> pieces;
    if (found.record.has_body()) {
        pieces.push_back({found.record.body(), first, length, found.sealed});
        co_return pieces;
    }
    const auto range = chunks_of_range(found.record, first, length);
    auto chunks = co_await manifests(bucket_id, key, found, range.first, range.count);
    if (!chunks) co_return std::move(chunks).error();
    auto offset = found.record.manifest(static_cast<int>(range.first)).first_offset();
    for (auto& chunk : *chunks) {
        for (auto& part : *chunk.mutable_parts()) {
            const auto size = part.body().plain_bytes();
            const auto begin = std::max(offset, first);
            const auto end = std::min(offset + size, first + length);
            if (begin < end)
                pieces.push_back(
                    {std::move(*part.mutable_body()), begin - offset, end - begin, {}});
            offset += size;
        }
    }
    co_return pieces;
}

Outcome<bool> Objects::unchanged(const std::string& bucket_id, const std::string& key,
                                 RowVersion version) {
    std::vector<RowKey> keys{{RowFamily::index, object_row(key)}};
    auto rows = co_await store_.metadata.get(bucket_partition(bucket_id), std::move(keys));
    if (!rows) co_return CatalogError(std::move(rows).error());
    co_return rows->front() && rows->front()->version == version;
}

Outcome<BodyReader> Objects::open(const std::string& bucket_id, const std::string& key,
                                  const FoundObject& found, std::uint64_t first,
                                  std::uint64_t length) {
    HF_ASSERT(length > 0 && first + length <= found.record.size());
    auto key_of_object = data_key(bucket_id, key, found.record.properties().encryption());
    if (!key_of_object) co_return std::move(key_of_object).error();
    auto wanted = co_await pieces(bucket_id, key, found, first, length);
    if (!wanted) co_return std::move(wanted).error();
    const bool in_blobs = !is_inline(found.record);
    if (!in_blobs && found.sealed.empty()) co_return damaged("an inline body is missing");
    auto reader = co_await BodyReader::open(store_, std::move(*key_of_object), std::move(*wanted));
    if (!in_blobs) {
        if (!reader) co_return CatalogError(std::move(reader).error());
        co_return std::move(*reader);
    }
    // An open reader keeps its blobs; one opened after the object went may have lost them already.
    auto still = co_await unchanged(bucket_id, key, found.version);
    if (!still) co_return std::move(still).error();
    if (!*still) co_return CatalogError(CatalogError::Kind::no_such_key);
    if (!reader) co_return CatalogError(std::move(reader).error());
    co_return std::move(*reader);
}

Outcome<std::optional<PartPlace>> Objects::find_part(const std::string& bucket_id,
                                                     const std::string& key,
                                                     const FoundObject& found,
                                                     std::uint32_t number) {
    const auto& chunks = found.record.manifest();
    std::uint32_t chunk = 0;
    for (int i = 0; i < chunks.size(); ++i)
        if (chunks[i].first_part_number() <= number) chunk = static_cast<std::uint32_t>(i);
    auto manifest = co_await manifests(bucket_id, key, found, chunk, 1);
    if (!manifest) co_return std::move(manifest).error();
    auto offset = chunks[static_cast<int>(chunk)].first_offset();
    for (const auto& part : manifest->front().parts()) {
        if (part.number() == number) {
            PartPlace place;
            place.part = part;
            place.offset = offset;
            co_return std::optional<PartPlace>(std::move(place));
        }
        offset += part.body().plain_bytes();
    }
    co_return std::optional<PartPlace>{};
}

/// One stretch of the manifest; false when the list is full.
Outcome<bool> Objects::add_parts(const std::string& bucket_id, const std::string& key,
                                 const FoundObject& found, std::uint32_t chunk, std::uint32_t after,
                                 std::uint32_t limit, PartList& list) {
    auto manifest = co_await manifests(bucket_id, key, found, chunk, 1);
    if (!manifest) co_return std::move(manifest).error();
    for (auto& part : *manifest->front().mutable_parts()) {
        if (part.number() <= after) continue;
        list.more = list.parts.size() == limit;
        if (list.more) co_return false;
        list.parts.push_back(std::move(part));
    }
    co_return true;
}

Outcome<Objects::PartList> Objects::list_parts(const std::string& bucket_id, const std::string& key,
                                               const FoundObject& found, std::uint32_t after,
                                               std::uint32_t limit) {
    PartList list;
    const auto& chunks = found.record.manifest();
    std::uint32_t chunk = 0;
    for (int i = 0; i < chunks.size(); ++i)
        if (chunks[i].first_part_number() <= after) chunk = static_cast<std::uint32_t>(i);
    for (; chunk < static_cast<std::uint32_t>(chunks.size()); ++chunk) {
        auto added = co_await add_parts(bucket_id, key, found, chunk, after, limit, list);
        if (!added) co_return std::move(added).error();
        if (!*added) break;
    }
    co_return list;
}

base::Expected<crypto::DataKey, CatalogError> Objects::data_key(
    const std::string& bucket_id, const std::string& key, const records::Encryption& e) const {
    auto unwrapped =
        store_.keyring.unwrap(base::as_bytes(e.wrapped_key()), key_context(bucket_id, key));
    if (unwrapped) return std::move(*unwrapped);
    const auto kind = unwrapped.error().kind == crypto::KeyError::Kind::damaged
                          ? StorageError::Kind::corrupt
                          : StorageError::Kind::wrong_key;
    return CatalogError(StorageError{kind, unwrapped.error().detail});
}

Outcome<Objects::Current> Objects::read_current(const std::string& bucket_id,
                                                const std::string& key,
                                                const std::optional<Row>& row) {
    Current current;
    if (!row) co_return current;
    auto record = parse_record<records::Object>(*row);
    if (!record) co_return CatalogError(std::move(record).error());
    current.object.emplace();
    current.object->record = std::move(*record);
    current.object->version = row->version;
    const auto chunks = static_cast<std::uint32_t>(current.object->record.manifest_size());
    auto old = co_await manifests(bucket_id, key, *current.object, 0, chunks);
    if (!old) co_return std::move(old).error();
    current.manifests = std::move(*old);
    co_return current;
}

Outcome<Attempt> Objects::try_put(Write& write) {
    const auto row = object_row(write.key);
    std::vector<std::string> asked{row};
    auto rows = co_await read_for_write(store_, write.bucket_id, std::move(asked));
    if (!rows) co_return std::move(rows).error();
    auto current = co_await read_current(write.bucket_id, write.key, rows->rows[0]);
    if (!current && current.error().kind == CatalogError::Kind::no_such_key)
        co_return Attempt::again;
    if (!current) co_return std::move(current).error();
    if (write.check && !write.check(current->object ? &*current->object : nullptr))
        co_return CatalogError(CatalogError::Kind::refused);

    const bool is_inline_now = !write.body.sealed.empty();
    auto transaction = begin_write(*rows);
    DroppedBlobs dropped;
    expect(transaction, row, rows->rows[0]);
    add_object_removal(transaction, dropped, write.key, *current, is_inline_now);
    put_row(transaction, RowFamily::index, row, write.object.SerializeAsString());
    if (is_inline_now) put_row(transaction, RowFamily::body, row, write.body.sealed);
    co_return co_await try_commit(store_, write.bucket_id, std::move(transaction),
                                  std::move(dropped));
}

Outcome<void> Objects::put(Write write) {
    *write.object.mutable_body() = write.body.body;
    CatalogError failure = contended();
    RowTurn turn(store_.row_locks, bucket_partition(write.bucket_id), object_row(write.key));
    for (int attempt = 0; attempt < commit_attempts_max; ++attempt) {
        co_await turn.next_attempt();
        auto attempted = co_await try_put(write);
        if (attempted && *attempted == Attempt::done) co_return Done{};
        if (attempted) continue;
        failure = std::move(attempted).error();
        break;
    }
    co_await discard_unless_in_doubt(store_, write.body.body, failure);
    co_return failure;
}

Outcome<Attempt> Objects::try_remove(const std::string& bucket_id, RemovalBatch& batch) {
    std::vector<std::string> names;
    for (auto i = batch.begin; i < batch.removals.size(); ++i)
        names.push_back(object_row(batch.removals[i].key));
    auto rows = co_await read_for_write(store_, bucket_id, names);
    if (!rows) co_return std::move(rows).error();

    auto transaction = begin_write(*rows);
    DroppedBlobs dropped;
    std::set<std::string_view> gone;  // a key named twice is absent the second time
    batch.end = batch.begin;
    while (batch.end < batch.removals.size() && dropped.size() < blobs_dropped_at_once) {
        const auto at = batch.end++;
        const auto& removal = batch.removals[at];
        const auto& name = names[at - batch.begin];
        Current current;
        if (gone.count(removal.key) == 0) {
            const auto& row = rows->rows[at - batch.begin];
            auto read = co_await read_current(bucket_id, removal.key, row);
            if (!read && read.error().kind == CatalogError::Kind::no_such_key)
                co_return Attempt::again;
            if (!read) co_return std::move(read).error();
            current = std::move(*read);
            expect(transaction, name, row);
        }
        const bool allowed =
            !removal.check || removal.check(current.object ? &*current.object : nullptr);
        batch.removed[at] = allowed;
        if (!allowed || !current.object) continue;
        gone.insert(removal.key);
        transaction.deletes.push_back({RowFamily::index, name});
        add_object_removal(transaction, dropped, removal.key, current, false);
    }
    if (transaction.deletes.empty()) co_return Attempt::done;
    co_return co_await try_commit(store_, bucket_id, std::move(transaction), std::move(dropped));
}

Outcome<std::vector<bool>> Objects::remove(const std::string& bucket_id,
                                           std::vector<Removal> removals) {
    RemovalBatch batch;
    batch.removed.resize(removals.size(), false);
    batch.removals = std::move(removals);
    int lost_races = 0;
    std::optional<RowTurn> turn;  // at the first of the batch: where single removals meet
    while (batch.begin < batch.removals.size()) {
        if (!turn)
            turn.emplace(store_.row_locks, bucket_partition(bucket_id),
                         object_row(batch.removals[batch.begin].key));
        co_await turn->next_attempt();
        auto attempted = co_await try_remove(bucket_id, batch);
        if (!attempted) co_return std::move(attempted).error();
        if (*attempted == Attempt::again) {
            if (++lost_races == commit_attempts_max) co_return contended();
            continue;
        }
        batch.begin = batch.end;
        lost_races = 0;
        turn.reset();
    }
    co_return std::move(batch.removed);
}

}  // namespace holdfast::storage::catalog
