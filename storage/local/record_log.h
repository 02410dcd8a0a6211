/// RocksDB's format of logs, which its write-ahead log and its manifest are in: blocks of 32 KiB of
/// records, each with a CRC-32C of its own. Read to tell damage before a start meets it.
///
/// threads: any. source: the format as RocksDB's documentation describes it.
#pragma once

#include <cstdint>
#include <string>

#include "base/bytes.h"

namespace holdfast::storage::local {

inline constexpr std::uint64_t record_log_block_bytes = 32 << 10;

/// What is wrong with the first damaged record; empty: with none.
///
/// piece     of a log, from the beginning of a block on
/// is_end    the log ends with it, perhaps in the middle of a record that is still being written
std::string find_log_damage(base::ByteView piece, bool is_end);

}  // namespace holdfast::storage::local
