/// Names of partitions and rows. Object keys hold no NUL, so that it may separate what follows
/// them. Written down in docs/format/rows.md. threads: any.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "storage/blob_store.h"
#include "storage/metadata_store.h"

namespace holdfast::storage::catalog {

inline const Partition system_partition{"system"};
Partition bucket_partition(std::string_view bucket_id);

// Of the system partition.
std::string bucket_row(std::string_view name);
std::string deleted_bucket_row(std::string_view bucket_id);

// Of a bucket's partition.
inline constexpr std::string_view bucket_state_row = "B";
std::string object_row(std::string_view key);
std::string upload_row(std::string_view key, std::string_view upload_id);
std::string part_row(std::string_view key, std::string_view upload_id, std::uint32_t number);
/// Rewritten by every part that is put, so that who read all parts can expect them unchanged.
std::string parts_changed_row(std::string_view key, std::string_view upload_id);
std::string ended_row(std::string_view key, std::string_view upload_id);
/// A blob that was moved is dropped twice, at two places: the place is in the name.
std::string garbage_row(const BlobRef& first);
/// Family body; the body of an inline object has the object row's own key.
std::string manifest_row(std::string_view key, std::uint32_t chunk);

/// [begin, end) of all rows of a kind ('o', 'u', 'p', 'g', 'm', …), and of one upload's parts.
struct RowRange {
    std::string begin;
    std::string end;
};
RowRange rows_of_kind(char kind);
RowRange rows_of_upload(std::string_view key, std::string_view upload_id);

/// The smallest string greater than every string that begins with `prefix`; empty when there is
/// none.
std::string after_prefix(std::string_view prefix);

/// Parts of an upload row's name.
struct UploadName {
    std::string_view key;
    std::string_view upload_id;
};
UploadName parse_upload_row(std::string_view row);

}  // namespace holdfast::storage::catalog
