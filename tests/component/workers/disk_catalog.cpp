#include "tests/component/workers/disk_catalog.h"

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "base/limits.h"
#include "storage/catalog/body_writer.h"
#include "storage/local/segment_format.h"

namespace holdfast::test {

using Done = base::Expected<void, catalog::CatalogError>;

namespace {

std::unique_ptr<storage::crypto::Keyring> make_keyring(base::Random& random) {
    const base::Secret key(base::to_base64(base::Bytes(32, 7)));
    auto keyring = storage::crypto::Keyring::from_text(key, random);
    REQUIRE(keyring);
    return std::move(*keyring);
}

workers::ScrubberOptions unlimited_scrub() {
    workers::ScrubberOptions options;
    options.bytes_per_second = 0;
    return options;
}

}  // namespace

std::string text_of(const std::string& key, std::size_t bytes) {
    std::string text(bytes, '\0');
    for (std::size_t i = 0; i < bytes; ++i)
        text[i] = static_cast<char>((i * 31 + (i >> 8) * 7 + key.size() * 5 +
                                     static_cast<unsigned char>(key[i % key.size()])) &
                                    0xff);
    return text;
}

DiskCatalog::Live::Live(DiskCatalog& disk)
    : store{disk.engine_->metadata(),
            disk.engine_->blobs(),
            *disk.keyring_,
            disk.clock,
            disk.random_,
            garbage},
      reclaimer(disk.loop_.get_executor(), store, buckets, uploads, workers::ReclaimerOptions()),
      collector(disk.loop_.get_executor(), store, disk.engine_->upkeep(), disk.options_),
      scrubber(disk.loop_.get_executor(), store, buckets, disk.engine_->upkeep(),
               unlimited_scrub()) {}

DiskCatalog::DiskCatalog(workers::CollectorOptions options) : options_(std::move(options)) {
    keyring_ = make_keyring(random_);
    start();
    records::Bucket record;
    record.set_name("photos");
    record.set_owner("owner");
    auto made = run(live_->buckets.create(std::move(record)));
    REQUIRE(made);
    bucket_ = (*made)->id();
}

DiskCatalog::~DiskCatalog() {
    live_.reset();
    engine_.reset();
    pool_->join();
}

void DiskCatalog::start() {
    storage::local::EngineOptions options;
    options.directory = directory_.file("data");
    options.segment_bytes = 16 * base::MiB;
    options.extent_bytes_max = 2 * base::MiB;
    options.free_space_reserve_bytes = 1;
    options.block_cache_bytes = 8 * base::MiB;
    options.memtable_bytes = 8 * base::MiB;
    pool_ = std::make_unique<base::WorkerPool>(2);
    auto opened = storage::local::Engine::open(options, vfs, clock, random_, *pool_);
    REQUIRE(opened);
    engine_ = *std::move(opened);
    live_ = std::make_unique<Live>(*this);
}

void DiskCatalog::kill_and_restart() {
    kill_and_restart([] {});
}

void DiskCatalog::stop_and_restart() {
    engine_->close();
    kill_and_restart();
}

void DiskCatalog::kill_and_restart(const std::function<void()>& meanwhile) {
    live_.reset();
    engine_.reset();
    pool_->join();
    meanwhile();
    start();
}

base::Awaitable<storage::Result<catalog::BodyWriter::Finished>> DiskCatalog::write_body(
    storage::crypto::DataKey key, catalog::BodyWriter::Options options,
    storage::BlobIdentity identity, std::string text) {
    catalog::BodyWriter writer(live_->store, key, options);
    auto prepared = co_await writer.prepare();
    if (!prepared) co_return std::move(prepared).error();
    auto taken = co_await writer.append(base::as_bytes(text));
    if (!taken) co_return std::move(taken).error();
    identity.partition = catalog::bucket_partition(bucket_);
    identity.bucket = "photos";
    co_return co_await writer.finish(std::move(identity));
}

base::Awaitable<Done> DiskCatalog::put_async(std::string key, std::string text) {
    const auto data_key = keyring_->make_data_key();
    catalog::Objects::Write write;
    write.bucket_id = bucket_;
    write.key = key;
    write.object.set_size(text.size());
    const auto wrapped = keyring_->wrap(data_key, catalog::key_context(bucket_, key));
    write.object.mutable_properties()->mutable_encryption()->set_wrapped_key(wrapped.data(),
                                                                             wrapped.size());
    catalog::BodyWriter::Options options;
    options.plain_bytes = text.size();
    storage::BlobIdentity identity;
    identity.row_key = catalog::object_row(key);
    identity.record = write.object.SerializeAsString();
    auto body = co_await write_body(data_key, options, std::move(identity), std::move(text));
    if (!body) co_return catalog::CatalogError(std::move(body).error());
    write.body = std::move(*body);
    co_return co_await live_->objects.put(std::move(write));
}

void DiskCatalog::put(const std::string& key, std::size_t bytes) {
    REQUIRE(run(put_async(key, text_of(key, bytes))));
}

catalog::Outcome<std::string> DiskCatalog::read(std::string key) {
    auto found = co_await live_->objects.find(bucket_, key, catalog::Fetch::record_and_body);
    if (!found) co_return std::move(found).error();
    if (!*found) co_return catalog::CatalogError(catalog::CatalogError::Kind::no_such_key);
    const auto size = (*found)->record.size();
    auto reader = co_await live_->objects.open(bucket_, key, **found, 0, size);
    if (!reader) co_return std::move(reader).error();
    std::string text;
    for (;;) {
        auto piece = co_await reader->next();
        if (!piece) co_return catalog::CatalogError(std::move(piece).error());
        if (piece->empty()) co_return text;
        text += base::as_text(*piece);
    }
}

std::string DiskCatalog::get(const std::string& key) {
    auto text = run(read(key));
    INFO(key << ": " << (text ? std::string() : text.error().storage.detail));
    REQUIRE(text);
    return *std::move(text);
}

void DiskCatalog::remove(const std::string& key) {
    auto work = [&]() -> catalog::Outcome<std::vector<bool>> {
        std::vector<catalog::Objects::Removal> removals(1);
        removals[0].key = key;
        co_return co_await live_->objects.remove(bucket_, std::move(removals));
    };
    REQUIRE(run(work()));
}

catalog::UploadKey DiskCatalog::start_upload(const std::string& key) {
    catalog::UploadKey upload;
    upload.bucket_id = bucket_;
    upload.key = key;
    upload.upload_id = "upload-" + std::to_string(100'000 + ++uploads_made_);
    records::Upload record;
    record.set_initiated_ms(clock.wall().time_since_epoch().count());
    const auto wrapped =
        keyring_->wrap(keyring_->make_data_key(), catalog::key_context(bucket_, key));
    record.mutable_properties()->mutable_encryption()->set_wrapped_key(wrapped.data(),
                                                                       wrapped.size());
    REQUIRE(run(live_->uploads.create(upload, std::move(record))));
    return upload;
}

base::Awaitable<Done> DiskCatalog::put_part_async(catalog::UploadKey upload, std::uint32_t number,
                                                  std::string text) {
    auto found = co_await live_->uploads.find(upload);
    if (!found) co_return std::move(found).error();
    auto key = live_->objects.data_key(upload.bucket_id, upload.key,
                                       found->record.properties().encryption());
    if (!key) co_return std::move(key).error();
    catalog::BodyWriter::Options options;
    options.kind = storage::BlobKind::part;
    options.plain_bytes = text.size();
    options.may_inline = false;
    storage::BlobIdentity identity;
    identity.row_key = catalog::part_row(upload.key, upload.upload_id, number);
    auto body = co_await write_body(std::move(*key), options, std::move(identity), std::move(text));
    if (!body) co_return catalog::CatalogError(std::move(body).error());
    catalog::Uploads::PartWrite write;
    write.upload = std::move(upload);
    write.upload_version = found->version;
    write.part.set_number(number);
    write.body = std::move(*body);
    co_return co_await live_->uploads.put_part(std::move(write));
}

void DiskCatalog::put_part(const catalog::UploadKey& upload, std::uint32_t number,
                           std::size_t bytes) {
    const auto text = text_of(upload.key + std::to_string(number), bytes);
    REQUIRE(run(put_part_async(upload, number, text)));
}

void DiskCatalog::complete(const catalog::UploadKey& upload) {
    catalog::Uploads::Completion completion;
    completion.upload = upload;
    completion.bucket = "photos";
    completion.part_list_digest = "digest";
    completion.decide = [](const catalog::FoundUpload&, const std::vector<records::Part>& parts,
                           const catalog::FoundObject*) {
        std::optional<catalog::CompletionPlan> plan(std::in_place);
        for (std::size_t i = 0; i < parts.size(); ++i) plan->chosen.push_back(i);
        plan->etag = "etag-2";
        return plan;
    };
    REQUIRE(run(live_->uploads.complete(std::move(completion))));
}

void DiskCatalog::put_multipart(const std::string& key, std::size_t part_bytes) {
    const auto upload = start_upload(key);
    put_part(upload, 1, part_bytes);
    put_part(upload, 2, part_bytes);
    complete(upload);
}

storage::BlobRef DiskCatalog::write_blob(std::size_t bytes) {
    auto writer = begin_blob(bytes);
    storage::BlobIdentity identity;
    auto ref = run(writer->finish(identity));
    REQUIRE(ref);
    return *std::move(ref);
}

std::unique_ptr<storage::BlobWriter> DiskCatalog::begin_blob(std::size_t bytes) {
    return begin_blob(bytes, bytes);
}

std::unique_ptr<storage::BlobWriter> DiskCatalog::begin_blob(std::size_t bytes,
                                                             std::size_t written_bytes) {
    auto work = [&]() -> storage::Async<std::unique_ptr<storage::BlobWriter>> {
        storage::BlobOptions options;
        random_.fill(options.id);
        options.frame_bytes = 64 * base::KiB;
        options.expected_stored_bytes = bytes;
        auto writer = co_await engine_->blobs().create(options);
        if (!writer) co_return std::move(writer).error();
        const base::Bytes content(written_bytes, 0x5a);
        auto written = co_await (*writer)->append(content);
        if (!written) co_return std::move(written).error();
        co_return *std::move(writer);
    };
    auto writer = run(work());
    REQUIRE(writer);
    return *std::move(writer);
}

void DiskCatalog::reclaim() {
    run(live_->reclaimer.run_once());
}

void DiskCatalog::sweep() {
    live_->reclaimer.request_sweep();
    reclaim();
}

base::Awaitable<bool> DiskCatalog::try_put(std::string key, std::size_t bytes) {
    auto text = text_of(key, bytes);
    auto put = co_await put_async(std::move(key), std::move(text));
    co_return put.has_value();
}

base::Awaitable<bool> DiskCatalog::try_remove(std::string key) {
    std::vector<catalog::Objects::Removal> removals(1);
    removals[0].key = std::move(key);
    auto removed = co_await live_->objects.remove(bucket_, std::move(removals));
    co_return removed.has_value();
}

workers::CollectorReport DiskCatalog::collect(bool consent) {
    run(live_->collector.run_once(consent));
    return live_->collector.report();
}

void DiskCatalog::scrub() {
    run(live_->scrubber.run_once());
}

storage::BlobRef DiskCatalog::blob_of(const std::string& key) {
    auto found = run(live_->objects.find(bucket_, key, catalog::Fetch::record_and_body));
    REQUIRE(found);
    REQUIRE(*found);
    if ((*found)->record.has_body()) return catalog::from_record((*found)->record.body().blob());
    std::vector<storage::RowKey> keys{{storage::RowFamily::body, catalog::manifest_row(key, 0)}};
    auto rows = run(live_->store.metadata.get(catalog::bucket_partition(bucket_), std::move(keys)));
    REQUIRE(rows);
    REQUIRE(rows->front());
    auto manifest = catalog::parse_record<records::Manifest>(*rows->front());
    REQUIRE(manifest);
    return catalog::from_record(manifest->parts(0).body().blob());
}

std::string DiskCatalog::segment_path(std::uint64_t segment) const {
    return directory_.file("data/segments/") + storage::local::SegmentName::of(segment).file_name();
}

std::size_t DiskCatalog::segments_of_run(std::uint32_t run) {
    std::size_t count = 0;
    for (const auto& entry :
         std::filesystem::directory_iterator(directory_.file("data/segments"))) {
        const auto name = storage::local::SegmentName::parse(entry.path().filename().string());
        REQUIRE(name);
        if (name->incarnation == run) ++count;
    }
    return count;
}

std::uint64_t DiskCatalog::bytes_on_disk() {
    std::uint64_t sum = 0;
    for (const auto& entry :
         std::filesystem::directory_iterator(directory_.file("data/segments"))) {
        auto file = posix->open(entry.path(), base::OpenMode::read);
        REQUIRE(file);
        sum += (*file)->allocated_bytes().value_or(0);
    }
    return sum;
}

void DiskCatalog::damage(std::uint64_t segment, std::uint64_t offset) {
    damage_file(segment_path(segment), offset);
}

void DiskCatalog::damage_file(const std::string& path, std::uint64_t offset) {
    auto file = posix->open(path, base::OpenMode::read_write);
    REQUIRE(file);
    base::Bytes byte(1);
    REQUIRE((*file)->pread(offset, byte));
    byte[0] ^= 0xff;
    REQUIRE((*file)->pwrite(offset, byte));
}

}  // namespace holdfast::test
