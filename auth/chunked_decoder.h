/// aws-chunked framing, signed and unsigned, with trailers. source: spec auth 1.7 (K-xx).
///
/// A push parser that decodes in place: hand it whatever arrived, it moves the payload bytes to the
/// front. Memory does not depend on chunk sizes. threads: one.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "auth/error.h"
#include "auth/verifier.h"
#include "base/bytes.h"

namespace holdfast::auth {

struct ChunkedOptions {
    PayloadMode mode = PayloadMode::unsigned_chunks_trailer;
    std::optional<ChunkSigning> signing;  ///< with the signed modes
    std::uint64_t decoded_bytes =
        0;  ///< x-amz-decoded-content-length, checked by the caller (K-01, K-02)
    std::string announced_trailer;  ///< lower-case name out of x-amz-trailer, or empty
};

struct Trailer {
    std::string name;   ///< lower case; empty when there was none
    std::string value;  ///< trimmed
};

class ChunkedDecoder {
public:
    explicit ChunkedDecoder(ChunkedOptions options);
    ~ChunkedDecoder();
    ChunkedDecoder(ChunkedDecoder&&) noexcept;

    /// Consumes all of `buffer`; payload bytes are moved to its front. Returns how many.
    Result<std::size_t> decode(base::ByteSpan buffer);
    /// The framing ended exactly (the terminating CRLF was seen): nothing more may follow (K-03).
    [[nodiscard]] bool complete() const;
    /// After the body ended: incomplete_body when the framing did not (K-09), the trailer
    /// otherwise.
    Result<Trailer> finish();

private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace holdfast::auth
