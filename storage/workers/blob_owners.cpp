#include "storage/workers/blob_owners.h"

#include <algorithm>

#include "storage/catalog/row_keys.h"

namespace holdfast::storage::workers {

namespace {

using Kind = BlobOwner::Kind;

void add(std::vector<BlobOwner>& owners, Kind kind, const catalog::records::Body& body,
         std::string_view key, std::uint32_t part) {
    if (body.has_blob())
        owners.push_back({kind, catalog::from_record(body.blob()), std::string(key), part});
}

Async<std::vector<BlobOwner>> owners_of_object(RowSnapshot& snapshot,
                                               const RowSnapshot::Entry& entry) {
    auto object = catalog::parse_record<catalog::records::Object>(entry.row);
    if (!object) co_return std::move(object).error();
    const auto key = std::string_view(entry.row.key).substr(1);
    std::vector<BlobOwner> owners;
    add(owners, Kind::object, object->body(), key, 0);
    add(owners, Kind::object, object->completion(), key, 0);
    if (object->manifest_size() == 0) co_return owners;
    std::vector<std::string> keys;
    for (int chunk = 0; chunk < object->manifest_size(); ++chunk)
        keys.push_back(catalog::manifest_row(key, static_cast<std::uint32_t>(chunk)));
    auto rows = co_await snapshot.bodies(entry.partition, std::move(keys));
    if (!rows) co_return std::move(rows).error();
    for (const auto& row : *rows) {
        if (!row) co_return StorageError{StorageError::Kind::corrupt, "a manifest row is missing"};
        auto manifest = catalog::parse_record<catalog::records::Manifest>(*row);
        if (!manifest) co_return std::move(manifest).error();
        for (const auto& part : manifest->parts())
            add(owners, Kind::object, part.body(), key, part.number());
    }
    co_return owners;
}

}  // namespace

Async<std::vector<BlobOwner>> owners_of(RowSnapshot& snapshot, const RowSnapshot::Entry& entry) {
    std::vector<BlobOwner> owners;
    if (bucket_id_of(entry.partition).empty() || entry.row.key.empty()) co_return owners;
    const char letter = entry.row.key.front();
    if (letter == 'o') co_return co_await owners_of_object(snapshot, entry);
    if (letter == 'p') {
        auto part = catalog::parse_record<catalog::records::Part>(entry.row);
        if (!part) co_return std::move(part).error();
        const auto key = std::string_view(entry.row.key).substr(1);
        add(owners, Kind::part, part->body(), key.substr(0, key.find('\0')), part->number());
    } else if (letter == 'g') {
        auto garbage = catalog::parse_record<catalog::records::Garbage>(entry.row);
        if (!garbage) co_return std::move(garbage).error();
        for (const auto& blob : garbage->blobs())
            owners.push_back({Kind::garbage, catalog::from_record(blob), {}, 0});
    }
    co_return owners;
}

std::string_view object_key_in(std::string_view row) {
    const auto key = row.substr(std::min<std::size_t>(1, row.size()));
    return key.substr(0, key.find('\0'));
}

std::string bucket_id_of(const Partition& partition) {
    constexpr std::string_view prefix = "b/";
    if (!partition.starts_with(prefix)) return {};
    const auto end = partition.find('/', prefix.size());
    if (end == std::string::npos) return {};
    return partition.substr(prefix.size(), end - prefix.size());
}

}  // namespace holdfast::storage::workers
