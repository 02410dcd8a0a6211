#include "storage/checksum/digest.h"

#include "storage/checksum/crc.h"
#include "storage/checksum/evp_digest.h"
#include "storage/checksum/xxh_digest.h"

namespace holdfast::storage::checksum {

using model::ChecksumAlgorithm;

std::unique_ptr<Digest> make_digest(ChecksumAlgorithm algorithm) {
    switch (algorithm) {
        case ChecksumAlgorithm::crc32:
        case ChecksumAlgorithm::crc32c:
        case ChecksumAlgorithm::crc64nvme:
            return make_crc_digest(algorithm);
        case ChecksumAlgorithm::xxhash64:
        case ChecksumAlgorithm::xxhash3:
        case ChecksumAlgorithm::xxhash128:
            return make_xxh_digest(algorithm);
        case ChecksumAlgorithm::md5:
        case ChecksumAlgorithm::sha1:
        case ChecksumAlgorithm::sha256:
        case ChecksumAlgorithm::sha512:
            break;
    }
    return make_evp_digest(algorithm);
}

base::Bytes digest(ChecksumAlgorithm algorithm, base::ByteView bytes) {
    const auto stream = make_digest(algorithm);
    stream->update(bytes);
    return stream->finish();
}

std::array<std::uint8_t, 16> md5(base::ByteView bytes) {
    std::array<std::uint8_t, 16> digest{};
    evp_digest(ChecksumAlgorithm::md5, bytes, digest);
    return digest;
}

std::array<std::uint8_t, 32> sha256(base::ByteView bytes) {
    std::array<std::uint8_t, 32> digest{};
    evp_digest(ChecksumAlgorithm::sha256, bytes, digest);
    return digest;
}

base::Bytes composite(ChecksumAlgorithm algorithm, const std::vector<base::Bytes>& parts) {
    const auto stream = make_digest(algorithm);
    for (const auto& part : parts) stream->update(part);
    return stream->finish();
}

}  // namespace holdfast::storage::checksum
