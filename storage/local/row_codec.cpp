#include "storage/local/row_codec.h"

#include <array>

#include "base/assert.h"
#include "base/bytes.h"

namespace holdfast::storage::local {

namespace {

constexpr std::string_view commit_range_magic = "HFC1";

void append_be64(std::string& to, std::uint64_t number) {
    std::array<std::uint8_t, 8> bytes{};
    base::store_be64(bytes, number);
    to += base::as_text(bytes);
}

std::uint64_t be64_at(std::string_view bytes, std::size_t offset) {
    return base::load_be64(base::as_bytes(bytes.substr(offset, 8)));
}

}  // namespace

std::string disk_key(std::string_view partition, std::string_view key) {
    HF_ASSERT(partition.size() <= partition_bytes_max);
    HF_ASSERT(partition.find('\0') == std::string_view::npos);
    std::string text;
    text.reserve(partition.size() + 1 + key.size());
    text += partition;
    text += '\0';
    text += key;
    return text;
}

std::string partition_end(std::string_view partition) {
    std::string text(partition);
    text += '\1';
    return text;
}

std::string disk_range_end(std::string_view partition, std::string_view end) {
    return end.empty() ? partition_end(partition) : disk_key(partition, end);
}

std::string version_prefix(RowVersion version) {
    return encode_commit_number(version);
}

std::optional<DiskValue> parse_disk_value(std::string_view bytes) {
    if (bytes.size() < version_bytes) return std::nullopt;
    const RowVersion version = be64_at(bytes, 0);
    if (version == 0) return std::nullopt;
    return DiskValue{version, bytes.substr(version_bytes)};
}

std::string encode_commit_range(CommitRange range) {
    std::string text(commit_range_magic);
    append_be64(text, range.first);
    append_be64(text, range.last);
    return text;
}

std::optional<CommitRange> parse_commit_range(std::string_view log_data) {
    if (log_data.size() != commit_range_magic.size() + 16) return std::nullopt;
    if (!log_data.starts_with(commit_range_magic)) return std::nullopt;
    const CommitRange range{be64_at(log_data, commit_range_magic.size()),
                            be64_at(log_data, commit_range_magic.size() + 8)};
    if (range.first == 0 || range.last < range.first) return std::nullopt;
    return range;
}

std::string encode_commit_number(RowVersion number) {
    std::string text;
    append_be64(text, number);
    return text;
}

std::optional<RowVersion> parse_commit_number(std::string_view bytes) {
    if (bytes.size() != 8) return std::nullopt;
    return be64_at(bytes, 0);
}

}  // namespace holdfast::storage::local
