// Uploads::complete: from parts to an object, without touching a byte of them.

#include <algorithm>
#include <functional>

#include "base/assert.h"
#include "base/failpoint.h"
#include "storage/catalog/bucket_rows.h"
#include "storage/catalog/completion_blob.h"
#include "storage/catalog/uploads.h"

namespace holdfast::storage::catalog {

namespace {

using Done = base::Expected<void, CatalogError>;
constexpr std::size_t parts_per_chunk = 1000;

records::Object make_object(const FoundUpload& upload, const CompletionPlan& plan) {
    records::Object object;
    *object.mutable_properties() = upload.record.properties();
    object.set_etag(plan.etag);
    object.set_last_modified_ms(upload.record.initiated_ms());  // CPL-42
    if (plan.checksum) *object.mutable_checksum() = *plan.checksum;
    return object;
}

/// Fills the object's size and manifest index; puts the manifest rows, and makes what the
/// completion's blob says of both.
records::Completion put_manifest(Transaction& transaction, records::Object& object,
                                 const UploadKey& upload, const CompletionPlan& plan,
                                 std::vector<records::Part>& parts) {
    records::Completion completion;
    object.set_manifest_id(upload.upload_id);
    std::uint64_t offset = 0;
    for (std::size_t begin = 0; begin < plan.chosen.size(); begin += parts_per_chunk) {
        const auto end = std::min(begin + parts_per_chunk, plan.chosen.size());
        records::Manifest manifest;
        manifest.set_manifest_id(upload.upload_id);
        auto* chunk = object.add_manifest();
        chunk->set_first_part_number(parts[plan.chosen[begin]].number());
        chunk->set_first_offset(offset);
        chunk->set_parts(static_cast<std::uint32_t>(end - begin));
        for (auto i = begin; i < end; ++i) {
            auto& from = parts[plan.chosen[i]];
            auto* part = manifest.add_parts();
            part->set_number(from.number());
            offset += from.body().plain_bytes();
            *part->mutable_body() = std::move(*from.mutable_body());
            if (plan.part_checksums && from.has_checksum())
                *part->mutable_checksum() = from.checksum();
        }
        const auto row =
            manifest_row(upload.key, static_cast<std::uint32_t>(begin / parts_per_chunk));
        put_row(transaction, RowFamily::body, row, manifest.SerializeAsString());
        for (auto& part : *manifest.mutable_parts()) part.mutable_body()->clear_blob();
        *completion.add_manifests() = std::move(manifest);
    }
    object.set_size(offset);
    *completion.mutable_object() = object;
    return completion;
}

void put_completed(Transaction& transaction, const UploadKey& upload, const FoundUpload& found,
                   const CompletionPlan& plan, const std::string& part_list_digest,
                   base::WallTime now) {
    records::Ended ended;
    ended.set_completed(true);
    ended.set_at_ms(now.time_since_epoch().count());
    ended.set_part_list_digest(part_list_digest);
    ended.set_etag(plan.etag);
    if (plan.checksum) *ended.mutable_checksum() = *plan.checksum;
    ended.set_encryption_kind(found.record.properties().encryption().kind());
    ended.set_checksum_algorithm(found.record.checksum_algorithm());
    put_row(transaction, RowFamily::index, ended_row(upload.key, upload.upload_id),
            ended.SerializeAsString());
}

/// Parts that were uploaded but not listed (CPL-41): their blobs become garbage.
void drop_unlisted(DroppedBlobs& dropped, const CompletionPlan& plan,
                   const std::vector<records::Part>& parts) {
    auto listed = plan.chosen.begin();
    for (std::size_t i = 0; i < parts.size(); ++i) {
        if (listed != plan.chosen.end() && *listed == i)
            ++listed;
        else
            dropped.add(parts[i].body());
    }
}

bool is_ascending(const std::vector<std::size_t>& chosen, std::size_t parts) {
    return std::adjacent_find(chosen.begin(), chosen.end(), std::greater_equal<>()) ==
               chosen.end() &&
           !chosen.empty() && chosen.back() < parts;
}

RowVersion version_of(const std::optional<Row>& row) {
    return row ? row->version : 0;
}

/// A refusal counts only when it was decided on one state: rows and parts are read one after the
/// other, and another Complete that committed in between makes every part look missing (RACE-04).
Outcome<Attempt> refuse_or_look_again(Store& store, const std::string& bucket_id,
                                      std::vector<std::string> names, const BucketRows& seen) {
    auto rows = co_await read_for_write(store, bucket_id, std::move(names));
    if (!rows) co_return std::move(rows).error();
    for (std::size_t i = 0; i < seen.rows.size(); ++i)
        if (version_of(rows->rows[i]) != version_of(seen.rows[i])) co_return Attempt::again;
    co_return CatalogError(CatalogError::Kind::refused);
}

}  // namespace

Outcome<Attempt> Uploads::try_complete(Completion& completion) {
    const auto& upload = completion.upload;
    const auto upload_name = upload_row(upload.key, upload.upload_id);
    const auto object_name = object_row(upload.key);
    const auto parts_name = parts_changed_row(upload.key, upload.upload_id);
    const std::vector<std::string> names{upload_name, object_name, parts_name};
    auto asked = names;
    auto rows = co_await read_for_write(store_, upload.bucket_id, std::move(asked));
    if (!rows) co_return std::move(rows).error();
    if (!rows->rows[0]) co_return CatalogError(CatalogError::Kind::no_such_upload);
    FoundUpload found;
    auto record = parse_record<records::Upload>(*rows->rows[0]);
    if (!record) co_return CatalogError(std::move(record).error());
    found.record = std::move(*record);
    found.version = rows->rows[0]->version;

    auto parts = co_await read_parts(upload);
    if (!parts) co_return std::move(parts).error();
    auto current = co_await objects_.read_current(upload.bucket_id, upload.key, rows->rows[1]);
    if (!current && current.error().kind == CatalogError::Kind::no_such_key)
        co_return Attempt::again;
    if (!current) co_return std::move(current).error();

    const auto plan =
        completion.decide(found, *parts, current->object ? &*current->object : nullptr);
    if (!plan) co_return co_await refuse_or_look_again(store_, upload.bucket_id, names, *rows);
    HF_ASSERT(is_ascending(plan->chosen, parts->size()));
    static_cast<void>(HF_FAILPOINT("mpu.complete.validate"));

    auto transaction = begin_write(*rows);
    expect(transaction, upload_name, rows->rows[0]);
    expect(transaction, object_name, rows->rows[1]);
    expect(transaction, parts_name, rows->rows[2]);
    DroppedBlobs dropped;
    add_object_removal(transaction, dropped, upload.key, *current, false);
    drop_unlisted(dropped, *plan, *parts);
    auto object = make_object(found, *plan);
    const auto decided = put_manifest(transaction, object, upload, *plan, *parts);
    auto written = co_await write_completion(
        store_, completion.bucket, bucket_partition(upload.bucket_id), object_name, decided);
    if (!written) co_return CatalogError(std::move(written).error());
    *object.mutable_completion() = *written;
    put_row(transaction, RowFamily::index, object_name, object.SerializeAsString());
    remove_upload_rows(transaction, upload);
    put_completed(transaction, upload, found, *plan, completion.part_list_digest,
                  store_.clock.wall());
    static_cast<void>(HF_FAILPOINT("mpu.complete.batch"));
    auto committed =
        co_await try_commit(store_, upload.bucket_id, std::move(transaction), std::move(dropped));
    if (committed && *committed == Attempt::done) co_return Attempt::done;
    // It lost its race, or failed: this attempt's blob says what never was.
    const auto failure = committed ? contended() : committed.error();
    co_await discard_unless_in_doubt(store_, *written, failure);
    co_return committed;
}

Outcome<void> Uploads::complete(Completion completion) {
    const auto& upload = completion.upload;
    const auto partition = bucket_partition(upload.bucket_id);
    RowTurn upload_turn(store_.row_locks, partition, upload_row(upload.key, upload.upload_id));
    RowTurn object_turn(store_.row_locks, partition, object_row(upload.key));
    for (int attempt = 0; attempt < commit_attempts_max; ++attempt) {
        co_await upload_turn.next_attempt();
        co_await object_turn.next_attempt();
        auto attempted = co_await try_complete(completion);
        if (!attempted) co_return std::move(attempted).error();
        if (*attempted == Attempt::done) co_return Done{};
    }
    co_return contended();
}

}  // namespace holdfast::storage::catalog
