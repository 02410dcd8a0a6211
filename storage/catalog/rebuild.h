/// Which rows the blobs in the segments stand for, when there is no index: every whole object blob
/// and every completion with all of its parts is an object again.
///
/// What only the index knew does not come back: small objects kept beside their record, unfinished
/// uploads, the owners of buckets, which answers to CompleteMultipartUpload were given. A blob
/// whose object was deleted or replaced by a small one, and whose space had not come back yet, does
/// come back.
///
/// Every blob is read before it becomes an object. Of several for one row the latest counts, also
/// when it is damaged: the object then is there and reading it is an error, as it was with the old
/// index (P8, P10, 2.5). Only a blob that the disk never got whole is left out, as it cannot have
/// been answered (P5). Blobs that do not count are named by no row: the collector keeps them for
/// its quarantine (2.7.2).
///
/// threads: any. source: spec durability 2.6, 6; docs/format/segments.md.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "storage/blob_store.h"
#include "storage/catalog/blob_copies.h"
#include "storage/catalog/store.h"

namespace holdfast::storage::catalog {

struct RebuildOptions {
    std::string owner;          ///< canonical id, of every bucket
    std::string owner_account;  ///< its account
    std::string region;
    base::WallTime now;
    LookAtBlob look;
    /// Content of a small blob that is not encrypted; empty when it is damaged.
    std::function<std::string(const BlobRef&)> read;
    /// Takes a row. An error ends the rebuild.
    std::function<Result<void>(const Partition&, const RowKey&, const std::string&)> put;
};

struct RebuildReport {
    std::uint64_t buckets = 0;
    std::uint64_t objects = 0;  ///< multipart ones among them
    std::uint64_t multipart_objects = 0;
    std::uint64_t replaced = 0;      ///< blobs of older versions: no row names them
    std::uint64_t unused_parts = 0;  ///< of unfinished uploads or of what was replaced
    /// One line each: what is damaged, and what is in the segments and was not restored.
    std::vector<std::string> problems;
};

/// `latest_first`: all blobs, those that were sealed later before the others. errors: of `put`.
Result<RebuildReport> rebuild_rows(const std::vector<BlobInSegments>& latest_first,
                                   const RebuildOptions& options);

/// bucket/key for people, on one line whatever is in it.
std::string printable_name(std::string_view bucket, std::string_view key);

}  // namespace holdfast::storage::catalog
