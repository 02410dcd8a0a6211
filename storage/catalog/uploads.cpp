#include "storage/catalog/uploads.h"

#include "storage/catalog/row_cursor.h"

namespace holdfast::storage::catalog {

namespace {

using Done = base::Expected<void, CatalogError>;

void drop_blob(records::Garbage& garbage, GarbageList::Item& item, const records::Body& body) {
    if (!body.has_blob()) return;
    *garbage.add_blobs() = body.blob();
    item.blobs.push_back(from_record(body.blob()));
}

void put_garbage(Transaction& transaction, GarbageList::Item& item,
                 const records::Garbage& garbage) {
    if (item.blobs.empty()) return;
    const auto& id = item.blobs.front().id;
    item.row = garbage_row(std::string_view(garbage.blobs(0).id().data(), id.size()));
    transaction.puts.push_back({{RowFamily::index, item.row}, garbage.SerializeAsString()});
}

void put_ended(Transaction& transaction, const UploadKey& upload, const records::Ended& ended) {
    transaction.puts.push_back(
        {{RowFamily::index, ended_row(upload.key, upload.upload_id)}, ended.SerializeAsString()});
}

}  // namespace

void remove_upload_rows(Transaction& transaction, const UploadKey& upload) {
    transaction.deletes.push_back({RowFamily::index, upload_row(upload.key, upload.upload_id)});
    const auto parts = rows_of_upload(upload.key, upload.upload_id);
    transaction.range_deletes.push_back({RowFamily::index, parts.begin, parts.end});
}

Outcome<void> Uploads::create(const UploadKey& upload, records::Upload record) {
    for (int attempt = 0; attempt < commit_attempts_max; ++attempt) {
        std::vector<std::string> asked{object_row(upload.key)};
        auto rows = co_await read_for_write(store_, upload.bucket_id, std::move(asked));
        if (!rows) co_return std::move(rows).error();
        record.set_object_existed(rows->rows[0].has_value());
        auto transaction = begin_write(*rows);
        expect(transaction, object_row(upload.key), rows->rows[0]);
        transaction.puts.push_back({{RowFamily::index, upload_row(upload.key, upload.upload_id)},
                                    record.SerializeAsString()});
        GarbageList::Item nothing;
        auto attempted = co_await try_commit(store_, upload.bucket_id, std::move(transaction),
                                             std::move(nothing));
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
    GarbageList::Item item;
    if (rows->rows[1]) {
        auto old = parse_record<records::Part>(*rows->rows[1]);
        if (!old) co_return CatalogError(std::move(old).error());
        records::Garbage garbage;
        drop_blob(garbage, item, old->body());
        put_garbage(transaction, item, garbage);
    }
    transaction.puts.push_back({{RowFamily::index, row}, write.part.SerializeAsString()});
    co_return co_await try_commit(store_, upload.bucket_id, std::move(transaction),
                                  std::move(item));
}

Outcome<void> Uploads::put_part(PartWrite write) {
    *write.part.mutable_body() = write.body.body;
    CatalogError failure = contended();
    for (int attempt = 0; attempt < commit_attempts_max; ++attempt) {
        auto attempted = co_await try_put_part(write);
        if (attempted && *attempted == Attempt::done) co_return Done{};
        if (attempted) continue;
        failure = std::move(attempted).error();
        break;
    }
    co_await discard_unless_in_doubt(store_, write.body.body, failure);
    co_return failure;
}

Outcome<PartPage> Uploads::list_parts(const UploadKey& upload, std::uint32_t after,
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

Outcome<std::vector<Row>> Uploads::part_rows(const UploadKey& upload) {
    std::vector<Row> rows;
    const auto range = rows_of_upload(upload.key, upload.upload_id);
    RowCursor cursor(store_.metadata, bucket_partition(upload.bucket_id), range, 1000);
    for (;;) {
        auto row = co_await cursor.next();
        if (!row) co_return CatalogError(std::move(row).error());
        if (*row == nullptr) co_return rows;
        rows.push_back(**row);
    }
}

Outcome<Attempt> Uploads::try_abort(const UploadKey& upload) {
    const auto name = upload_row(upload.key, upload.upload_id);
    std::vector<std::string> asked{name, ended_row(upload.key, upload.upload_id)};
    auto rows = co_await read_for_write(store_, upload.bucket_id, std::move(asked));
    if (!rows) co_return std::move(rows).error();
    // Ended a while ago: the same answer again, and nothing to do (ABT-03).
    if (!rows->rows[0] && rows->rows[1]) co_return Attempt::done;
    if (!rows->rows[0]) co_return CatalogError(CatalogError::Kind::no_such_upload);
    auto parts = co_await part_rows(upload);
    if (!parts) co_return std::move(parts).error();
    auto transaction = begin_write(*rows);
    expect(transaction, name, rows->rows[0]);
    GarbageList::Item item;
    records::Garbage garbage;
    for (const auto& row : *parts) {
        transaction.expectations.push_back({row.key, row.version});
        auto part = parse_record<records::Part>(row);
        if (!part) co_return CatalogError(std::move(part).error());
        drop_blob(garbage, item, part->body());
    }
    put_garbage(transaction, item, garbage);
    remove_upload_rows(transaction, upload);
    records::Ended ended;
    ended.set_at_ms(store_.clock.wall().time_since_epoch().count());
    put_ended(transaction, upload, ended);
    co_return co_await try_commit(store_, upload.bucket_id, std::move(transaction),
                                  std::move(item));
}

Outcome<void> Uploads::abort(const UploadKey& upload) {
    for (int attempt = 0; attempt < commit_attempts_max; ++attempt) {
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
