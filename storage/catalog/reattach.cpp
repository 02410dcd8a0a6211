#include "storage/catalog/reattach.h"

#include <algorithm>
#include <map>
#include <set>

#include "model/names.h"
#include "storage/catalog/bucket_rows.h"
#include "storage/catalog/buckets.h"
#include "storage/catalog/moved_blobs.h"
#include "storage/catalog/objects.h"
#include "storage/catalog/restored_object.h"
#include "storage/catalog/uploads.h"

namespace holdfast::storage::catalog {

namespace {

/// More commits of others than come between the end of a blob and its own commit, where its sync
/// lies, however slow: one that was sealed earlier was given up by whoever sent it.
constexpr std::uint64_t commits_between_max = 1'000'000;
constexpr std::uint32_t rows_per_page = 256;

using RowName = std::pair<Partition, std::string>;

bool is_bucket_partition(const Partition& partition) {
    return partition.starts_with("b/") && partition.ends_with("/0") && partition.size() == 20;
}

class Reattachment {
public:
    Reattachment(Store& store, Upkeep& upkeep, const std::vector<BlobInSegments>& blobs,
                 const ReattachOptions& options)
        : store_(store),
          objects_(store),
          upkeep_(upkeep),
          blobs_(blobs),
          options_(options),
          moved_(blobs, options.look),
          parts_(options.look) {}

    Async<ReattachReport> run() {
        // Buckets whose deletion was cut off are open again, as at any start.
        Buckets buckets(store_);
        auto opened = co_await buckets.recover();
        if (!opened) co_return std::move(opened).error().storage;
        auto collected = co_await collect_references();
        if (!collected) co_return std::move(collected).error();
        sort_in_blobs();
        for (const auto& [row, blobs] : rows_) {
            auto done = co_await take(row, blobs);
            if (!done) co_return std::move(done).error();
        }
        report_.moved = moved_.followed();
        co_return std::move(report_);
    }

private:
    /// True when the body was changed.
    bool refer(records::Body& body) {
        if (!body.has_blob()) return false;
        referenced_.insert(from_record(body.blob()).id);
        return moved_.follow(body);
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
            Transaction transaction;
            if (refer(*part->mutable_body()))
                put_row(transaction, RowFamily::index, entry.row.key, part->SerializeAsString());
            co_return co_await rewrite(entry, std::move(transaction));
        }
        if (kind == 'o') co_return co_await note_object(snapshot, entry);
        if (kind != 'g') co_return Result<void>{};
        auto garbage = parse_record<records::Garbage>(entry.row);
        if (!garbage) co_return std::move(garbage).error();
        for (const auto& blob : garbage->blobs()) released_.insert(from_record(blob).id);
        co_return Result<void>{};
    }

    Async<void> note_object(RowSnapshot& snapshot, const RowSnapshot::Entry& entry) {
        auto object = parse_record<records::Object>(entry.row);
        if (!object) co_return std::move(object).error();
        Transaction transaction;
        const bool body_moved = object->has_body() && refer(*object->mutable_body());
        const bool completion_moved =
            object->has_completion() && refer(*object->mutable_completion());
        if (body_moved || completion_moved)
            put_row(transaction, RowFamily::index, entry.row.key, object->SerializeAsString());
        std::vector<std::string> keys;
        for (int chunk = 0; chunk < object->manifest_size(); ++chunk)
            keys.push_back(manifest_row(std::string_view(entry.row.key).substr(1),
                                        static_cast<std::uint32_t>(chunk)));
        if (keys.empty()) co_return co_await rewrite(entry, std::move(transaction));
        auto rows = co_await snapshot.bodies(entry.partition, keys);
        if (!rows) co_return std::move(rows).error();
        for (std::size_t chunk = 0; chunk < rows->size(); ++chunk) {
            records::Manifest manifest;
            const auto& row = (*rows)[chunk];
            if (!row || !manifest.ParseFromString(row->value)) continue;
            bool moved = false;
            for (auto& part : *manifest.mutable_parts())
                if (refer(*part.mutable_body())) moved = true;
            if (moved)
                put_row(transaction, RowFamily::body, keys[chunk], manifest.SerializeAsString());
        }
        co_return co_await rewrite(entry, std::move(transaction));
    }

