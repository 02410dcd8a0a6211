/// How rows lie in RocksDB: docs/format/row_store.md. Pure functions. threads: any.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "storage/metadata_store.h"

namespace holdfast::storage::local {

inline constexpr std::size_t partition_bytes_max = 64;
inline constexpr std::size_t version_bytes = 8;

/// The partition, a NUL, the key. REQUIRES: the partition is at most 64 bytes without NUL.
std::string disk_key(std::string_view partition, std::string_view key);

/// Behind the last key a partition can have.
std::string partition_end(std::string_view partition);

/// The key of a range's end; an empty end means the partition's.
std::string disk_range_end(std::string_view partition, std::string_view end);

/// What stands before each value: the version, big-endian.
std::string version_prefix(RowVersion version);

struct DiskValue {
    RowVersion version = 0;
    std::string_view value;
};
/// Nothing when it is too short to have a version, or has version 0.
std::optional<DiskValue> parse_disk_value(std::string_view bytes);

/// The numbers of the commits that one WriteBatch carries, for its log data: first and last.
struct CommitRange {
    RowVersion first = 0;
    RowVersion last = 0;
};
std::string encode_commit_range(CommitRange range);
std::optional<CommitRange> parse_commit_range(std::string_view log_data);

std::string encode_commit_number(RowVersion number);
std::optional<RowVersion> parse_commit_number(std::string_view bytes);

}  // namespace holdfast::storage::local
