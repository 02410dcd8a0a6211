#include "storage/checksum/md5_lanes.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/assert.h"

namespace holdfast::storage::checksum {

namespace {

constexpr std::size_t block_words = 16;

// floor(2^32 * abs(sin(i + 1))), RFC 1321 section 3.4.
constexpr std::uint32_t sines[64] = {
    0xd76aa478, 0xe8c7b756, 0x242070db, 0xc1bdceee, 0xf57c0faf, 0x4787c62a, 0xa8304613, 0xfd469501,
    0x698098d8, 0x8b44f7af, 0xffff5bb1, 0x895cd7be, 0x6b901122, 0xfd987193, 0xa679438e, 0x49b40821,
    0xf61e2562, 0xc040b340, 0x265e5a51, 0xe9b6c7aa, 0xd62f105d, 0x02441453, 0xd8a1e681, 0xe7d3fbc8,
    0x21e1cde6, 0xc33707d6, 0xf4d50d87, 0x455a14ed, 0xa9e3e905, 0xfcefa3f8, 0x676f02d9, 0x8d2a4c8a,
    0xfffa3942, 0x8771f681, 0x6d9d6122, 0xfde5380c, 0xa4beea44, 0x4bdecfa9, 0xf6bb4b60, 0xbebfbc70,
    0x289b7ec6, 0xeaa127fa, 0xd4ef3085, 0x04881d05, 0xd9d4d039, 0xe6db99e5, 0x1fa27cf8, 0xc4ac5665,
    0xf4292244, 0x432aff97, 0xab9423a7, 0xfc93a039, 0x655b59c3, 0x8f0ccc92, 0xffeff47d, 0x85845dd1,
    0x6fa87e4f, 0xfe2ce6e0, 0xa3014314, 0x4e0811a1, 0xf7537e82, 0xbd3af235, 0x2ad7d2bb, 0xeb86d391};

constexpr int rotations[4][4] = {{7, 12, 17, 22}, {5, 9, 14, 20}, {4, 11, 16, 23}, {6, 10, 15, 21}};

constexpr std::size_t word_of_step(int step) {
    const auto i = static_cast<std::size_t>(step);
    switch (step / 16) {
        case 0:
            return i;
        case 1:
            return (5 * i + 1) % block_words;
        case 2:
            return (3 * i + 5) % block_words;
        default:
            return (7 * i) % block_words;
    }
}

// One word of each lane's message or state.
template <std::size_t lanes>
struct Vector {
    typedef std::uint32_t Type __attribute__((vector_size(lanes * sizeof(std::uint32_t))));
};
template <std::size_t lanes>
using Words = typename Vector<lanes>::Type;

// Everything that sees a vector is inlined into the function that has the processor's target:
// vectors are never passed or returned by value.
#define HF_INLINE [[gnu::always_inline]] inline

// Each step waits for the one before through `mixed` alone; what can be added beforehand must be.
// GCC would add in another order, which makes the chain a fifth longer.
#if defined(__GNUC__) && !defined(__clang__)
#define HF_NOT_REORDERED(vector) asm("" : "+v"(vector))
#else
#define HF_NOT_REORDERED(vector) static_cast<void>(vector)
#endif

template <int step, class V>
HF_INLINE void mix(const V& b, const V& c, const V& d, V& out) {
    if constexpr (step < 16)
        out = d ^ (b & (c ^ d));
    else if constexpr (step < 32)
        out = (c & ~d) + (b & d);  // no bit is in both halves, and only one waits for b
    else if constexpr (step < 48)
        out = b ^ c ^ d;
    else
        out = c ^ (b | ~d);
}

template <int step, class V>
HF_INLINE void take_step(V (&state)[4], const V (&words)[block_words]) {
    constexpr int rotation = rotations[step / 16][step % 4];
    V& a = state[(64 - step) % 4];
    const V& b = state[(65 - step) % 4];
    const V& c = state[(66 - step) % 4];
    const V& d = state[(67 - step) % 4];
    V mixed;
    mix<step>(b, c, d, mixed);
    V sum = a + (words[word_of_step(step)] + sines[step]);
    HF_NOT_REORDERED(sum);
    sum += mixed;
    a = b + ((sum << rotation) | (sum >> (32 - rotation)));
}

template <class V, int... step>
HF_INLINE void take_steps(V (&state)[4], const V (&words)[block_words],
                          std::integer_sequence<int, step...>) {
    (take_step<step>(state, words), ...);
}

// out_low, out_high: the elements of a and b in turn.
template <class V, int... i>
HF_INLINE void interleave(const V& a, const V& b, V& out_low, V& out_high,
                          std::integer_sequence<int, i...>) {
    constexpr int lanes = sizeof...(i);
    out_low = __builtin_shufflevector(a, b, (i / 2 + (i % 2) * lanes)...);
    out_high = __builtin_shufflevector(a, b, (lanes / 2 + i / 2 + (i % 2) * lanes)...);
}

// rows[lane] holds words of one lane's message; afterwards rows[word] holds one word of each lane.
template <std::size_t lanes>
HF_INLINE void transpose(Words<lanes> (&rows)[lanes]) {
    constexpr auto all = std::make_integer_sequence<int, static_cast<int>(lanes)>{};
#pragma GCC unroll 4
    for (std::size_t stage = 1; stage < lanes; stage *= 2) {
        Words<lanes> next[lanes];
#pragma GCC unroll 16
        for (std::size_t i = 0; i < lanes / 2; ++i)
            interleave(rows[i], rows[i + lanes / 2], next[2 * i], next[2 * i + 1], all);
#pragma GCC unroll 16
        for (std::size_t i = 0; i < lanes; ++i) rows[i] = next[i];
    }
}

template <std::size_t lanes>
HF_INLINE void load_block(const std::uint8_t* const (&from)[lanes], std::size_t offset,
                          Words<lanes> (&words)[block_words]) {
    constexpr std::size_t row_bytes = lanes * sizeof(std::uint32_t);
#pragma GCC unroll 2
    for (std::size_t half = 0; half < block_words / lanes; ++half) {
        Words<lanes> rows[lanes];
#pragma GCC unroll 16
        for (std::size_t i = 0; i < lanes; ++i)
            std::memcpy(&rows[i], from[i] + offset + half * row_bytes, row_bytes);
        transpose<lanes>(rows);
#pragma GCC unroll 16
        for (std::size_t i = 0; i < lanes; ++i) words[half * lanes + i] = rows[i];
    }
}

// state[word][lane]
template <std::size_t lanes>
using LaneStates = std::uint32_t[4][lanes];

template <std::size_t lanes>
HF_INLINE void hash_blocks(LaneStates<lanes>& states, const std::uint8_t* const (&from)[lanes],
                           std::size_t blocks) {
    Words<lanes> state[4];
    std::memcpy(&state, &states, sizeof(state));
    for (std::size_t block = 0; block < blocks; ++block) {
        Words<lanes> words[block_words];
        load_block<lanes>(from, block * md5_block_bytes, words);
        Words<lanes> before[4] = {state[0], state[1], state[2], state[3]};
        take_steps(state, words, std::make_integer_sequence<int, 64>{});
        for (int i = 0; i < 4; ++i) state[i] += before[i];
    }
    std::memcpy(&states, &state, sizeof(state));
}

#undef HF_INLINE
#undef HF_NOT_REORDERED

#if defined(__x86_64__)

[[gnu::target("avx512f,avx512vl,avx512bw")]] void hash_16(LaneStates<16>& states,
                                                          const std::uint8_t* const (&from)[16],
                                                          std::size_t blocks) {
    hash_blocks<16>(states, from, blocks);
}

[[gnu::target("avx2")]] void hash_8(LaneStates<8>& states, const std::uint8_t* const (&from)[8],
                                    std::size_t blocks) {
    hash_blocks<8>(states, from, blocks);
}

bool has_16_lanes() {
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") &&
           __builtin_cpu_supports("avx512bw");
}
bool has_8_lanes() {
    return __builtin_cpu_supports("avx2");
}

#endif

// Hashes `bytes` bytes from the front of each of at most `lanes` pieces, which stand at block
// boundaries. Lanes without a piece hash the first one again, for nothing.
template <std::size_t lanes, class Hash>
void hash_front(std::span<Md5Piece> pieces, std::size_t bytes, Hash hash) {
    LaneStates<lanes> states;
    const std::uint8_t* from[lanes];
    for (std::size_t lane = 0; lane < lanes; ++lane) {
        const auto& piece = pieces[lane < pieces.size() ? lane : 0];
        const auto words = piece.stream->words();
        for (std::size_t word = 0; word < words.size(); ++word) states[word][lane] = words[word];
        from[lane] = piece.bytes.data();
    }
    hash(states, from, bytes / md5_block_bytes);
    for (std::size_t lane = 0; lane < pieces.size(); ++lane) {
        auto& piece = pieces[lane];
        piece.stream->advance({states[0][lane], states[1][lane], states[2][lane], states[3][lane]},
                              bytes);
        piece.bytes = piece.bytes.subspan(bytes);
    }
}

void hash_front([[maybe_unused]] std::span<Md5Piece> pieces, [[maybe_unused]] std::size_t bytes,
                [[maybe_unused]] std::size_t lanes) {
#if defined(__x86_64__)
    if (lanes == 16) return hash_front<16>(pieces, bytes, hash_16);
    if (lanes == 8) return hash_front<8>(pieces, bytes, hash_8);
#endif
    HF_ASSERT(false);
}

void update_alone(Md5Piece& piece, std::size_t bytes) {
    piece.stream->update(piece.bytes.first(bytes));
    piece.bytes = piece.bytes.subspan(bytes);
}

// Up to the next block boundary alone, so that lanes can take over there.
void align(Md5Piece& piece) {
    update_alone(piece, std::min(piece.stream->bytes_to_block_boundary(), piece.bytes.size()));
}

}  // namespace

bool md5_has_lanes(std::size_t lanes) {
#if defined(__x86_64__)
    if (lanes == 16) return has_16_lanes();
    if (lanes == 8) return has_8_lanes();
#endif
    return lanes == 1;
}

std::size_t md5_lane_count() {
    static const std::size_t count = md5_has_lanes(md5_lanes_max) ? md5_lanes_max
                                     : md5_has_lanes(8)           ? 8
                                                                  : 1;
    return count;
}

void md5_update_together(std::span<Md5Piece> pieces) {
    md5_update_together(pieces, md5_lane_count());
}

void md5_update_together(std::span<Md5Piece> pieces, std::size_t lanes) {
    HF_ASSERT(md5_has_lanes(lanes));
    for (auto& piece : pieces) align(piece);
    auto left = pieces;
    while (lanes > 1 && left.size() >= md5_lanes_used_min) {
        // The longest ones, so that the lanes stay full as long as possible.
        std::sort(left.begin(), left.end(), [](const Md5Piece& a, const Md5Piece& b) {
            return a.bytes.size() > b.bytes.size();
        });
        const auto together = left.first(std::min(lanes, left.size()));
        const auto bytes = together.back().bytes.size() / md5_block_bytes * md5_block_bytes;
        if (bytes > 0) hash_front(together, bytes, lanes);
        for (auto& piece : together)
            if (piece.bytes.size() < md5_block_bytes) update_alone(piece, piece.bytes.size());
        const auto used_up = std::partition(
            left.begin(), left.end(), [](const Md5Piece& piece) { return !piece.bytes.empty(); });
        left = left.first(static_cast<std::size_t>(used_up - left.begin()));
    }
    for (auto& piece : left) update_alone(piece, piece.bytes.size());
}

}  // namespace holdfast::storage::checksum
