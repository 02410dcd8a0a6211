/// MD5 and the SHA family through OpenSSL, each algorithm fetched once for the process.
#pragma once

#include <memory>

#include "storage/checksum/digest.h"

namespace holdfast::storage::checksum {

/// REQUIRES: md5, sha1, sha256 or sha512.
std::unique_ptr<Digest> make_evp_digest(model::ChecksumAlgorithm algorithm);

/// REQUIRES: as above; `out` has the digest's length.
void evp_digest(model::ChecksumAlgorithm algorithm, base::ByteView bytes, base::ByteSpan out);

}  // namespace holdfast::storage::checksum
