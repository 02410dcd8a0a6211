/// The three CRCs behind one shape: each takes the CRC so far (0 at the start) and gives the next.
#pragma once

#include <memory>

#include "storage/checksum/digest.h"

namespace holdfast::storage::checksum {

bool is_crc(model::ChecksumAlgorithm algorithm);

/// REQUIRES: is_crc(algorithm).
std::unique_ptr<Digest> make_crc_digest(model::ChecksumAlgorithm algorithm);

}  // namespace holdfast::storage::checksum
