#include "storage/catalog/uploads.h"

#include "base/assert.h"
#include "base/failpoint.h"
#include "storage/catalog/row_cursor.h"

namespace holdfast::storage::catalog {

namespace {

using Done = base::Expected<void, CatalogError>;

void put_ended(Transaction& transaction, const UploadKey& upload, const records::Ended& ended) {
    put_row(transaction, RowFamily::index, ended_row(upload.key, upload.upload_id),
            ended.SerializeAsString());
}

}  // namespace

void remove_upload_rows(Transaction& transaction, const UploadKey& upload) {
    transaction.deletes.push_back({RowFamily::index, upload_row(upload.key, upload.upload_id)});
    transaction.deletes.push_back(
        {RowFamily::index, parts_changed_row(upload.key, upload.upload_id)});
    const auto parts = rows_of_upload(upload.key, upload.upload_id);
    transaction.range_deletes.push_back({RowFamily::index, parts.begin, parts.end});
}

Outcome<void> Uploads::create(const UploadKey& upload, records::Upload record) {
    RowTurn turn(store_.row_locks, bucket_partition(upload.bucket_id), object_row(upload.key));
    for (int attempt = 0; attempt < commit_attempts_max; ++attempt) {
        co_await turn.next_attempt();
        std::vector<std::string> asked{object_row(upload.key)};
        auto rows = co_await read_for_write(store_, upload.bucket_id, std::move(asked));
        if (!rows) co_return std::move(rows).error();
        record.set_object_existed(rows->rows[0].has_value());
        auto transaction = begin_write(*rows);
        expect(transaction, object_row(upload.key), rows->rows[0]);
        put_row(transaction, RowFamily::index, upload_row(upload.key, upload.upload_id),
                record.SerializeAsString());
        static_cast<void>(HF_FAILPOINT("mpu.create"));
        auto attempted =
            co_await try_commit(store_, upload.bucket_id, std::move(transaction), DroppedBlobs());
        if (!attempted) co_return std::move(attempted).error();
        if (*attempted == Attempt::done) co_return Done{};
    }
    co_return contended();
}

Outcome<FoundUpload> Uploads::find(const UploadKey& upload) {
    std::vector<RowKey> keys{{RowFamily::index, upload_row(upload.key, upload.upload_id)}};
    auto rows = co_await store_.metadata.get(bucket_partition(upload.bucket_id), std::move(keys));
    if (!rows) co_return CatalogError(std::move(rows).error());
    if (!rows->front()) co_return CatalogError(CatalogError::Kind::no_such_upload);
    auto record = parse_record<records::Upload>(*rows->front());
    if (!record) co_return CatalogError(std::move(record).error());
    FoundUpload found;
    found.record = std::move(*record);
    found.version = rows->front()->version;
    co_return found;
}

Outcome<std::optional<records::Ended>> Uploads::ended(const UploadKey& upload) {
    std::vector<RowKey> keys{{RowFamily::index, ended_row(upload.key, upload.upload_id)}};
    auto rows = co_await store_.metadata.get(bucket_partition(upload.bucket_id), std::move(keys));
    if (!rows) co_return CatalogError(std::move(rows).error());
    if (!rows->front()) co_return std::optional<records::Ended>{};
    auto record = parse_record<records::Ended>(*rows->front());
    if (!record) co_return CatalogError(std::move(record).error());
    co_return std::optional<records::Ended>(std::move(*record));
}

Outcome<Attempt> Uploads::try_put_part(PartWrite& write) {
    const auto& upload = write.upload;
    const auto upload_name = upload_row(upload.key, upload.upload_id);
    const auto row = part_row(upload.key, upload.upload_id, write.part.number());
    std::vector<std::string> asked{upload_name, row};
    auto rows = co_await read_for_write(store_, upload.bucket_id, std::move(asked));
    if (!rows) co_return std::move(rows).error();
    if (!rows->rows[0] || rows->rows[0]->version != write.upload_version)
        co_return CatalogError(CatalogError::Kind::no_such_upload);
    auto transaction = begin_write(*rows);
    expect(transaction, upload_name, rows->rows[0]);
    expect(transaction, row, rows->rows[1]);
    DroppedBlobs dropped;
    if (rows->rows[1]) {
        auto old = parse_record<records::Part>(*rows->rows[1]);
        if (!old) co_return CatalogError(std::move(old).error());
        dropped.add(old->body());
        static_cast<void>(HF_FAILPOINT("mpu.part.replace"));
    }
    put_row(transaction, RowFamily::index, row, write.part.SerializeAsString());
    put_row(transaction, RowFamily::index, parts_changed_row(upload.key, upload.upload_id), {});
    co_return co_await try_commit(store_, upload.bucket_id, std::move(transaction),
                                  std::move(dropped));
}

Outcome<void> Uploads::put_part(PartWrite write) {
    HF_ASSERT(write.body.sealed.empty());
    *write.part.mutable_body() = write.body.body;
    CatalogError failure = contended();
    RowTurn turn(store_.row_locks, bucket_partition(write.upload.bucket_id),
                 upload_row(write.upload.key, write.upload.upload_id));
    for (int attempt = 0; attempt < commit_attempts_max; ++attempt) {
        co_await turn.next_attempt();
        auto attempted = co_await try_put_part(write);
        if (attempted && *attempted == Attempt::done) co_return Done{};
        if (attempted) continue;
        failure = std::move(attempted).error();
        break;
    }
    co_await discard_unless_in_doubt(store_, write.body.body, failure);
    co_return failure;
}

Outcome<RowVersion> Uploads::version_of(const UploadKey& upload) {
    std::vector<RowKey> keys{{RowFamily::index, upload_row(upload.key, upload.upload_id)}};
    auto rows = co_await store_.metadata.get(bucket_partition(upload.bucket_id), std::move(keys));
    if (!rows) co_return CatalogError(std::move(rows).error());
    if (!rows->front()) co_return CatalogError(CatalogError::Kind::no_such_upload);
    co_return rows->front()->version;
}

Outcome<PartPage> Uploads::scan_parts(const UploadKey& upload, std::uint32_t after,
                                      std::uint32_t limit) {
    PartPage page;
    auto range = rows_of_upload(upload.key, upload.upload_id);
    if (after == UINT32_MAX) co_return page;
    range.begin = part_row(upload.key, upload.upload_id, after + 1);
    RowCursor cursor(store_.metadata, bucket_partition(upload.bucket_id), range, limit + 1);
    for (;;) {
        auto row = co_await cursor.next();
        if (!row) co_return CatalogError(std::move(row).error());
        if (*row == nullptr) co_return page;
        if (page.parts.size() == limit) break;
        auto part = parse_record<records::Part>(**row);
        if (!part) co_return CatalogError(std::move(part).error());
        page.parts.push_back(std::move(*part));
    }
    page.more = true;
    co_return page;
}

Outcome<PartPage> Uploads::list_parts(const UploadKey& upload, std::uint32_t after,
                                      std::uint32_t limit) {
    auto before = co_await version_of(upload);
    if (!before) co_return std::move(before).error();
    auto page = co_await scan_parts(upload, after, limit);
    if (!page) co_return std::move(page).error();
    // Complete and Abort take the parts away with the upload: a page without them is no answer.
    auto still = co_await version_of(upload);
    if (!still) co_return std::move(still).error();
    if (*still != *before) co_return CatalogError(CatalogError::Kind::no_such_upload);
    co_return std::move(*page);
}

Outcome<std::vector<records::Part>> Uploads::read_parts(const UploadKey& upload) {
    std::vector<records::Part> parts;
    RowCursor cursor(store_.metadata, bucket_partition(upload.bucket_id),
                     rows_of_upload(upload.key, upload.upload_id), 1000);
    for (;;) {
        auto row = co_await cursor.next();
        if (!row) co_return CatalogError(std::move(row).error());
        if (*row == nullptr) co_return parts;
        auto part = parse_record<records::Part>(**row);
        if (!part) co_return CatalogError(std::move(part).error());
        parts.push_back(std::move(*part));
    }
}

Outcome<Attempt> Uploads::try_abort(const UploadKey& upload) {
    const auto name = upload_row(upload.key, upload.upload_id);
    const auto parts_name = parts_changed_row(upload.key, upload.upload_id);
    std::vector<std::string> asked{name, ended_row(upload.key, upload.upload_id), parts_name};
    auto rows = co_await read_for_write(store_, upload.bucket_id, std::move(asked));
    if (!rows) co_return std::move(rows).error();
    // Ended a while ago: the same answer again, and nothing to do (ABT-03).
    if (!rows->rows[0] && rows->rows[1]) co_return Attempt::done;
    if (!rows->rows[0]) co_return CatalogError(CatalogError::Kind::no_such_upload);
    auto parts = co_await read_parts(upload);
    if (!parts) co_return std::move(parts).error();
    auto transaction = begin_write(*rows);
    expect(transaction, name, rows->rows[0]);
    expect(transaction, parts_name, rows->rows[2]);
    DroppedBlobs dropped;
    for (const auto& part : *parts) dropped.add(part.body());
    remove_upload_rows(transaction, upload);
    records::Ended ended;
    ended.set_at_ms(store_.clock.wall().time_since_epoch().count());
    put_ended(transaction, upload, ended);
    static_cast<void>(HF_FAILPOINT("mpu.abort"));
    co_return co_await try_commit(store_, upload.bucket_id, std::move(transaction),
                                  std::move(dropped));
}

Outcome<void> Uploads::abort(const UploadKey& upload) {
    RowTurn turn(store_.row_locks, bucket_partition(upload.bucket_id),
                 upload_row(upload.key, upload.upload_id));
    for (int attempt = 0; attempt < commit_attempts_max; ++attempt) {
        co_await turn.next_attempt();
        auto attempted = co_await try_abort(upload);
        if (!attempted) co_return std::move(attempted).error();
        if (*attempted == Attempt::done) co_return Done{};
    }
    co_return contended();
}

Outcome<std::size_t> Uploads::forget_ended(const std::string& bucket_id, base::WallTime before) {
    const auto partition = bucket_partition(bucket_id);
    RowCursor cursor(store_.metadata, partition, rows_of_kind('m'), 1000);
    Transaction transaction;
    std::size_t forgotten = 0;
    for (;;) {
        auto row = co_await cursor.next();
        if (!row) co_return CatalogError(std::move(row).error());
        records::Ended ended;
        const bool end = *row == nullptr;
        if (!end && ended.ParseFromString((*row)->value) &&
            ended.at_ms() < before.time_since_epoch().count())
            transaction.deletes.push_back({RowFamily::index, (*row)->key});
        if (transaction.deletes.size() == 1000 || (end && !transaction.deletes.empty())) {
            forgotten += transaction.deletes.size();
            auto committed =
                co_await store_.metadata.commit(partition, std::exchange(transaction, {}));
            if (!committed) co_return CatalogError(std::move(committed).error());
        }
        if (end) co_return forgotten;
    }
}

}  // namespace holdfast::storage::catalog
