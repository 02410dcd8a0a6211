/// Partitions of ordered rows, changed by transactions that touch exactly one partition.
///
/// One of the two interfaces every engine implements (blob_store.h is the other). The rows' meaning
/// is the catalog's business; an engine sees bytes.
///
/// threads: any event loop; calls never block the caller.
/// source:  docs/architecture.md 4.1.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "storage/error.h"

namespace holdfast::storage {

/// A partition's name: at most 64 bytes without NUL, for example "system" or "b/<bucket id>/0".
using Partition = std::string;

/// Rows of one partition live in families with different access patterns: `index` rows are small
/// and scanned, `body` rows hold inline blobs (up to some tens of KiB) and are only read one by
/// one.
enum class RowFamily : std::uint8_t { index = 0, body = 1 };

/// The number of the commit that wrote the row last; strictly increasing over the whole store.
using RowVersion = std::uint64_t;

struct RowKey {
    RowFamily family = RowFamily::index;
    std::string key;
};

struct Row {
    std::string key;
    std::string value;
    RowVersion version = 0;
};

/// What must hold when the transaction is applied: the row's version, or its absence (version 0).
struct Expectation {
    std::string key;  ///< of family index
    RowVersion version = 0;
};

struct Put {
    RowKey key;
    std::string value;
};

/// Deletes everything in [begin, end) of a family: for a bucket's or an upload's rows.
struct RangeDelete {
    RowFamily family = RowFamily::index;
    std::string begin;
    std::string end;
};

/// Applied in this order, whatever order it was filled in: range deletes, deletes, puts.
struct Transaction {
    std::vector<Expectation> expectations;
    std::vector<Put> puts;
    std::vector<RowKey> deletes;
    std::vector<RangeDelete> range_deletes;
};

struct ScanRange {
    std::string begin;  ///< first key, inclusive
    std::string end;    ///< first key left out; empty = to the end of the partition
    std::uint32_t rows_max = 1000;
    std::uint64_t bytes_max = 4 << 20;  ///< of keys and values; at least one row is returned
};

struct ScanPage {
    std::vector<Row> rows;  ///< in ascending byte order of their keys, from one snapshot
    bool more = false;      ///< rows_max or bytes_max ended the page, not the range
};

class MetadataStore {
public:
    virtual ~MetadataStore() = default;

    /// One answer for each key, in the order asked, from one snapshot.
    virtual Async<std::vector<std::optional<Row>>> get(const Partition& partition,
                                                       std::vector<RowKey> keys) = 0;

    /// Rows of family index. A scan never costs more than the page it returns.
    virtual Async<ScanPage> scan(const Partition& partition, ScanRange range) = 0;

    /// All or nothing, durable when it returns (durability "strict"). Returns the commit number,
    /// which is the version of every row it put. errors: conflict, out_of_space, read_only,
    /// unavailable, in_doubt.
    virtual Async<RowVersion> commit(const Partition& partition, Transaction transaction) = 0;
};

}  // namespace holdfast::storage
