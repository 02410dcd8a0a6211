#include "storage/catalog/listing.h"

#include "storage/catalog/row_cursor.h"

namespace holdfast::storage::catalog {

namespace {

/// The group a key belongs to; empty when it stands for itself.
std::string_view group_of(std::string_view key, const ListQuery& query) {
    if (query.delimiter.empty()) return {};
    const auto at = key.find(query.delimiter, query.prefix.size());
    return at == std::string_view::npos ? std::string_view{}
                                        : key.substr(0, at + query.delimiter.size());
}

/// Where a listing begins, and where all keys with its prefix end.
RowRange range_of(char kind, const ListQuery& query) {
    const std::string tag(1, kind);
    RowRange range{tag + query.prefix, after_prefix(tag + query.prefix)};
    if (query.after < query.prefix || query.after.empty()) return range;
    const bool is_group = !query.delimiter.empty() && group_of(query.after, query) == query.after;
    if (is_group) {
        range.begin = after_prefix(tag + query.after);
    } else if (kind == 'u') {
        // Upload rows are key, NUL, id: the first string behind all of a key's uploads.
        range.begin = tag + query.after + '\x01';
    } else {
        range.begin = tag + query.after + '\0';
    }
    return range;
}

/// Whether a page has had its time: one that takes longer ends early, as if its limit were reached,
/// so that a slow disk or a far walk does not hold a request for ever. It has at least one entry,
/// so that the next page goes on behind it. source: spec durability 4 (list page).
class TimeSlice {
public:
    explicit TimeSlice(const Store& store)
        : clock_(store.clock), length_(store.list_time_slice), begin_(store.clock.steady()) {}
    [[nodiscard]] bool is_over() const { return clock_.steady() - begin_ >= length_; }

private:
    const base::Clock& clock_;
    const std::chrono::milliseconds length_;
    const base::SteadyTime begin_;
};

}  // namespace

Outcome<ObjectListing> list_objects(Store& store, const std::string& bucket_id, ListQuery query) {
    ObjectListing listing;
    if (query.limit == 0) co_return listing;
    RowCursor cursor(store.metadata, bucket_partition(bucket_id), range_of('o', query),
                     query.limit + 1);
    const TimeSlice slice(store);
    for (;;) {
        auto row = co_await cursor.next();
        if (!row) co_return CatalogError(std::move(row).error());
        if (*row == nullptr) co_return listing;
        if (listing.entries.size() == query.limit) break;
        if (!listing.entries.empty() && slice.is_over()) break;
        const auto key = std::string_view((*row)->key).substr(1);
        ListedObject entry;
        if (const auto group = group_of(key, query); !group.empty()) {
            entry.name = group;
            cursor.seek(after_prefix("o" + entry.name));
        } else {
            auto object = parse_record<records::Object>(**row);
            if (!object) co_return CatalogError(std::move(object).error());
            entry.name = key;
            entry.object = std::move(*object);
        }
        listing.entries.push_back(std::move(entry));
    }
    listing.truncated = true;
    co_return listing;
}

Outcome<UploadListing> list_uploads(Store& store, const std::string& bucket_id,
                                    UploadListQuery query) {
    UploadListing listing;
    if (query.keys.limit == 0) co_return listing;
    auto range = range_of('u', query.keys);
    if (!query.after_upload_id.empty()) {
        const auto behind = upload_row(query.keys.after, query.after_upload_id) + '\0';
        range.begin = std::max(behind, "u" + query.keys.prefix);
    }
    RowCursor cursor(store.metadata, bucket_partition(bucket_id), std::move(range),
                     query.keys.limit + 1);
    const TimeSlice slice(store);
    for (;;) {
        auto row = co_await cursor.next();
        if (!row) co_return CatalogError(std::move(row).error());
        if (*row == nullptr) co_return listing;
        if (listing.entries.size() == query.keys.limit) break;
        if (!listing.entries.empty() && slice.is_over()) break;
        const auto name = parse_upload_row((*row)->key);
        ListedUpload entry;
        if (const auto group = group_of(name.key, query.keys); !group.empty()) {
            entry.name = group;
            cursor.seek(after_prefix("u" + entry.name));
            if (entry.name <= query.keys.after) continue;  // LMU-08
        } else {
            auto upload = parse_record<records::Upload>(**row);
            if (!upload) co_return CatalogError(std::move(upload).error());
            entry.name = name.key;
            entry.upload_id = name.upload_id;
            entry.upload = std::move(*upload);
        }
        listing.entries.push_back(std::move(entry));
    }
    listing.truncated = true;
    co_return listing;
}

}  // namespace holdfast::storage::catalog
