#include "storage/catalog/reattach.h"

#include <algorithm>
#include <map>
#include <set>

#include "storage/catalog/bucket_rows.h"
#include "storage/catalog/objects.h"
#include "storage/catalog/restored_object.h"
#include "storage/catalog/uploads.h"

namespace holdfast::storage::catalog {

namespace {

/// So many commits of others come at most between the end of a blob and its own commit (the
/// length of the commit queue): one that was sealed earlier was committed, and its row is gone
/// because the object is.
constexpr std::uint64_t commits_between_max = 4096;
constexpr std::uint32_t rows_per_page = 256;

bool is_bucket_partition(const Partition& partition) {
    return partition.starts_with("b/") && partition.ends_with("/0") && partition.size() == 20;
}

class Reattachment {
public:
    Reattachment(Store& store, Upkeep& upkeep, const std::vector<BlobInSegments>& blobs,
                 const ReattachOptions& options)
        : store_(store), objects_(store), upkeep_(upkeep), blobs_(blobs), options_(options) {}

    Async<ReattachReport> run() {
        auto collected = co_await collect_references();
        if (!collected) co_return std::move(collected).error();
        for (const auto& blob : blobs_) {
            if (blob.kind == BlobKind::part) parts_.emplace(blob.ref.id, &blob.ref);
            if (blob.kind == BlobKind::part && referenced_.count(blob.ref.id) == 0)
                ++report_.parts_left;
        }
        for (const auto& blob : blobs_) {
            const auto& identity = blob.identity;
            const bool candidate =
                blob.kind != BlobKind::part && is_bucket_partition(identity.partition) &&
                identity.row_key.starts_with('o') && referenced_.count(blob.ref.id) == 0;
            if (!candidate) continue;
            // The latest decides, whatever becomes of it.
            if (!seen_.emplace(identity.partition, identity.row_key).second) continue;
            auto done = co_await take(blob);
            if (!done) co_return std::move(done).error();
        }
        co_return std::move(report_);
    }

private:
    void refer(const records::Body& body) {
        if (body.has_blob()) referenced_.insert(from_record(body.blob()).id);
    }

    Async<void> collect_references() {
        RowPosition first;
        auto snapshot = co_await upkeep_.snapshot(first);
        if (!snapshot) co_return std::move(snapshot).error();
        for (;;) {
            auto entries = co_await (*snapshot)->next(rows_per_page);
            if (!entries) co_return std::move(entries).error();
            if (entries->empty()) co_return Result<void>{};
            for (const auto& entry : *entries) {
                auto noted = co_await note_row(**snapshot, entry);
                if (!noted) co_return noted;
            }
        }
    }

    Async<void> note_row(RowSnapshot& snapshot, const RowSnapshot::Entry& entry) {
        const char kind = entry.row.key.empty() ? '\0' : entry.row.key.front();
        if (!is_bucket_partition(entry.partition)) co_return Result<void>{};
        if (kind == 'p') {
            auto part = parse_record<records::Part>(entry.row);
            if (!part) co_return std::move(part).error();
            refer(part->body());
        } else if (kind == 'g') {
            auto garbage = parse_record<records::Garbage>(entry.row);
            if (!garbage) co_return std::move(garbage).error();
            for (const auto& blob : garbage->blobs()) referenced_.insert(from_record(blob).id);
        } else if (kind == 'o') {
            auto object = parse_record<records::Object>(entry.row);
            if (!object) co_return std::move(object).error();
            refer(object->body());
            refer(object->completion());
            std::vector<std::string> keys;
            for (int chunk = 0; chunk < object->manifest_size(); ++chunk)
                keys.push_back(manifest_row(std::string_view(entry.row.key).substr(1),
                                            static_cast<std::uint32_t>(chunk)));
            if (keys.empty()) co_return Result<void>{};
            auto rows = co_await snapshot.bodies(entry.partition, std::move(keys));
            if (!rows) co_return std::move(rows).error();
            for (const auto& row : *rows) {
                records::Manifest manifest;
                if (row && manifest.ParseFromString(row->value))
                    for (const auto& part : manifest.parts()) refer(part.body());
            }
        }
        co_return Result<void>{};
    }

