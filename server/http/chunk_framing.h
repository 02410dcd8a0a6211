/// The framing of a chunked body: sizes, extensions, line ends and trailers around the data. The
/// data itself does not pass through here, so that it can go straight into its reader's buffer.
///
/// Extensions and trailers are checked and dropped. source: RFC 9112 7.1; spec auth S-20.
/// threads: none
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/bytes.h"
#include "base/limits.h"

namespace holdfast::http {

/// Extensions of one chunk, and all trailers of a body together.
inline constexpr std::size_t chunk_extension_bytes_max = 1 * base::KiB;
inline constexpr std::size_t chunk_trailer_bytes_max = 8 * base::KiB;

class ChunkFraming {
public:
    enum class State { framing, data, done, malformed };

    /// Uses bytes up to the next data, the body's end, an error or the end of `bytes`; returns how
    /// many.
    std::size_t parse(base::ByteView bytes);

    [[nodiscard]] State state() const { return state_; }
    /// Bytes of data before the next framing. Above 0 exactly in State::data.
    [[nodiscard]] std::uint64_t data_bytes() const { return data_bytes_; }
    /// REQUIRES: count <= data_bytes().
    void data_taken(std::uint64_t count);

private:
    enum class Place {
        size,
        extension,
        size_lf,
        data_cr,
        data_lf,
        trailer_start,
        trailer_name,
        trailer_value,
        trailer_lf,
        end_lf,
    };
    void byte(char c);
    void in_size(char c);
    void in_extension(char c);
    void in_trailer(char c);
    void size_complete();
    void malformed() { state_ = State::malformed; }

    State state_ = State::framing;
    Place place_ = Place::size;
    std::uint64_t data_bytes_ = 0;
    std::size_t size_digits_ = 0;
    std::size_t extension_bytes_ = 0;
    std::size_t trailer_bytes_ = 0;
};

}  // namespace holdfast::http
