/// Which rows the blobs in the segments stand for, when there is no index: every whole object blob
/// and every completion with all of its parts is an object again.
///
/// What only the index knew does not come back: small objects kept beside their record, unfinished
/// uploads, the owners of buckets, which answers to CompleteMultipartUpload were given. A blob
/// whose object was deleted or replaced by a small one, and whose space had not come back yet, does
/// come back.
///
/// threads: any. source: spec durability 2.6, 6; docs/format/segments.md.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "storage/blob_store.h"
#include "storage/catalog/store.h"

namespace holdfast::storage::catalog {

struct BlobInSegments {
    BlobRef ref;
    BlobKind kind = BlobKind::object;
    BlobIdentity identity;
};

struct RebuildOptions {
    std::string owner;          ///< canonical id, of every bucket
    std::string owner_account;  ///< its account
    std::string region;
    base::WallTime now;
    /// Content of a small blob that is not encrypted; empty when it is damaged.
    std::function<std::string(const BlobRef&)> read;
    /// Takes a row. An error ends the rebuild.
    std::function<Result<void>(const Partition&, const RowKey&, const std::string&)> put;
};

struct RebuildReport {
    std::uint64_t buckets = 0;
    std::uint64_t objects = 0;  ///< multipart ones among them
    std::uint64_t multipart_objects = 0;
    std::uint64_t replaced = 0;      ///< blobs of older versions: in garbage rows now
    std::uint64_t unused_parts = 0;  ///< of unfinished uploads or of what was replaced
    /// One line each: what is in the segments and could not be restored.
    std::vector<std::string> problems;
};

/// `latest_first`: all blobs, those that were sealed later before the others. Of several for one
/// row the latest counts; when that one cannot be restored, none of the older ones takes its place.
/// errors: of `put`.
Result<RebuildReport> rebuild_rows(const std::vector<BlobInSegments>& latest_first,
                                   const RebuildOptions& options);

/// bucket/key for people, on one line whatever is in it.
std::string printable_name(std::string_view bucket, std::string_view key);

}  // namespace holdfast::storage::catalog
