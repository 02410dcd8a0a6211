/// CRC-32C (Castagnoli) of what lies on the disk. threads: any.
#pragma once

#include <cstdint>

#include "base/bytes.h"

namespace holdfast::storage::local {

/// Of `bytes` behind what has the CRC `before`. Of nothing it is 0.
std::uint32_t crc32c(base::ByteView bytes, std::uint32_t before = 0);

}  // namespace holdfast::storage::local
