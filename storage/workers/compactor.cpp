#include "storage/workers/compactor.h"

#include <algorithm>

#include "base/log.h"
#include "storage/catalog/bucket_rows.h"
#include "storage/catalog/row_keys.h"
#include "storage/workers/blob_owners.h"

namespace holdfast::storage::workers {

namespace {

using catalog::records::Body;

constexpr std::uint32_t rows_per_page = 1000;
constexpr std::uint64_t frames_at_once = 4;
constexpr int attempts_max = 8;
/// Behind the upload id in a part's row: NUL and the part number.
constexpr std::size_t part_number_bytes = 5;

/// The row of another kind with the same key and upload id as a part's.
std::string sibling_row(char kind, std::string_view part_row) {
    std::string row(part_row.substr(0, part_row.size() - part_number_bytes));
    row.front() = kind;
    return row;
}

void tell_not_moved(const BlobRef& blob, const std::string& reason) {
    base::log::warning("gc.not_moved", {{"blob", base::to_hex(blob.id)}, {"reason", reason}});
}

/// Whether a blob's read failed for its own sake, and said so: the others can be moved all the
/// same.
bool is_skipped(const BlobRef& blob, const StorageError& error) {
    const bool its_own =
        error.kind == StorageError::Kind::corrupt || error.kind == StorageError::Kind::io;
    if (its_own) tell_not_moved(blob, error.detail);
    return its_own;
}

}  // namespace

/// A row that refers to a blob which is to be moved, as it is now.
struct Compactor::Reference {
    catalog::BucketRows rows;  ///< the row, and for a part its upload's
    std::string row;
    std::optional<catalog::records::Object> object;
    std::optional<catalog::records::Part> part;
    std::uint32_t chunk = 0;
    std::optional<catalog::records::Manifest> manifest;  ///< of that chunk
    Body* body = nullptr;                                ///< in one of the three; null: none
    BlobKind kind = BlobKind::object;                    ///< of that body's blob

