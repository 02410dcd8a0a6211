/// MD5 of several messages at once: each message is one lane of a vector register, so one pass over
/// the rounds hashes up to sixteen blocks. MD5 cannot be made faster within one message.
///
/// threads: any. source: RFC 1321; figures in bench/results.
#pragma once

#include <cstddef>
#include <span>

#include "base/bytes.h"
#include "storage/checksum/md5_stream.h"

namespace holdfast::storage::checksum {

/// One message and what comes next of it.
struct Md5Piece {
    Md5Stream* stream = nullptr;
    base::ByteView bytes;
};

inline constexpr std::size_t md5_lanes_max = 16;
/// The most lanes that this processor has: 16 (AVX-512), 8 (AVX2), 1 when there is nothing to gain.
std::size_t md5_lane_count();
/// Whether it can hash in exactly so many; in one it always can.
bool md5_has_lanes(std::size_t lanes);

/// Fewer messages than this are hashed faster one after the other.
inline constexpr std::size_t md5_lanes_used_min = 3;

/// Adds each piece's bytes to its stream, in as many lanes as there are. The pieces are used up.
/// Allocates nothing. REQUIRES: no stream twice.
void md5_update_together(std::span<Md5Piece> pieces);
/// The same in so many lanes, so that a test can run what a lesser processor would.
/// REQUIRES: the processor has them.
void md5_update_together(std::span<Md5Piece> pieces, std::size_t lanes);

}  // namespace holdfast::storage::checksum
