#include "server/http/chunk_framing.h"

#include "base/assert.h"
#include "server/http/ascii.h"

namespace holdfast::http {

namespace {

int hex_value(char c) {
    if (is_digit(c)) return c - '0';
    const char lower = to_lower(c);
    if (lower >= 'a' && lower <= 'f') return lower - 'a' + 10;
    return -1;
}

/// Keeps every size below 2^63 and leading zeros from going on for ever.
constexpr std::size_t size_digits_max = 16;
constexpr std::uint64_t size_max = (std::uint64_t{1} << 63) - 1;

}  // namespace

std::size_t ChunkFraming::parse(base::ByteView bytes) {
    std::size_t used = 0;
    while (state_ == State::framing && used < bytes.size()) byte(static_cast<char>(bytes[used++]));
    return used;
}

void ChunkFraming::data_taken(std::uint64_t count) {
    HF_ASSERT(state_ == State::data && count <= data_bytes_);
    data_bytes_ -= count;
    if (data_bytes_ > 0) return;
    state_ = State::framing;
    place_ = Place::data_cr;
}

void ChunkFraming::byte(char c) {
    switch (place_) {
        case Place::size:
            return in_size(c);
        case Place::extension:
            return in_extension(c);
        case Place::size_lf:
            if (c != '\n') return malformed();
            return size_complete();
        case Place::data_cr:
            if (c != '\r') return malformed();
            place_ = Place::data_lf;
            return;
        case Place::data_lf:
            if (c != '\n') return malformed();
            place_ = Place::size;
            size_digits_ = 0;
            extension_bytes_ = 0;
            return;
        case Place::end_lf:
            if (c != '\n') return malformed();
            state_ = State::done;
            return;
        default:
            return in_trailer(c);
    }
}

void ChunkFraming::in_size(char c) {
    const int digit = hex_value(c);
    if (digit >= 0) {
        if (++size_digits_ > size_digits_max) return malformed();
        data_bytes_ = data_bytes_ * 16 + static_cast<std::uint64_t>(digit);
        return;
    }
    if (size_digits_ == 0 || data_bytes_ > size_max) return malformed();
    if (c == '\r') {
        place_ = Place::size_lf;
    } else if (c == ';') {
        place_ = Place::extension;
    } else {
        malformed();
    }
}

void ChunkFraming::in_extension(char c) {
    if (c == '\r') {
        place_ = Place::size_lf;
        return;
    }
    if (!is_value_character(c) || ++extension_bytes_ > chunk_extension_bytes_max) malformed();
}

void ChunkFraming::size_complete() {
    if (data_bytes_ > 0) {
        state_ = State::data;
    } else {
        place_ = Place::trailer_start;
    }
}

void ChunkFraming::in_trailer(char c) {
    if (++trailer_bytes_ > chunk_trailer_bytes_max) return malformed();
    switch (place_) {
        case Place::trailer_start:
            if (c == '\r') {
                place_ = Place::end_lf;
            } else if (is_token_character(c)) {
                place_ = Place::trailer_name;
            } else {
                malformed();
            }
            return;
        case Place::trailer_name:
            if (c == ':') {
                place_ = Place::trailer_value;
            } else if (!is_token_character(c)) {
                malformed();
            }
            return;
        case Place::trailer_value:
            if (c == '\r') {
                place_ = Place::trailer_lf;
            } else if (!is_value_character(c)) {
                malformed();
            }
            return;
        default:
            if (c != '\n') return malformed();
            place_ = Place::trailer_start;
            return;
    }
}

}  // namespace holdfast::http
