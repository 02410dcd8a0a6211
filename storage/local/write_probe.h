/// Whether the disk under a volume can be trusted with writes again: a fresh file is written,
/// synced, and read back from the medium. threads: any; blocks. source: spec durability 2.5.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/vfs.h"

namespace holdfast::storage::local {

/// What is wrong, or nothing. `reserve_bytes` must be free in the file's directory.
std::optional<std::string> probe_writes(base::Vfs& vfs, const std::string& path,
                                        std::uint64_t reserve_bytes);

/// The free space that writes leave alone: `configured_bytes`, or for 0 the larger of 1 GiB and 2 %
/// of the file system.
std::uint64_t reserve_bytes_of(const base::FsSpace& space, std::uint64_t configured_bytes);

}  // namespace holdfast::storage::local
