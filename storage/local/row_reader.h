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

/// As read_rows, for a page of family index.
std::optional<Result<ScanPage>> read_page(const RowDatabase& database, const Partition& partition,
                                          const ScanRange& range, ReadDepth depth);

}  // namespace holdfast::storage::local
