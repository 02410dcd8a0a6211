#include "storage/catalog/row_keys.h"

#include "base/bytes.h"

namespace holdfast::storage::catalog {

namespace {

std::string row_of(char kind, std::string_view key, std::string_view upload_id) {
    std::string row;
    row.reserve(key.size() + upload_id.size() + 8);
    row.push_back(kind);
    row.append(key).push_back('\0');
    row.append(upload_id);
    return row;
}

void append_be32(std::string& to, std::uint32_t value) {
    for (int shift = 24; shift >= 0; shift -= 8)
        to.push_back(static_cast<char>((value >> shift) & 0xff));
}

void append_be64(std::string& to, std::uint64_t value) {
    append_be32(to, static_cast<std::uint32_t>(value >> 32));
    append_be32(to, static_cast<std::uint32_t>(value));
}

}  // namespace

Partition bucket_partition(std::string_view bucket_id) {
    std::string name = "b/";
    name.append(bucket_id).append("/0");
    return name;
}

std::string bucket_row(std::string_view name) {
    return "n" + std::string(name);
}

std::string deleted_bucket_row(std::string_view bucket_id) {
    return "d" + std::string(bucket_id);
}

std::string object_row(std::string_view key) {
    std::string row;
    row.reserve(key.size() + 1);
    row.push_back('o');
    row.append(key);
    return row;
}

std::string upload_row(std::string_view key, std::string_view upload_id) {
    return row_of('u', key, upload_id);
}

std::string part_row(std::string_view key, std::string_view upload_id, std::uint32_t number) {
    auto row = row_of('p', key, upload_id);
    row.push_back('\0');
    append_be32(row, number);
    return row;
}

std::string parts_changed_row(std::string_view key, std::string_view upload_id) {
    return row_of('t', key, upload_id);
}

std::string ended_row(std::string_view key, std::string_view upload_id) {
    return row_of('m', key, upload_id);
}

std::string garbage_row(const BlobRef& first) {
    std::string row = "g";
    row.append(first.id.begin(), first.id.end());
    if (first.extents.empty()) return row;
    append_be64(row, first.extents.front().segment);
    append_be64(row, first.extents.front().offset);
    return row;
}

std::string manifest_row(std::string_view key, std::uint32_t chunk) {
    auto row = object_row(key);
    row.push_back('\0');
    append_be32(row, chunk);
    return row;
}

RowRange rows_of_kind(char kind) {
    const std::string begin(1, kind);
    return {begin, after_prefix(begin)};
}

RowRange rows_of_upload(std::string_view key, std::string_view upload_id) {
    auto begin = row_of('p', key, upload_id);
    begin.push_back('\0');
    return {begin, after_prefix(begin)};
}

std::string after_prefix(std::string_view prefix) {
    std::string end(prefix);
    while (!end.empty() && end.back() == '\xff') end.pop_back();
    if (!end.empty()) end.back() = static_cast<char>(end.back() + 1);
    return end;
}

UploadName parse_upload_row(std::string_view row) {
    const auto separator = row.find('\0');
    return {row.substr(1, separator - 1), row.substr(separator + 1)};
}

}  // namespace holdfast::storage::catalog
