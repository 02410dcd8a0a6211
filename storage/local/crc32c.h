/// CRC-32C (Castagnoli) of what lies on the disk. threads: any.
#pragma once

#include <cstdint>

#include "base/bytes.h"

namespace holdfast::storage::local {

std::uint32_t crc32c(base::ByteView bytes);

}  // namespace holdfast::storage::local
