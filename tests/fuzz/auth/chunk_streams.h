/// One aws-chunked stream twice: in one piece, and in the pieces the input asks for.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "auth/chunked_decoder.h"
#include "tests/fuzz/auth/fuzz_bench.h"

namespace holdfast::auth::fuzzing {

struct Outcome {
    std::string payload;
    std::optional<AuthError> error;
    Trailer trailer;
    bool complete = false;
};

/// Piece lengths come from `sizes`, over and over; without any the stream comes whole.
inline Outcome decode(const ChunkedOptions& options, std::string_view body,
                      std::string_view sizes) {
    ChunkedDecoder decoder(options);
    Outcome outcome;
    for (std::size_t turn = 0; !body.empty() && !outcome.error; ++turn) {
        std::size_t length = body.size();
        if (!sizes.empty())
            length = std::min<std::size_t>(
                length, 1 + static_cast<std::uint8_t>(sizes[turn % sizes.size()]));
        std::vector<std::uint8_t> piece(body.begin(),
                                        body.begin() + static_cast<std::ptrdiff_t>(length));
        body.remove_prefix(length);
        const auto decoded = decoder.decode(piece);
        if (!decoded) {
            outcome.error = decoded.error();
            break;
        }
        HF_ASSERT(*decoded <= piece.size());
        outcome.payload.append(piece.begin(),
                               piece.begin() + static_cast<std::ptrdiff_t>(*decoded));
    }
    outcome.complete = decoder.complete();
    auto finished = decoder.finish();
    HF_ASSERT(finished.has_value() == outcome.complete);
    if (finished)
        outcome.trailer = *finished;
    else
        outcome.error = finished.error();
    return outcome;
}

inline void check_splits(const ChunkedOptions& options, std::string_view body,
                         std::string_view sizes) {
    const auto whole = decode(options, body, {});
    const auto pieces = decode(options, body, sizes);
    HF_ASSERT(whole.complete == pieces.complete);
    HF_ASSERT(whole.error.has_value() == pieces.error.has_value());
    if (whole.error) {
        HF_ASSERT(whole.error->code == pieces.error->code);
        HF_ASSERT(whole.error->fields == pieces.error->fields);
        return;
    }
    HF_ASSERT(whole.payload == pieces.payload && whole.payload.size() == options.decoded_bytes);
    HF_ASSERT(whole.trailer.name == pieces.trailer.name &&
              whole.trailer.value == pieces.trailer.value);
}

}  // namespace holdfast::auth::fuzzing
