/// aws-chunked bodies for the decoder's tests, well and badly made.
#pragma once

#include <algorithm>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "auth/chunked_decoder.h"
#include "auth/hashing.h"
#include "tests/unit/auth/requests.h"

namespace holdfast::auth::testing {

inline ChunkSigning signing_from(std::string_view seed) {
    ChunkSigning signing;
    signing.signing_key =
        signing_key(base::Secret(std::string(secret_key)), "20130524", "us-east-1", "s3");
    signing.timestamp = timestamp;
    signing.scope = scope;
    signing.seed = seed;
    return signing;
}

inline std::string hex(std::uint64_t number) {
    static constexpr char digits[] = "0123456789abcdef";
    std::string text;
    do text.insert(text.begin(), digits[number & 15]);
    while ((number >>= 4) != 0);
    return text;
}

/// Writes a signed stream as a client does.
class SignedStream {
public:
    explicit SignedStream(std::string seed) : previous_(std::move(seed)) {}

    SignedStream& chunk(std::string_view data) {
        body_ += hex(data.size()) + ";chunk-signature=" + next_signature(data) + "\r\n";
        if (!data.empty()) body_.append(data).append("\r\n");
        return *this;
    }
    SignedStream& trailer(std::string_view name, std::string_view value,
                          std::string_view line_end = "\r\n") {
        trailers_.append(name).append(":").append(value).append("\n");
        body_.append(name).append(":").append(value).append(line_end);
        return *this;
    }
    SignedStream& trailer_signature() {
        return text("x-amz-trailer-signature:" + trailer_signature_value() + "\r\n");
    }
    SignedStream& text(std::string_view raw) {
        body_ += raw;
        return *this;
    }
    [[nodiscard]] const std::string& body() const { return body_; }
    [[nodiscard]] const std::string& last_signature() const { return previous_; }
    [[nodiscard]] std::string trailer_signature_value() const {
        return signed_text("AWS4-HMAC-SHA256-TRAILER", "",
                           base::to_hex(sha256(base::as_bytes(trailers_))));
    }

private:
    std::string next_signature(std::string_view data) {
        previous_ = signed_text("AWS4-HMAC-SHA256-PAYLOAD", std::string(empty_sha256) + "\n",
                                base::to_hex(sha256(base::as_bytes(data))));
        return previous_;
    }
    [[nodiscard]] std::string signed_text(const std::string& algorithm, const std::string& middle,
                                          const std::string& hash) const {
        const auto signing = signing_from(previous_);
        return sign(signing.signing_key, algorithm + "\n" + signing.timestamp + "\n" +
                                             signing.scope + "\n" + previous_ + "\n" + middle +
                                             hash);
    }

    std::string previous_;
    std::string body_;
    std::string trailers_;
};

/// What came out of a stream, whole or not.
struct Outcome {
    std::string payload;
    bool complete = false;
    std::optional<AuthError> error;
    Trailer trailer;
};

/// `next_piece` says how many of the bytes left are handed over next.
template <class NextPiece>
Outcome decode_in_pieces(ChunkedOptions options, std::string_view body, NextPiece next_piece) {
    ChunkedDecoder decoder(std::move(options));
    Outcome outcome;
    while (!body.empty() && !outcome.error) {
        const auto size = std::clamp<std::size_t>(next_piece(body.size()), 1, body.size());
        std::vector<std::uint8_t> piece(body.begin(),
                                        body.begin() + static_cast<std::ptrdiff_t>(size));
        body.remove_prefix(size);
        auto decoded = decoder.decode(piece);
        if (decoded)
            outcome.payload.append(piece.begin(),
                                   piece.begin() + static_cast<std::ptrdiff_t>(*decoded));
        else
            outcome.error = decoded.error();
    }
    outcome.complete = decoder.complete();
    auto finished = decoder.finish();
    if (finished)
        outcome.trailer = *finished;
    else
        outcome.error = finished.error();
    return outcome;
}

inline Outcome decode_whole(ChunkedOptions options, std::string_view body) {
    return decode_in_pieces(std::move(options), body, [](std::size_t left) { return left; });
}

}  // namespace holdfast::auth::testing
