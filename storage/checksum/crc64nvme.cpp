#include "storage/checksum/crc64nvme.h"

#include <array>

#include "base/assert.h"
#include "storage/checksum/crc_polynomial.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace holdfast::storage::checksum {

namespace {

constexpr auto tables = slicing_tables(crc64nvme_polynomial);

// The register before the final inversion, eight bytes at a time.
std::uint64_t run_table(std::uint64_t state, base::ByteView bytes) {
    while (bytes.size() >= 8) {
        state ^= base::load_le64(bytes);
        std::uint64_t next = 0;
#pragma GCC unroll 8
        for (std::size_t i = 0; i < 8; ++i) next ^= tables[7 - i][(state >> (8 * i)) & 0xff];
        state = next;
        bytes = bytes.subspan(8);
    }
    for (const std::uint8_t byte : bytes) state = (state >> 8) ^ tables[0][(state ^ byte) & 0xff];
    return state;
}

#if defined(__x86_64__)

constexpr std::size_t lanes = 8;
constexpr std::size_t lane_bytes = 16;
constexpr std::size_t stride_bytes = lanes * lane_bytes;

// To carry 16 bytes `distance` bytes ahead in the message their first half is multiplied by
// x^(bits + 64) and their second by x^bits. A carry-less product in reflected order comes out
// multiplied by x, hence the -1.
struct Fold {
    std::uint64_t first_half;
    std::uint64_t second_half;
};
constexpr Fold fold_by(std::size_t distance) {
    return {x_power(8 * distance + 63, crc64nvme_polynomial),
            x_power(8 * distance - 1, crc64nvme_polynomial)};
}

[[gnu::target("pclmul")]] inline __m128i load(const std::uint8_t* from) {
    return _mm_loadu_si128(reinterpret_cast<const __m128i*>(from));
}

[[gnu::target("pclmul")]] inline __m128i as_vector(Fold fold) {
    return _mm_set_epi64x(static_cast<long long>(fold.second_half),
                          static_cast<long long>(fold.first_half));
}

[[gnu::target("pclmul")]] inline __m128i carry(__m128i value, __m128i fold, __m128i onto) {
    const __m128i first = _mm_clmulepi64_si128(value, fold, 0x00);
    const __m128i second = _mm_clmulepi64_si128(value, fold, 0x11);
    return _mm_xor_si128(_mm_xor_si128(first, second), onto);
}

// REQUIRES: at least one stride. Eight lanes hide the latency of the multiplication. What is left
// in the end is a 16-byte message with the same CRC; the table finishes it, which saves a reduction
// with constants of its own and costs nothing measurable.
[[gnu::target("pclmul")]] std::uint64_t run_folding(std::uint64_t state, base::ByteView bytes) {
    __m128i lane[lanes];  // not std::array: gcc drops the type's attributes there
    for (std::size_t i = 0; i < lanes; ++i) lane[i] = load(bytes.data() + i * lane_bytes);
    lane[0] = _mm_xor_si128(lane[0], _mm_set_epi64x(0, static_cast<long long>(state)));
    bytes = bytes.subspan(stride_bytes);

    constexpr Fold stride_fold = fold_by(stride_bytes);
    const __m128i by_stride = as_vector(stride_fold);
    while (bytes.size() >= stride_bytes) {
#pragma GCC unroll 8
        for (std::size_t i = 0; i < lanes; ++i)
            lane[i] = carry(lane[i], by_stride, load(bytes.data() + i * lane_bytes));
        bytes = bytes.subspan(stride_bytes);
    }

    constexpr Fold lane_fold = fold_by(lane_bytes);
    const __m128i by_lane = as_vector(lane_fold);
    __m128i folded = lane[0];
    for (std::size_t i = 1; i < lanes; ++i) folded = carry(folded, by_lane, lane[i]);
    while (bytes.size() >= lane_bytes) {
        folded = carry(folded, by_lane, load(bytes.data()));
        bytes = bytes.subspan(lane_bytes);
    }

    std::array<std::uint8_t, lane_bytes> rest;
    _mm_storeu_si128(reinterpret_cast<__m128i*>(rest.data()), folded);
    return run_table(run_table(0, rest), bytes);
}

#endif

}  // namespace

std::uint64_t crc64nvme_by_table(std::uint64_t crc, base::ByteView bytes) {
    return ~run_table(~crc, bytes);
}

#if defined(__x86_64__)

bool crc64nvme_can_fold() {
    static const bool can = __builtin_cpu_supports("pclmul");
    return can;
}

std::uint64_t crc64nvme_by_folding(std::uint64_t crc, base::ByteView bytes) {
    HF_ASSERT(crc64nvme_can_fold());
    if (bytes.size() < stride_bytes) return crc64nvme_by_table(crc, bytes);
    return ~run_folding(~crc, bytes);
}

#else

bool crc64nvme_can_fold() {
    return false;
}

std::uint64_t crc64nvme_by_folding(std::uint64_t crc, base::ByteView bytes) {
    HF_ASSERT(crc64nvme_can_fold());
    return crc64nvme_by_table(crc, bytes);
}

#endif

std::uint64_t crc64nvme(std::uint64_t crc, base::ByteView bytes) {
    return crc64nvme_can_fold() ? crc64nvme_by_folding(crc, bytes) : crc64nvme_by_table(crc, bytes);
}

}  // namespace holdfast::storage::checksum
