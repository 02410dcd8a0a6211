/// XXH64, XXH3 (64 and 128 bits) through libxxhash, seed 0, in their canonical big-endian form.
#pragma once

#include <memory>

#include "storage/checksum/digest.h"

namespace holdfast::storage::checksum {

/// REQUIRES: xxhash64, xxhash3 or xxhash128.
std::unique_ptr<Digest> make_xxh_digest(model::ChecksumAlgorithm algorithm);

}  // namespace holdfast::storage::checksum
