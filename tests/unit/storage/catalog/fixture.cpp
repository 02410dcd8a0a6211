#include "tests/unit/storage/catalog/fixture.h"

#include <algorithm>

namespace holdfast::test {

namespace {

using Done = base::Expected<void, CatalogError>;

std::unique_ptr<storage::crypto::Keyring> make_keyring(base::Random& random) {
    const base::Secret key(base::to_base64(base::Bytes(32, 7)));
    auto keyring = storage::crypto::Keyring::from_text(key, random);
    REQUIRE(keyring);
    return std::move(*keyring);
}

}  // namespace

std::string make_text(std::size_t size, std::uint64_t seed) {
    std::string text(size, '\0');
    for (std::size_t i = 0; i < size; ++i)
        text[i] = static_cast<char>((i * 31 + (i >> 8) * 7 + seed * 101) & 0xff);
    return text;
}

Catalog::Catalog()
    : keyring(make_keyring(random)), store{rows, blobs, *keyring, clock, random, garbage} {}

std::string Catalog::make_bucket(std::string name) {
    records::Bucket record;
    record.set_name(std::move(name));
    record.set_owner("owner");
    auto made = run(buckets.create(std::move(record)));
    REQUIRE(made);
    bucket = (*made)->id();
    return bucket;
}

base::Awaitable<storage::Result<catalog::BodyWriter::Finished>> Catalog::write_body(
    storage::crypto::DataKey key, catalog::BodyWriter::Options options, std::string text,
    std::size_t bytes_a_call) {
    catalog::BodyWriter writer(store, key, options);
    auto prepared = co_await writer.prepare();
    if (!prepared) co_return std::move(prepared).error();
    auto left = base::as_bytes(text);
    base::Bytes buffer;
    while (!left.empty()) {
        const auto size = std::min(bytes_a_call, left.size());
        buffer.assign(left.begin(), left.begin() + static_cast<std::ptrdiff_t>(size));
        left = left.subspan(size);
        auto taken = co_await writer.append(buffer);
        if (!taken) co_return std::move(taken).error();
        std::fill(buffer.begin(), buffer.end(), std::uint8_t{0xee});
    }
    storage::BlobIdentity identity;
    co_return co_await writer.finish(std::move(identity));
}

base::Awaitable<Done> Catalog::put_async(std::string key, std::string text, How how) {
    const auto data_key = keyring->make_data_key();
    catalog::Objects::Write write;
    write.bucket_id = bucket;
    write.key = key;
    write.check = how.check;
    write.object.set_size(text.size());
    const auto wrapped = keyring->wrap(data_key, catalog::key_context(bucket, key));
    write.object.mutable_properties()->mutable_encryption()->set_wrapped_key(wrapped.data(),
                                                                             wrapped.size());
    catalog::BodyWriter::Options options;
    if (how.size_known) options.plain_bytes = text.size();
    auto body = co_await write_body(data_key, options, std::move(text), how.bytes_a_call);
    if (!body) co_return CatalogError(std::move(body).error());
    write.body = std::move(*body);
    co_return co_await objects.put(std::move(write));
}

void Catalog::put(const std::string& key, const std::string& text) {
    put(key, text, How());
}

void Catalog::put(const std::string& key, const std::string& text, How how) {
    REQUIRE(run(put_async(key, text, std::move(how))));
}

std::optional<catalog::FoundObject> Catalog::find(const std::string& key, catalog::Fetch fetch) {
    auto found = run(objects.find(bucket, key, fetch));
    REQUIRE(found);
    return std::move(*found);
}

base::Awaitable<base::Expected<std::string, CatalogError>> Catalog::read_async(
    std::string key, catalog::FoundObject found, std::uint64_t first, std::uint64_t length) {
    auto reader = co_await objects.open(bucket, key, found, first, length);
    if (!reader) co_return std::move(reader).error();
    std::string text;
    for (;;) {
        auto piece = co_await reader->next();
        if (!piece) co_return CatalogError(std::move(piece).error());
        if (piece->empty()) co_return text;
        text += base::as_text(*piece);
    }
}

base::Expected<std::string, CatalogError> Catalog::get_range(const std::string& key,
                                                             std::uint64_t first,
                                                             std::uint64_t length) {
    auto found = find(key);
    REQUIRE(found);
    return run(read_async(key, std::move(*found), first, length));
}

std::optional<std::string> Catalog::get(const std::string& key) {
    auto found = find(key);
    if (!found) return std::nullopt;
    const auto size = found->record.size();
    if (size == 0) return std::string();
    auto text = run(read_async(key, std::move(*found), 0, size));
    REQUIRE(text);
    return std::move(*text);
}

base::Awaitable<Done> Catalog::remove_async(std::string key) {
    std::vector<catalog::Objects::Removal> removals(1);
    removals[0].key = std::move(key);
    auto removed = co_await objects.remove(bucket, std::move(removals));
    if (!removed) co_return std::move(removed).error();
    co_return Done();
}

void Catalog::remove(const std::string& key) {
    REQUIRE(run(remove_async(key)));
}

catalog::UploadKey Catalog::start_upload(const std::string& key) {
    catalog::UploadKey upload;
    upload.bucket_id = bucket;
    upload.key = key;
    upload.upload_id = "upload-" + std::to_string(100'000 + ++uploads_made_);
    records::Upload record;
    record.set_initiated_ms(clock.wall().time_since_epoch().count());
    const auto wrapped = keyring->wrap(keyring->make_data_key(), catalog::key_context(bucket, key));
    record.mutable_properties()->mutable_encryption()->set_wrapped_key(wrapped.data(),
                                                                       wrapped.size());
    REQUIRE(run(uploads.create(upload, std::move(record))));
    return upload;
}

base::Awaitable<Done> Catalog::put_part_async(catalog::UploadKey upload, std::uint32_t number,
                                              std::string text) {
    auto found = co_await uploads.find(upload);
    if (!found) co_return std::move(found).error();
    auto key =
        objects.data_key(upload.bucket_id, upload.key, found->record.properties().encryption());
    if (!key) co_return std::move(key).error();
    catalog::BodyWriter::Options options;
    options.kind = storage::BlobKind::part;
    options.plain_bytes = text.size();
    options.may_inline = false;
    auto body = co_await write_body(std::move(*key), options, std::move(text), 100'000);
    if (!body) co_return CatalogError(std::move(body).error());
    catalog::Uploads::PartWrite write;
    write.upload = std::move(upload);
    write.upload_version = found->version;
    write.part.set_number(number);
    write.body = std::move(*body);
    co_return co_await uploads.put_part(std::move(write));
}

void Catalog::put_part(const catalog::UploadKey& upload, std::uint32_t number,
                       const std::string& text) {
    REQUIRE(run(put_part_async(upload, number, text)));
}

base::Awaitable<Done> Catalog::complete_async(catalog::UploadKey upload,
                                              std::vector<std::uint32_t> numbers) {
    catalog::Uploads::Completion completion;
    completion.upload = upload;
    completion.part_list_digest = "digest";
    completion.decide = [&](const catalog::FoundUpload&, const std::vector<records::Part>& parts,
                            const catalog::FoundObject*) {
        std::optional<catalog::CompletionPlan> plan(std::in_place);
        for (std::size_t i = 0; i < parts.size(); ++i)
            if (numbers.empty() ||
                std::find(numbers.begin(), numbers.end(), parts[i].number()) != numbers.end())
                plan->chosen.push_back(i);
        plan->etag = upload.upload_id + "-" + std::to_string(plan->chosen.size());
        if (plan->chosen.empty() || (!numbers.empty() && plan->chosen.size() != numbers.size()))
            plan.reset();
        return plan;
    };
    co_return co_await uploads.complete(std::move(completion));
}

void Catalog::complete(const catalog::UploadKey& upload, std::vector<std::uint32_t> numbers) {
    REQUIRE(run(complete_async(upload, std::move(numbers))));
}

std::size_t Catalog::rows_of_kind(char kind) {
    const auto wanted = catalog::rows_of_kind(kind);
    storage::ScanRange range;
    range.begin = wanted.begin;
    range.end = wanted.end;
    range.rows_max = 1'000'000;
    range.bytes_max = 1ULL << 40;
    auto page = run(rows.scan(catalog::bucket_partition(bucket), std::move(range)));
    REQUIRE(page);
    return page->rows.size();
}

bool Catalog::has_body_row(const std::string& row) {
    std::vector<storage::RowKey> keys{{storage::RowFamily::body, row}};
    auto found = run(rows.get(catalog::bucket_partition(bucket), std::move(keys)));
    REQUIRE(found);
    return found->front().has_value();
}

void Catalog::collect_garbage() {
    for (const auto& item : garbage.take()) {
        for (const auto& blob : item.blobs) REQUIRE(run(blobs.release(blob)));
        storage::Transaction drop;
        drop.deletes.push_back({storage::RowFamily::index, item.row});
        REQUIRE(run(rows.commit(item.partition, std::move(drop))));
    }
}

}  // namespace holdfast::test
