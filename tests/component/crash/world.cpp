#include "tests/component/crash/world.h"

#include <algorithm>

#include "base/assert.h"
#include "tests/run_coroutine.h"

namespace holdfast::test::crash {

namespace catalog = storage::catalog;
namespace records = storage::catalog::records;

namespace {

constexpr const char* bucket_name = "photos";

storage::local::EngineOptions engine_options(storage::local::Durability durability) {
    storage::local::EngineOptions options;
    options.directory = "/data";
    options.durability = durability;
    options.segment_bytes = 384 << 10;
    options.extent_bytes_max = 96 << 10;
    options.small_blob_bytes_max = 16 << 10;
    options.free_space_reserve_bytes = 1;
    options.block_cache_bytes = 1 << 20;
    options.memtable_bytes = 128 << 10;
    return options;
}

void set_tag(const std::string& tag, records::Properties& properties) {
    auto* item = properties.add_user_metadata();
    item->set_name("tag");
    item->set_value(tag);
}

}  // namespace

std::string describe(const catalog::CatalogError& error) {
    return "catalog error " + std::to_string(static_cast<int>(error.kind)) + ", storage error " +
           std::to_string(static_cast<int>(error.storage.kind)) + ": " + error.storage.detail;
}

World::Opened<std::unique_ptr<World>> World::open(base::Vfs& vfs,
                                                  storage::local::Durability durability) {
    std::unique_ptr<World> world(new World(durability));
    const base::Secret key(base::to_base64(base::Bytes(32, 7)));
    auto keyring = storage::crypto::Keyring::from_text(key, world->random_);
    HF_ASSERT(keyring);
    world->keyring_ = *std::move(keyring);
    auto engine = storage::local::Engine::open(engine_options(durability), vfs, world->clock_,
                                               world->random_, world->pool_);
    if (!engine) return std::move(engine).error();
    world->engine_ = *std::move(engine);
    world->store_.reset(new catalog::Store{world->engine_->metadata(), world->engine_->blobs(),
                                           *world->keyring_, world->clock_, world->random_,
                                           world->garbage_, 512});
    world->buckets_ = std::make_unique<catalog::Buckets>(*world->store_);
    world->objects_ = std::make_unique<catalog::Objects>(*world->store_);
    world->uploads_ = std::make_unique<catalog::Uploads>(*world->store_, *world->objects_);
    if (auto made = run(world->make_bucket()); !made)
        return storage::local::OpenError{storage::local::OpenError::Kind::io,
                                         describe(made.error())};
    return world;
}

World::~World() {
    engine_.reset();
    pool_.join();
}

base::Awaitable<World::Done> World::make_bucket() {
    auto recovered = co_await buckets_->recover();
    if (!recovered) co_return std::move(recovered).error();
    auto found = co_await buckets_->find(bucket_name);
    if (!found) co_return std::move(found).error();
    if (!*found) {
        records::Bucket record;
        record.set_name(bucket_name);
        record.set_owner("owner");
        found = co_await buckets_->create(std::move(record));
        if (!found) co_return std::move(found).error();
    }
    bucket_id_ = (*found)->id();
    co_return Done();
}

base::Awaitable<World::Done> World::perform(Operation operation) {
    switch (operation.kind) {
        case Operation::Kind::put:
            co_return co_await put(std::move(operation));
        case Operation::Kind::remove:
            co_return co_await remove(std::move(operation));
        case Operation::Kind::create_upload:
            co_return co_await create_upload(std::move(operation));
        case Operation::Kind::put_part:
            co_return co_await put_part(std::move(operation));
        case Operation::Kind::complete:
            co_return co_await complete(std::move(operation));
        case Operation::Kind::abort:
            break;
    }
    co_return co_await uploads_->abort(upload_key(operation));
}

base::Awaitable<storage::Result<catalog::BodyWriter::Finished>> World::write_body(
    storage::crypto::DataKey key, catalog::BodyWriter::Options options, std::string text) {
    options.plain_bytes = text.size();
    catalog::BodyWriter writer(*store_, key, options);
    auto prepared = co_await writer.prepare();
    if (!prepared) co_return std::move(prepared).error();
    constexpr std::size_t bytes_a_call = 30'000;
    auto left = base::as_bytes(text);
    while (!left.empty()) {
        const auto now = left.first(std::min(bytes_a_call, left.size()));
        left = left.subspan(now.size());
        auto taken = co_await writer.append(now);
        if (!taken) co_return std::move(taken).error();
    }
    storage::BlobIdentity identity;
    identity.partition = catalog::bucket_partition(bucket_id_);
    co_return co_await writer.finish(std::move(identity));
}

base::Awaitable<World::Done> World::put(Operation operation) {
    const auto data_key = keyring_->make_data_key();
    const auto content = describe(operation.piece);
    catalog::Objects::Write write;
    write.bucket_id = bucket_id_;
    write.key = operation.key;
    write.object.set_size(operation.piece.size);
    write.object.set_etag(content);
    set_tag(operation.tag, *write.object.mutable_properties());
    const auto wrapped = keyring_->wrap(data_key, catalog::key_context(bucket_id_, operation.key));
    write.object.mutable_properties()->mutable_encryption()->set_wrapped_key(wrapped.data(),
                                                                             wrapped.size());
    catalog::BodyWriter::Options options;
    auto body = co_await write_body(data_key, options, bytes_of(content));
    if (!body) co_return catalog::CatalogError(std::move(body).error());
    write.body = std::move(*body);
    co_return co_await objects_->put(std::move(write));
}

base::Awaitable<World::Done> World::remove(Operation operation) {
    std::vector<catalog::Objects::Removal> removals(1);
    removals[0].key = std::move(operation.key);
    auto removed = co_await objects_->remove(bucket_id_, std::move(removals));
    if (!removed) co_return std::move(removed).error();
    co_return Done();
}

base::Awaitable<World::Done> World::create_upload(Operation operation) {
    records::Upload record;
    record.set_initiated_ms(clock_.wall().time_since_epoch().count());
    set_tag(operation.tag, *record.mutable_properties());
    const auto wrapped =
        keyring_->wrap(keyring_->make_data_key(), catalog::key_context(bucket_id_, operation.key));
    record.mutable_properties()->mutable_encryption()->set_wrapped_key(wrapped.data(),
                                                                       wrapped.size());
    const auto upload = upload_key(operation);
    co_return co_await uploads_->create(upload, std::move(record));
}

base::Awaitable<World::Done> World::put_part(Operation operation) {
    catalog::Uploads::PartWrite write;
    write.upload = upload_key(operation);
    auto found = co_await uploads_->find(write.upload);
    if (!found) co_return std::move(found).error();
    auto key =
        objects_->data_key(bucket_id_, operation.key, found->record.properties().encryption());
    if (!key) co_return std::move(key).error();
    catalog::BodyWriter::Options options;
    options.kind = storage::BlobKind::part;
    options.may_inline = false;
    const auto content = describe(operation.piece);
    auto body = co_await write_body(std::move(*key), options, bytes_of(content));
    if (!body) co_return catalog::CatalogError(std::move(body).error());
    write.upload_version = found->version;
    write.part.set_number(operation.number);
    write.part.set_md5(content);
    write.body = std::move(*body);
    co_return co_await uploads_->put_part(std::move(write));
}

base::Awaitable<World::Done> World::complete(Operation operation) {
    catalog::Uploads::Completion completion;
    completion.upload = upload_key(operation);
    completion.part_list_digest = "digest";
    completion.decide = [](const catalog::FoundUpload&, const std::vector<records::Part>& parts,
                           const catalog::FoundObject*) {
        std::optional<catalog::CompletionPlan> plan(std::in_place);
        for (std::size_t i = 0; i < parts.size(); ++i) {
            plan->chosen.push_back(i);
            plan->etag += (i == 0 ? "" : "+") + parts[i].md5();
        }
        return plan;
    };
    co_return co_await uploads_->complete(std::move(completion));
}

base::Awaitable<World::Done> World::collect_garbage() {
    const auto partition = catalog::bucket_partition(bucket_id_);
    const auto wanted = catalog::rows_of_kind('g');
    storage::ScanRange range;
    range.begin = wanted.begin;
    range.end = wanted.end;
    range.rows_max = 1000;
    range.bytes_max = 1 << 20;
    garbage_.take();  // the rows say the same
    auto page = co_await store_->metadata.scan(partition, std::move(range));
    if (!page) co_return catalog::CatalogError(std::move(page).error());
    for (const auto& row : page->rows) {
        records::Garbage record;
        if (!record.ParseFromString(row.value))
            co_return catalog::CatalogError(
                storage::StorageError{storage::StorageError::Kind::corrupt, "a garbage row"});
        for (const auto& blob : record.blobs()) {
            const auto ref = catalog::from_record(blob);
            auto released = co_await store_->blobs.release(ref);
            if (!released) co_return catalog::CatalogError(std::move(released).error());
        }
        storage::Transaction drop;
        drop.deletes.push_back({storage::RowFamily::index, row.key});
        auto dropped = co_await store_->metadata.commit(partition, std::move(drop));
        if (!dropped) co_return catalog::CatalogError(std::move(dropped).error());
    }
    co_return Done();
}

}  // namespace holdfast::test::crash
