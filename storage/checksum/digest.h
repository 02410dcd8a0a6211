/// Streaming digests: MD5 for ETags, SHA-256 for payload hashes, and the ten S3 checksums.
///
/// OpenSSL algorithms are fetched once for the process (a fetch costs more than a short hash);
/// CRC32 and CRC32C come from ISA-L, CRC64NVME is our own (PCLMULQDQ where the processor has it, a
/// table otherwise), XXH from libxxhash. threads: a Digest belongs to one thread; functions: any.
#pragma once

#include <array>
#include <cstdint>
#include <memory>

#include "base/bytes.h"
#include "model/checksum.h"

namespace holdfast::storage::checksum {

class Digest {
public:
    virtual ~Digest() = default;
    virtual void update(base::ByteView bytes) = 0;
    /// The raw digest, big-endian for CRC and XXH. Call once.
    virtual base::Bytes finish() = 0;
};

std::unique_ptr<Digest> make_digest(model::ChecksumAlgorithm algorithm);

/// One-shot forms.
base::Bytes digest(model::ChecksumAlgorithm algorithm, base::ByteView bytes);
std::array<std::uint8_t, 16> md5(base::ByteView bytes);
std::array<std::uint8_t, 32> sha256(base::ByteView bytes);

/// CRC32C of a buffer, for the engine's own frames.
std::uint32_t crc32c(base::ByteView bytes);

/// The CRC of A followed by B, from both CRCs and B's length (CK-11). REQUIRES: a CRC algorithm.
base::Bytes combine_crc(model::ChecksumAlgorithm algorithm, base::ByteView crc_a,
                        base::ByteView crc_b, std::uint64_t length_b);

/// The composite of part digests in list order: H(concatenation), without "-N" (CK-10).
base::Bytes composite(model::ChecksumAlgorithm algorithm, const std::vector<base::Bytes>& parts);

}  // namespace holdfast::storage::checksum
