/// The line in front of a chunk's data. source: spec auth K-05, K-07. threads: any.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace holdfast::auth {

struct ChunkHeader {
    std::uint64_t bytes = 0;
    std::string_view signature;  ///< 64 hexadecimal digits; empty in an unsigned stream
};

/// `line` has no CRLF. Nothing when it is anything else than "hex" or, in a signed stream,
/// "hex;chunk-signature=" and a signature.
std::optional<ChunkHeader> parse_chunk_header(std::string_view line, bool is_signed);

}  // namespace holdfast::auth
