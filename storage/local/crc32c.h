/// CRC-32C (Castagnoli) of what lies on the disk. threads: any.
#pragma once

#include <cstdint>

#include "base/bytes.h"

namespace holdfast::storage::local {

std::uint32_t crc32c(base::ByteView bytes);

/// The CRC of A followed by B, from A's and B itself. Of nothing it is 0.
std::uint32_t crc32c_extend(std::uint32_t crc, base::ByteView bytes);

}  // namespace holdfast::storage::local