    Reference() = default;
    Reference(Reference&& other) noexcept = default;
    Reference& operator=(Reference&&) = delete;
};

bool Compactor::is_concerned(const BlobRef& blob) const {
    return std::any_of(blob.extents.begin(), blob.extents.end(), [this](const Extent& extent) {
        return segments_->count(extent.segment) > 0;
    });
}

Async<std::uint64_t> Compactor::empty(const std::set<std::uint64_t>& segments) {
    segments_ = &segments;
    std::uint64_t moved = 0;
    RowPosition first;
    auto snapshot = co_await upkeep_.snapshot(std::move(first));
    if (!snapshot) co_return std::move(snapshot).error();
    while (!stopping_) {
        auto entries = co_await (*snapshot)->next(rows_per_page);
        if (!entries) co_return std::move(entries).error();
        if (entries->empty()) break;
        for (const auto& entry : *entries) {
            auto owners = co_await owners_of(**snapshot, entry);
            if (!owners) co_return std::move(owners).error();
            const bool concerned =
                std::any_of(owners->begin(), owners->end(), [this](const BlobOwner& owner) {
                    return owner.kind != BlobOwner::Kind::garbage && is_concerned(owner.blob);
                });
            if (!concerned || stopping_) continue;
            auto done = co_await move_row(entry.partition, entry.row.key);
            if (!done) co_return std::move(done).error();
            moved += *done;
        }
    }
    co_return moved;
}

/// Everything one row refers to, one blob after the other.
Async<std::uint64_t> Compactor::move_row(const Partition& partition, const std::string& row) {
    std::uint64_t moved = 0;
    for (int attempt = 0; attempt < attempts_max && !stopping_;) {
        auto reference = co_await find_reference(partition, row);
        if (!reference) co_return std::move(reference).error();
        if (!*reference) break;
        const auto blob = catalog::from_record((*reference)->body->blob());
        auto copied = co_await copy(blob, (*reference)->kind);
        if (!copied) co_return std::move(copied).error();
        if (!*copied) break;
        auto replaced = co_await replace(partition, std::move(**reference), **copied);
        if (!replaced) co_return std::move(replaced).error();
        if (*replaced) {
            ++moved;
        } else {
            ++attempt;
            auto released = co_await store_.blobs.release(**copied);
            // What a snapshot has keeps the copy too, and the collector finds it.
            if (!released && released.error().kind != StorageError::Kind::held)
                co_return std::move(released).error();
        }
    }
    co_return moved;
}

Async<std::optional<Compactor::Reference>> Compactor::find_reference(const Partition& partition,
                                                                     const std::string& row) {
    std::optional<Reference> found;
    std::vector<std::string> asked{row};
    if (row.front() == 'p') asked.push_back(sibling_row('u', row));
    auto rows = co_await catalog::read_for_write(store_, bucket_id_of(partition), asked);
    if (!rows) {
        if (rows.error().kind == catalog::CatalogError::Kind::no_such_bucket) co_return found;
        co_return std::move(rows).error().storage;  // it knows no other kind
    }
    // Gone, or on its way: an upload's parts go with it.
    const auto& seen = rows->rows;
    if (std::any_of(seen.begin(), seen.end(), [](const auto& one) { return !one; }))
        co_return found;
    found.emplace();
    found->row = row;
    if (row.front() == 'p') {
        auto part = catalog::parse_record<catalog::records::Part>(*seen[0]);
        if (!part) co_return std::move(part).error();
        found->part = *std::move(part);
        found->kind = BlobKind::part;
        found->body = found->part->mutable_body();
    } else {
        auto object = catalog::parse_record<catalog::records::Object>(*seen[0]);
        if (!object) co_return std::move(object).error();
        found->object = *std::move(object);
        if (found->object->has_body()) found->body = found->object->mutable_body();
    }
    found->rows = *std::move(rows);
    const bool of_completion =
        found->object && found->object->completion().has_blob() &&
        is_concerned(catalog::from_record(found->object->completion().blob()));
    if (of_completion) {
        found->body = found->object->mutable_completion();
        found->kind = BlobKind::completion;
    } else if (found->object && found->object->manifest_size() > 0) {
        auto looked = co_await find_in_manifest(partition, *found);
        if (!looked) co_return std::move(looked).error();
    }
    const bool concerned = found->body != nullptr && found->body->has_blob() &&
                           is_concerned(catalog::from_record(found->body->blob()));
    if (!concerned) found.reset();
    co_return found;
}

/// The first part that is to be moved.
Async<void> Compactor::find_in_manifest(const Partition& partition, Reference& reference) {
    reference.body = nullptr;
    const auto key = std::string_view(reference.row).substr(1);
    const auto chunks = static_cast<std::uint32_t>(reference.object->manifest_size());
    for (std::uint32_t chunk = 0; chunk < chunks; ++chunk) {
        std::vector<RowKey> keys;
        keys.push_back({RowFamily::body, catalog::manifest_row(key, chunk)});
        auto rows = co_await store_.metadata.get(partition, std::move(keys));
        if (!rows) co_return std::move(rows).error();
        if (!rows->front()) co_return Result<void>{};  // replaced meanwhile
        auto manifest = catalog::parse_record<catalog::records::Manifest>(*rows->front());
        if (!manifest) co_return std::move(manifest).error();
        if (manifest->manifest_id() != reference.object->manifest_id()) co_return Result<void>{};
        reference.chunk = chunk;
        reference.manifest = *std::move(manifest);
        for (auto& part : *reference.manifest->mutable_parts()) {
            if (!part.body().has_blob() || !is_concerned(catalog::from_record(part.body().blob())))
                continue;
            reference.body = part.mutable_body();
            reference.kind = BlobKind::part;
            co_return Result<void>{};
        }
    }
    co_return Result<void>{};
}

Async<std::optional<BlobRef>> Compactor::copy(const BlobRef& blob, BlobKind kind) {
    std::optional<BlobRef> copied;
    auto reader = co_await store_.blobs.open(blob);
    if (!reader) {
        if (!is_skipped(blob, reader.error())) co_return std::move(reader).error();
        co_return copied;
    }
    auto check = co_await upkeep_.check(blob, blob.extents.size() - 1);
    if (!check) {
        if (!is_skipped(blob, check.error())) co_return std::move(check).error();
        co_return copied;
    }
    if (!check->damage.empty()) {
        tell_not_moved(blob, check->damage);
        co_return copied;
    }
    BlobOptions options;
    options.kind = kind;
    options.id = blob.id;
    options.frame_bytes = blob.frame_bytes;
    options.expected_stored_bytes = blob.stored_bytes;
    auto writer = co_await store_.blobs.create(options);
    if (!writer) co_return std::move(writer).error();
    auto frames = co_await copy_frames(**reader, **writer, blob);
    if (!frames) co_return std::move(frames).error();
    if (!*frames) co_return copied;
    auto finished = co_await (*writer)->finish(*check->identity);
    if (!finished) co_return std::move(finished).error();
    copied = *std::move(finished);
    co_return copied;
}

/// False when they cannot be read.
Async<bool> Compactor::copy_frames(BlobReader& from, BlobWriter& to, const BlobRef& blob) {
    const auto frames = (blob.stored_bytes + blob.frame_bytes - 1) / blob.frame_bytes;
    base::Bytes buffer(frames_at_once * blob.frame_bytes);
    for (std::uint64_t frame = 0; frame < frames; frame += frames_at_once) {
        const auto count = std::min(frames_at_once, frames - frame);
        auto read = co_await from.read(frame, count, buffer);
        if (!read) {
            if (!is_skipped(blob, read.error())) co_return std::move(read).error();
            co_return false;
        }
        auto written = co_await to.append(base::ByteView(buffer).first(*read));
        if (!written) co_return std::move(written).error();
        co_await throttle_.spend(2 * *read);
    }
    co_return true;
}

Async<bool> Compactor::replace(const Partition& partition, Reference reference,
                               const BlobRef& moved) {
    catalog::DroppedBlobs dropped;
    dropped.add(*reference.body);
    auto* record = reference.body->mutable_blob();
    record->Clear();
    catalog::to_record(moved, record);

    auto transaction = catalog::begin_write(reference.rows);
    const auto& seen = reference.rows.rows;
    catalog::expect(transaction, reference.row, seen[0]);
    if (reference.part) {
        catalog::expect(transaction, sibling_row('u', reference.row), seen[1]);
        catalog::put_row(transaction, RowFamily::index, reference.row,
                         reference.part->SerializeAsString());
        // As every change of a part: who reads all parts to end the upload expects this row.
        catalog::put_row(transaction, RowFamily::index, sibling_row('t', reference.row), {});
    } else {
        // Put again for a manifest too: its new version tells readers to look again.
        catalog::put_row(transaction, RowFamily::index, reference.row,
                         reference.object->SerializeAsString());
    }
    if (reference.manifest) {
        const auto key = std::string_view(reference.row).substr(1);
        catalog::put_row(transaction, RowFamily::body, catalog::manifest_row(key, reference.chunk),
                         reference.manifest->SerializeAsString());
    }
    auto attempted = co_await catalog::try_commit(store_, bucket_id_of(partition),
                                                  std::move(transaction), std::move(dropped));
    if (!attempted) co_return std::move(attempted).error().storage;  // as above
    co_return *attempted == catalog::Attempt::done;
}

}  // namespace holdfast::storage::workers
