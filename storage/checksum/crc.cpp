#include "storage/checksum/crc.h"

#include <isa-l/crc.h>

#include <algorithm>

#include "base/assert.h"
#include "storage/checksum/crc64nvme.h"
#include "storage/checksum/crc_polynomial.h"

namespace holdfast::storage::checksum {

namespace {

using model::ChecksumAlgorithm;

std::uint32_t next_crc32(std::uint32_t crc, base::ByteView bytes) {
    return crc32_gzip_refl(crc, bytes.data(), bytes.size());
}

std::uint32_t next_crc32c(std::uint32_t crc, base::ByteView bytes) {
    // ISA-L takes a length of type int, and leaves both inversions to the caller.
    constexpr std::size_t piece_bytes_max = std::size_t{1} << 30;
    while (!bytes.empty()) {
        const auto piece = bytes.first(std::min(bytes.size(), piece_bytes_max));
        // It does not write to the buffer; only its signature says it might.
        crc = ~crc32_iscsi(const_cast<unsigned char*>(piece.data()), static_cast<int>(piece.size()),
                           ~crc);
        bytes = bytes.subspan(piece.size());
    }
    return crc;
}

template <class Word>
Word load_be(base::ByteView from) {
    if constexpr (sizeof(Word) == 4)
        return base::load_be32(from);
    else
        return base::load_be64(from);
}
void store_be(base::ByteSpan to, std::uint32_t value) {
    base::store_be32(to, value);
}
void store_be(base::ByteSpan to, std::uint64_t value) {
    base::store_be64(to, value);
}

template <class Word, Word (*next)(Word, base::ByteView)>
class CrcDigest final : public Digest {
public:
    void update(base::ByteView bytes) override { crc_ = next(crc_, bytes); }
    base::Bytes finish() override {
        base::Bytes digest(sizeof(Word));
        store_be(digest, crc_);
        return digest;
    }

private:
    Word crc_ = 0;
};

/// Moves A's CRC over the bits of B: a CRC is linear, so that of zeros in B's place is a product.
template <class Word, Word polynomial>
base::Bytes combined(base::ByteView crc_a, base::ByteView crc_b, std::uint64_t length_b) {
    static constexpr auto powers = powers_of_two(polynomial);
    constexpr std::size_t first_power = 3;  // a byte has 2^3 bits
    Word crc = load_be<Word>(crc_a);
    for (std::size_t i = first_power; length_b != 0; ++i, length_b >>= 1)
        if (length_b & 1) crc = multiply(powers[i], crc, polynomial);
    base::Bytes bytes(sizeof(Word));
    store_be(bytes, static_cast<Word>(crc ^ load_be<Word>(crc_b)));
    return bytes;
}

}  // namespace

bool is_crc(ChecksumAlgorithm algorithm) {
    return algorithm == ChecksumAlgorithm::crc32 || algorithm == ChecksumAlgorithm::crc32c ||
           algorithm == ChecksumAlgorithm::crc64nvme;
}

std::unique_ptr<Digest> make_crc_digest(ChecksumAlgorithm algorithm) {
    HF_ASSERT(is_crc(algorithm));
    if (algorithm == ChecksumAlgorithm::crc32)
        return std::make_unique<CrcDigest<std::uint32_t, next_crc32>>();
    if (algorithm == ChecksumAlgorithm::crc32c)
        return std::make_unique<CrcDigest<std::uint32_t, next_crc32c>>();
    return std::make_unique<CrcDigest<std::uint64_t, crc64nvme>>();
}

std::uint32_t crc32c(base::ByteView bytes) {
    return next_crc32c(0, bytes);
}

base::Bytes combine_crc(ChecksumAlgorithm algorithm, base::ByteView crc_a, base::ByteView crc_b,
                        std::uint64_t length_b) {
    HF_ASSERT(is_crc(algorithm));
    HF_ASSERT(crc_a.size() == model::digest_bytes(algorithm) && crc_b.size() == crc_a.size());
    if (algorithm == ChecksumAlgorithm::crc32)
        return combined<std::uint32_t, crc32_polynomial>(crc_a, crc_b, length_b);
    if (algorithm == ChecksumAlgorithm::crc32c)
        return combined<std::uint32_t, crc32c_polynomial>(crc_a, crc_b, length_b);
    return combined<std::uint64_t, crc64nvme_polynomial>(crc_a, crc_b, length_b);
}

}  // namespace holdfast::storage::checksum
