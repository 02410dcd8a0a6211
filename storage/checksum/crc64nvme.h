/// CRC-64/NVME, which no packaged library has. threads: any.
#pragma once

#include <cstdint>

#include "base/bytes.h"

namespace holdfast::storage::checksum {

/// The CRC of what `crc` covers (0: nothing) followed by `bytes`, by the fastest way this processor
/// has.
std::uint64_t crc64nvme(std::uint64_t crc, base::ByteView bytes);

/// The two ways, for tests and benchmarks. The folded one REQUIRES: crc64nvme_can_fold().
std::uint64_t crc64nvme_by_table(std::uint64_t crc, base::ByteView bytes);
std::uint64_t crc64nvme_by_folding(std::uint64_t crc, base::ByteView bytes);
bool crc64nvme_can_fold();

}  // namespace holdfast::storage::checksum