    Async<void> take(const BlobInSegments& blob) {
        const auto& identity = blob.identity;
        const std::string bucket_id = identity.partition.substr(2, 16);
        std::vector<RowKey> keys;
        keys.push_back({RowFamily::index, std::string(bucket_state_row)});
        keys.push_back({RowFamily::index, identity.row_key});
        auto rows = co_await store_.metadata.get(identity.partition, std::move(keys));
        if (!rows) co_return std::move(rows).error();
        const auto& row = (*rows)[1];
        const bool later = row ? identity.last_commit >= row->version
                               : identity.last_commit + commits_between_max >= options_.commit_no;
        if (!later) co_return Result<void>{};
        const auto key = identity.row_key.substr(1);
        std::string why;
        auto object = restore(blob, why);
        if (!object) {
            report_.problems.push_back(printable_name(identity.bucket, key) + ": " + why);
            co_return Result<void>{};
        }
        if (!(*rows)[0]) {
            auto made = co_await make_bucket(bucket_id, identity.bucket);
            if (!made) co_return made;
        }
        co_return co_await put(bucket_id, key, std::move(*object));
    }

    std::optional<RestoredObject> restore(const BlobInSegments& blob, std::string& why) {
        if (blob.kind == BlobKind::object)
            return restore_object(blob.ref, blob.identity.record, why);
        const auto find = [this](const BlobId& id) -> const BlobRef* {
            const auto found = parts_.find(id);
            return found == parts_.end() ? nullptr : found->second;
        };
        return restore_multipart(blob.ref, options_.read(blob.ref), find, why);
    }

    /// Its rows were lost with the commits behind them.
    Async<void> make_bucket(const std::string& bucket_id, const std::string& name) {
        records::Bucket bucket;
        bucket.set_id(bucket_id);
        bucket.set_name(name);
        bucket.set_owner(options_.buckets.owner);
        bucket.set_owner_account(options_.buckets.owner_account);
        bucket.set_region(options_.buckets.region);
        bucket.set_created_ms(options_.buckets.now.time_since_epoch().count());
        Transaction state;
        put_row(state, RowFamily::index, std::string(bucket_state_row),
                records::BucketState().SerializeAsString());
        auto made = co_await store_.metadata.commit(bucket_partition(bucket_id), std::move(state));
        if (!made) co_return std::move(made).error();
        Transaction named;
        named.expectations.push_back({bucket_row(name), 0});
        put_row(named, RowFamily::index, bucket_row(name), bucket.SerializeAsString());
        auto done = co_await store_.metadata.commit(system_partition, std::move(named));
        if (!done) co_return std::move(done).error();
        ++report_.buckets;
        co_return Result<void>{};
    }

    Async<void> put(const std::string& bucket_id, const std::string& key, RestoredObject object) {
        const auto name = object_row(key);
        std::vector<std::string> asked{name};
        auto rows = co_await read_for_write(store_, bucket_id, std::move(asked));
        if (!rows) co_return to_storage(std::move(rows).error());
        auto current = co_await objects_.read_current(bucket_id, key, rows->rows[0]);
        if (!current) co_return to_storage(std::move(current).error());
        auto transaction = begin_write(*rows);
        expect(transaction, name, rows->rows[0]);
        DroppedBlobs dropped;
        add_object_removal(transaction, dropped, key, *current, false);
        std::uint32_t chunk = 0;
        for (const auto& manifest : object.manifests)
            put_row(transaction, RowFamily::body, manifest_row(key, chunk++),
                    manifest.SerializeAsString());
        put_row(transaction, RowFamily::index, name, object.record.SerializeAsString());
        if (!object.manifests.empty()) {
            // The upload ended with the commit that was lost.
            UploadKey upload;
            upload.bucket_id = bucket_id;
            upload.key = key;
            upload.upload_id = object.record.manifest_id();
            remove_upload_rows(transaction, upload);
        }
        auto done =
            co_await try_commit(store_, bucket_id, std::move(transaction), std::move(dropped));
        if (!done) co_return to_storage(std::move(done).error());
        ++report_.objects;
        co_return Result<void>{};
    }

    static StorageError to_storage(CatalogError error) {
        if (error.kind == CatalogError::Kind::storage) return std::move(error.storage);
        return {StorageError::Kind::corrupt,
                "the rows of an object changed or contradict each other"};
    }

    Store& store_;
    Objects objects_;
    Upkeep& upkeep_;
    const std::vector<BlobInSegments>& blobs_;
    const ReattachOptions& options_;
    ReattachReport report_;
    std::set<BlobId> referenced_;
    std::map<BlobId, const BlobRef*> parts_;
    std::set<std::pair<Partition, std::string>> seen_;
};

}  // namespace

Async<ReattachReport> reattach(Store& store, Upkeep& upkeep,
                               const std::vector<BlobInSegments>& latest_first,
                               const ReattachOptions& options) {
    Reattachment reattachment(store, upkeep, latest_first, options);
    co_return co_await reattachment.run();
}

}  // namespace holdfast::storage::catalog
