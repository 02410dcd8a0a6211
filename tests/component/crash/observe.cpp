// What a client can see, read as a client would.

#include <set>

#include "storage/catalog/listing.h"
#include "tests/component/crash/world.h"
#include "tests/run_coroutine.h"

namespace holdfast::test::crash {

namespace catalog = storage::catalog;
namespace records = storage::catalog::records;

namespace {

constexpr std::uint32_t page_entries = 2;  // so that pages meet

std::string tag_of(const records::Properties& properties) {
    return properties.user_metadata_size() == 1 ? properties.user_metadata(0).value() : "";
}

base::Awaitable<base::Expected<catalog::BodyReader, catalog::CatalogError>> open_pieces(
    catalog::Store& store, storage::crypto::DataKey key,
    std::vector<catalog::BodyReader::Piece> pieces) {
    auto reader = co_await catalog::BodyReader::open(store, key, std::move(pieces));
    if (!reader) co_return catalog::CatalogError(std::move(reader).error());
    co_return *std::move(reader);
}

}  // namespace

std::string World::observe(const Model& model, Seen& seen) {
    seen.clear();
    damaged_.clear();
    for (const auto* key : Model::keys) {
        auto wrong = run(observe_key(model, key, seen[key]));
        if (!wrong.empty()) return std::string(key) + ": " + wrong;
    }
    return run(check_listings(seen));
}

base::Awaitable<std::string> World::observe_key(const Model& model, std::string key,
                                                KeyState& seen) {
    auto wrong = co_await observe_object(key, seen);
    if (!wrong.empty()) co_return wrong;
    for (const auto& id : model.uploads_of(key)) {
        const catalog::UploadKey upload{bucket_id_, key, id};
        wrong = co_await observe_upload(upload, seen);
        if (!wrong.empty()) co_return id + ": " + wrong;
    }
    co_return wrong;
}

storage::Async<void> World::read_all(catalog::BodyReader& reader, std::string& text) {
    for (;;) {
        auto piece = co_await reader.next();
        if (!piece) co_return std::move(piece).error();
        if (piece->empty()) co_return storage::Result<void>{};
        text += base::as_text(*piece);
    }
}

/// What the last writes left may be unreadable with durability relaxed, never wrong (P10), and is
/// told of (P11).
std::string World::note_damaged(const std::string& content, const storage::StorageError& failure) {
    const auto text = describe(catalog::CatalogError(failure));
    if (durability_ != storage::local::Durability::relaxed || !is_damage(failure)) return text;
    damaged_.insert(content);
    // Each has a blob of its own, at least.
    if (engine_->upkeep().damage().size() < damaged_.size())
        return "not listed as damaged: " + text;
    return {};
}

base::Awaitable<std::string> World::observe_body(
    base::Expected<catalog::BodyReader, catalog::CatalogError> reader, std::string content) {
    if (!reader && reader.error().kind != catalog::CatalogError::Kind::storage)
        co_return describe(reader.error());
    if (!reader) co_return note_damaged(content, reader.error().storage);
    std::string text;
    const auto whole = co_await read_all(*reader, text);
    if (!whole) co_return note_damaged(content, whole.error());
    if (text != bytes_of(content)) co_return "the bytes of " + content + " are wrong";
    co_return std::string();
}

base::Awaitable<std::string> World::observe_object(std::string key, KeyState& seen) {
    auto found = co_await objects_->find(bucket_id_, key, catalog::Fetch::record_and_body);
    if (!found) co_return describe(found.error());
    if (!*found) co_return std::string();
    const auto& record = (*found)->record;
    seen.object = ObjectState{tag_of(record.properties()), record.etag()};
    const auto wanted = bytes_of(record.etag());
    if (record.size() != wanted.size()) co_return std::string("its size is another object's");
    if (wanted.empty()) co_return std::string();
    auto reader = co_await objects_->open(bucket_id_, key, **found, 0, record.size());
    co_return co_await observe_body(std::move(reader), record.etag());
}

base::Awaitable<std::string> World::observe_upload(catalog::UploadKey upload, KeyState& seen) {
    auto ended = co_await uploads_->ended(upload);
    if (!ended) co_return describe(ended.error());
    if (*ended) seen.ended[upload.upload_id] = (*ended)->completed() ? (*ended)->etag() : "";
    auto found = co_await uploads_->find(upload);
    if (!found && found.error().kind == catalog::CatalogError::Kind::no_such_upload)
        co_return std::string();
    if (!found) co_return describe(found.error());
    auto& state = seen.uploads[upload.upload_id];
    state.tag = tag_of(found->record.properties());
    const auto& encryption = found->record.properties().encryption();
    auto key = objects_->data_key(bucket_id_, upload.key, encryption);
    if (!key) co_return describe(key.error());
    auto page = co_await uploads_->list_parts(upload, 0, 1000);
    if (!page) co_return describe(page.error());
    for (const auto& part : page->parts) {
        state.parts[part.number()] = part.md5();
        std::vector<catalog::BodyReader::Piece> pieces(1);
        pieces[0].body = part.body();
        pieces[0].length = part.body().plain_bytes();
        auto reader = co_await open_pieces(*store_, *key, std::move(pieces));
        auto wrong = co_await observe_body(std::move(reader), part.md5());
        if (!wrong.empty()) co_return wrong;
    }
    co_return std::string();
}

base::Awaitable<std::string> World::check_listings(const Seen& seen) {
    std::vector<std::string> objects;
    std::vector<std::string> uploads;
    for (const auto& [key, state] : seen) {
        if (state.object) objects.push_back(key);
        for (const auto& [id, upload] : state.uploads) uploads.push_back(key + "?" + id);
    }
    catalog::ListQuery query;
    query.limit = page_entries;
    std::vector<std::string> listed;
    for (bool more = true; more;) {
        auto page = co_await catalog::list_objects(*store_, bucket_id_, query);
        if (!page) co_return "list objects: " + describe(page.error());
        for (const auto& entry : page->entries) listed.push_back(entry.name);
        more = page->truncated;
        if (more) query.after = listed.back();
    }
    if (listed != objects) co_return std::string("the listing of objects disagrees with them");
    listed.clear();
    catalog::UploadListQuery upload_query;
    upload_query.keys.limit = page_entries;
    for (bool more = true; more;) {
        auto page = co_await catalog::list_uploads(*store_, bucket_id_, upload_query);
        if (!page) co_return "list uploads: " + describe(page.error());
        for (const auto& entry : page->entries)
            listed.push_back(entry.name + "?" + entry.upload_id);
        more = page->truncated;
        if (more) {
            upload_query.keys.after = page->entries.back().name;
            upload_query.after_upload_id = page->entries.back().upload_id;
        }
    }
    if (listed != uploads) co_return std::string("the listing of uploads disagrees with them");
    co_return std::string();
}

}  // namespace holdfast::test::crash
