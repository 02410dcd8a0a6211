/// Rows out of RocksDB, blocking as far as it may. threads: any.
#pragma once

#include <optional>
#include <vector>

#include "storage/local/row_database.h"
#include "storage/metadata_store.h"

namespace holdfast::storage::local {

enum class ReadDepth {
    memory,  ///< memtables and block cache only
    disk,
};

/// One answer for each key, from one snapshot. Nothing when the memory does not have them all
/// (never with ReadDepth::disk). errors: corrupt, io.
std::optional<Result<std::vector<std::optional<Row>>>> read_rows(const RowDatabase& database,
                                                                 const Partition& partition,
                                                                 const std::vector<RowKey>& keys,
                                                                 ReadDepth depth);

/// A page of family index, from the disk where need be. There is no such read of the memory alone:
/// an iterator of the block cache tier may end, without an error, before a table that is not open.
/// errors: corrupt, io.
Result<ScanPage> read_page(const RowDatabase& database, const Partition& partition,
                           const ScanRange& range);

}  // namespace holdfast::storage::local