    /// What a row says of blobs that are somewhere else, when there are such.
    Async<void> rewrite(const RowSnapshot::Entry& entry, Transaction transaction) {
        if (transaction.puts.empty()) co_return Result<void>{};
        transaction.expectations.push_back({entry.row.key, entry.row.version});
        auto done = co_await store_.metadata.commit(entry.partition, std::move(transaction));
        if (!done) co_return std::move(done).error();
        co_return Result<void>{};
    }

    void sort_in_blobs() {
        std::uint32_t last_run = 0;
        for (const auto& blob : blobs_) last_run = std::max(last_run, blob.run);
        for (const auto& blob : blobs_) {
            if (blob.kind == BlobKind::part) parts_.add(blob);
            if (blob.run < last_run || referenced_.count(blob.ref.id) > 0 ||
                released_.count(blob.ref.id) > 0)
                continue;
            const auto& identity = blob.identity;
            if (blob.kind == BlobKind::part)
                ++report_.parts_left;
            else if (is_bucket_partition(identity.partition) && identity.row_key.starts_with('o'))
                rows_[{identity.partition, identity.row_key}].push_back(&blob);
        }
    }

    /// The latest blob decides, unless the disk never got it whole.
    Async<void> take(const RowName& row, const BlobList& blobs) {
        std::vector<RowKey> keys{{RowFamily::index, row.second}};
        auto found = co_await store_.metadata.get(row.first, std::move(keys));
        if (!found) co_return std::move(found).error();
        const auto& current = found->front();
        for (std::size_t i = 0; i < blobs.size(); ++i) {
            const auto sealed_behind = blobs[i]->identity.last_commit;
            const bool later = current ? sealed_behind >= current->version
                                       : sealed_behind + commits_between_max >= options_.commit_no;
            if (!later) co_return Result<void>{};
            const auto look = look_at_copies(blobs, i, options_.look);
            if (look.look.state == BlobLook::State::whole ||
                (look.look.state == BlobLook::State::damaged && !current))
                co_return co_await put_back(look);
            problem(*blobs[i],
                    "a later blob of it is not whole and is not put back: " + look.look.what);
            if (look.look.state == BlobLook::State::damaged) co_return Result<void>{};
        }
        co_return Result<void>{};
    }

    Async<void> put_back(const LookedAt& found) {
        const auto& blob = *found.blob;
        std::string why;
        auto object = restore(blob, why);
        if (!object) {
            problem(blob, why);
            co_return Result<void>{};
        }
        // Its upload was aborted behind it: the CompleteMultipartUpload was never answered.
        if (has_released_part(*object)) co_return Result<void>{};
        const std::string bucket_id = blob.identity.partition.substr(2, 16);
        auto there = co_await have_bucket(bucket_id, blob.identity.bucket);
        if (!there) co_return std::move(there).error();
        if (!*there) co_return Result<void>{};
        if (found.look.state == BlobLook::State::damaged)
            problem(blob, "it is damaged: " + found.look.what);
        for (const auto& damage : object->damage) problem(blob, damage);
        auto done = co_await put(bucket_id, blob.identity.row_key.substr(1), std::move(*object));
        if (done) co_return Result<void>{};
        if (done.error().kind == CatalogError::Kind::storage)
            co_return std::move(done).error().storage;
        problem(blob, "it is not put back: its rows contradict each other");
        co_return Result<void>{};
    }

    std::optional<RestoredObject> restore(const BlobInSegments& blob, std::string& why) {
        if (blob.kind == BlobKind::object)
            return restore_object(blob.ref, blob.identity.record, why);
        return restore_multipart(blob.ref, options_.read(blob.ref), parts_, why);
    }

    [[nodiscard]] bool has_released_part(const RestoredObject& object) const {
        for (const auto& manifest : object.manifests)
            for (const auto& part : manifest.parts())
                if (part.body().has_blob() &&
                    released_.count(from_record(part.body().blob()).id) > 0)
                    return true;
        return false;
    }

