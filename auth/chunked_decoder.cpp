#include "auth/chunked_decoder.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "auth/chunk_header.h"
#include "auth/chunk_signatures.h"
#include "auth/crlf_line.h"
#include "auth/failures.h"
#include "auth/limits.h"
#include "auth/trailer_section.h"
#include "base/assert.h"

namespace holdfast::auth {

namespace {

/// What the next byte belongs to.
enum class Part { header, data, data_end, trailers, nothing };

TrailerRules trailer_rules(const ChunkedOptions& options) {
    return {options.announced_trailer, options.mode != PayloadMode::signed_chunks,
            options.mode == PayloadMode::signed_chunks_trailer};
}

}  // namespace

struct ChunkedDecoder::State {
    explicit State(ChunkedOptions options)
        : expected(options.decoded_bytes),
          trailers(trailer_rules(options)),
          trailers_signed(options.mode == PayloadMode::signed_chunks_trailer) {
        const bool is_signed = options.mode != PayloadMode::unsigned_chunks_trailer;
        HF_ASSERT(is_signed == options.signing.has_value());
        if (is_signed) signatures.emplace(std::move(*options.signing));
    }

    Result<std::size_t> decode(base::ByteSpan buffer);
    Result<void> take_framing(base::ByteView& from);
    Result<void> take_header(base::ByteView& from);
    Result<void> start_chunk(const ChunkHeader& header);
    std::size_t take_data(base::ByteView& from, std::uint8_t* to);
    Result<void> take_data_end(base::ByteView& from);
    Result<void> take_trailers(base::ByteView& from);
    [[nodiscard]] AuthError incomplete() const;

    const std::uint64_t expected;
    std::optional<ChunkSignatures> signatures;
    TrailerSection trailers;
    const bool trailers_signed;

    Part part = Part::header;
    CrlfLine line;            // the chunk's header, or the CRLF behind its data
    std::string signature;    // of the chunk being read
    std::uint64_t chunk = 0;  // its number, from 1
    std::uint64_t chunk_bytes = 0;
    std::uint64_t chunk_left = 0;
    std::uint64_t decoded = 0;
    std::optional<AuthError> failed;
};

AuthError ChunkedDecoder::State::incomplete() const {
    auto error =
        with(failure(AuthCode::incomplete_body), "NumberBytesExpected", std::to_string(expected));
    return with(std::move(error), "NumberBytesProvided", std::to_string(decoded));
}

Result<std::size_t> ChunkedDecoder::State::decode(base::ByteSpan buffer) {
    base::ByteView rest = buffer;
    std::uint8_t* to = buffer.data();
    while (!rest.empty()) {
        if (part == Part::data) {
            to += take_data(rest, to);
            continue;
        }
        auto taken = take_framing(rest);
        if (!taken) return std::move(taken).error();
    }
    return static_cast<std::size_t>(to - buffer.data());
}

Result<void> ChunkedDecoder::State::take_framing(base::ByteView& from) {
    switch (part) {
        case Part::header:
            return take_header(from);
        case Part::data_end:
            return take_data_end(from);
        case Part::trailers:
            return take_trailers(from);
        case Part::data:
        case Part::nothing:
            break;
    }
    return incomplete();  // a byte behind the end: K-03, K-04
}

Result<void> ChunkedDecoder::State::take_header(base::ByteView& from) {
    const auto progress = line.take(from, chunk_header_bytes_max);
    if (progress == CrlfLine::Progress::too_long) return incomplete();
    if (progress == CrlfLine::Progress::partial) return {};
    const auto header = parse_chunk_header(line.text(), signatures.has_value());
    if (!header) return incomplete();
    auto started = start_chunk(*header);
    line.clear();
    return started;
}

Result<void> ChunkedDecoder::State::start_chunk(const ChunkHeader& header) {
    const bool last = header.bytes == 0;
    if (!last && chunk > 0 && chunk_bytes < chunk_bytes_min)  // K-06
        return with(
            with(failure(AuthCode::invalid_chunk_size_error), "Chunk", std::to_string(chunk)),
            "BadChunkSize", std::to_string(chunk_bytes));
    if (header.bytes > expected - decoded || (last && decoded != expected)) return incomplete();
    ++chunk;
    chunk_bytes = chunk_left = header.bytes;
    signature = header.signature;
    part = last ? Part::trailers : Part::data;
    if (last && signatures) return signatures->verify_chunk(signature);
    return {};
}

std::size_t ChunkedDecoder::State::take_data(base::ByteView& from, std::uint8_t* to) {
    const auto data =
        from.first(static_cast<std::size_t>(std::min<std::uint64_t>(from.size(), chunk_left)));
    if (signatures) signatures->update(data);
    if (to != data.data()) std::memmove(to, data.data(), data.size());
    from = from.subspan(data.size());
    decoded += data.size();
    chunk_left -= data.size();
    if (chunk_left == 0) part = Part::data_end;
    return data.size();
}

Result<void> ChunkedDecoder::State::take_data_end(base::ByteView& from) {
    const auto progress = line.take(from, 2);
    if (progress == CrlfLine::Progress::too_long) return incomplete();
    if (progress == CrlfLine::Progress::partial) return {};
    line.clear();
    part = Part::header;
    if (signatures) return signatures->verify_chunk(signature);
    return {};
}

Result<void> ChunkedDecoder::State::take_trailers(base::ByteView& from) {
    auto taken = trailers.take(from);
    if (!taken || !trailers.complete()) return taken;
    part = Part::nothing;
    if (!trailers_signed) return {};
    if (!trailers.signature()) return incomplete();  // K-17
    return signatures->verify_trailers(*trailers.signature(), trailers.signed_text());
}

ChunkedDecoder::ChunkedDecoder(ChunkedOptions options)
    : state_(std::make_unique<State>(std::move(options))) {}
ChunkedDecoder::~ChunkedDecoder() = default;
ChunkedDecoder::ChunkedDecoder(ChunkedDecoder&&) noexcept = default;

Result<std::size_t> ChunkedDecoder::decode(base::ByteSpan buffer) {
    if (state_->failed) return *state_->failed;
    auto decoded = state_->decode(buffer);
    // What follows a fault has no meaning: the first answer stands.
    if (!decoded) state_->failed = decoded.error();
    return decoded;
}

bool ChunkedDecoder::complete() const {
    return !state_->failed && state_->part == Part::nothing;
}

Result<Trailer> ChunkedDecoder::finish() {
    if (state_->failed) return *state_->failed;
    if (!complete()) return state_->incomplete();  // K-09
    return state_->trailers.trailer();
}

}  // namespace holdfast::auth