    /// Whether objects can be put into the bucket; it is made again when its rows were lost.
    Async<bool> have_bucket(const std::string& id, std::string name) {
        if (const auto known = buckets_.find(id); known != buckets_.end()) co_return known->second;
        if (!model::BucketName::parse(name)) name = "restored-" + id;
        std::vector<RowKey> keys;
        keys.push_back({RowFamily::index, bucket_row(name)});
        keys.push_back({RowFamily::index, deleted_bucket_row(id)});
        auto rows = co_await store_.metadata.get(system_partition, std::move(keys));
        if (!rows) co_return std::move(rows).error();
        const auto& named = (*rows)[0];
        bool there = false;
        if (named) {
            auto bucket = parse_record<records::Bucket>(*named);
            if (!bucket) co_return std::move(bucket).error();
            there = bucket->id() == id;
            if (!there)
                report_.problems.push_back("bucket " + name +
                                           ": there is another one of that name now; what was put "
                                           "into the one before (" +
                                           id + ") is not put back");
        } else if (!(*rows)[1]) {
            auto made = co_await make_bucket(id, name);
            if (!made) co_return std::move(made).error();
            there = true;
        }
        buckets_.emplace(id, there);
        co_return there;
    }

    /// Its state before its name, as ever. The state may be there, from a run before this one.
    Async<void> make_bucket(const std::string& id, const std::string& name) {
        records::Bucket bucket;
        bucket.set_id(id);
        bucket.set_name(name);
        bucket.set_owner(options_.buckets.owner);
        bucket.set_owner_account(options_.buckets.owner_account);
        bucket.set_region(options_.buckets.region);
        bucket.set_created_ms(options_.buckets.now.time_since_epoch().count());
        Transaction state;
        put_row(state, RowFamily::index, std::string(bucket_state_row),
                records::BucketState().SerializeAsString());
        auto made = co_await store_.metadata.commit(bucket_partition(id), std::move(state));
        if (!made) co_return std::move(made).error();
        Transaction named;
        named.expectations.push_back({bucket_row(name), 0});
        put_row(named, RowFamily::index, bucket_row(name), bucket.SerializeAsString());
        auto done = co_await store_.metadata.commit(system_partition, std::move(named));
        if (!done) co_return std::move(done).error();
        ++report_.buckets;
        co_return Result<void>{};
    }

    Outcome<void> put(const std::string& bucket_id, const std::string& key, RestoredObject object) {
        const auto name = object_row(key);
        std::vector<std::string> asked{name};
        auto rows = co_await read_for_write(store_, bucket_id, std::move(asked));
        if (!rows) co_return std::move(rows).error();
        auto current = co_await objects_.read_current(bucket_id, key, rows->rows[0]);
        if (!current) co_return std::move(current).error();
        auto transaction = begin_write(*rows);
        expect(transaction, name, rows->rows[0]);
        DroppedBlobs left_to_the_collector;
        add_object_removal(transaction, left_to_the_collector, key, *current, false);
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
        auto done = co_await try_commit(store_, bucket_id, std::move(transaction), DroppedBlobs());
        if (!done) co_return std::move(done).error();
        ++report_.objects;
        co_return base::Expected<void, CatalogError>{};
    }

    void problem(const BlobInSegments& blob, const std::string& what) {
        const auto key = std::string_view(blob.identity.row_key).substr(1);
        report_.problems.push_back(printable_name(blob.identity.bucket, key) + ": " + what);
    }

    Store& store_;
    Objects objects_;
    Upkeep& upkeep_;
    const std::vector<BlobInSegments>& blobs_;
    const ReattachOptions& options_;
    ReattachReport report_;
    std::set<BlobId> referenced_;
    std::set<BlobId> released_;  ///< named by garbage rows
    MovedBlobs moved_;
    PartBlobs parts_;
    std::map<RowName, BlobList> rows_;
    std::map<std::string, bool> buckets_;  ///< by id: whether objects can be put into it
};

}  // namespace

Async<ReattachReport> reattach(Store& store, Upkeep& upkeep,
                               const std::vector<BlobInSegments>& latest_first,
                               const ReattachOptions& options) {
    Reattachment reattachment(store, upkeep, latest_first, options);
    co_return co_await reattachment.run();
}

}  // namespace holdfast::storage::catalog
