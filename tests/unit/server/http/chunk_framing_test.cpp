#include "server/http/chunk_framing.h"

#include "tests/catch.h"

namespace holdfast::http {
namespace {

using State = ChunkFraming::State;

struct Decoded {
    State state;
    std::string body;
    std::size_t used;
};

Decoded decode(std::string_view text, std::size_t step = std::string_view::npos) {
    ChunkFraming framing;
    std::string body;
    std::size_t at = 0;
    while (at < text.size()) {
        const auto piece = text.substr(at, step);
        if (framing.state() == State::data) {
            const auto count = std::min<std::uint64_t>(framing.data_bytes(), piece.size());
            body += piece.substr(0, count);
            framing.data_taken(count);
            at += count;
        } else if (framing.state() == State::framing) {
            at += framing.parse(base::as_bytes(piece));
        } else {
            break;
        }
    }
    return {framing.state(), body, at};
}

State state_of(const std::string& text) {
    const Decoded whole = decode(text);
    const Decoded split = decode(text, 1);
    CHECK(whole.state == split.state);
    CHECK(whole.body == split.body);
    CHECK(whole.used == split.used);
    return whole.state;
}

TEST_CASE("chunked body: data comes out whole, and what follows is left alone", "[http][chunked]") {
    const std::string text = "3\r\nabc\r\n00A;x=\"y\"\r\n0123456789\r\n0\r\n\r\nGET";
    const Decoded got = decode(text);
    CHECK(got.state == State::done);
    CHECK(got.body == "abc0123456789");
    CHECK(got.used == text.size() - 3);
    CHECK(state_of(text) == State::done);
}

TEST_CASE("chunked body: trailers are read and dropped", "[http][chunked]") {
    CHECK(state_of("0\r\nx-amz-checksum-crc32: AAAA\r\nY:\r\n\r\n") == State::done);
    CHECK(state_of("0\r\nx y: a\r\n\r\n") == State::malformed);
    CHECK(state_of("0\r\n folded\r\n\r\n") == State::malformed);
    CHECK(state_of("0\r\nx: " + std::string(chunk_trailer_bytes_max, 'a')) == State::malformed);
    CHECK(state_of("0\r\nx: a\n\r\n") == State::malformed);
}

TEST_CASE("chunked body: malformed framing is refused (S-20)", "[http][chunked]") {
    CHECK(state_of("\r\n") == State::malformed);
    CHECK(state_of("x\r\n") == State::malformed);
    CHECK(state_of("-1\r\n") == State::malformed);
    CHECK(state_of("0x1\r\n") == State::malformed);
    CHECK(state_of(" 1\r\n") == State::malformed);
    CHECK(state_of("1 \r\n") == State::malformed);
    CHECK(state_of("1\n") == State::malformed);
    CHECK(state_of("1\r\nab") == State::malformed);
    CHECK(state_of("1\r\na\nb") == State::malformed);
    CHECK(state_of("1\r\na\r\r") == State::malformed);
    CHECK(state_of("0\r\n\rx") == State::malformed);
    CHECK(state_of("8000000000000000\r\n") == State::malformed);
    CHECK(state_of("7fffffffffffffff\r\n") == State::data);
    CHECK(state_of("00000000000000001\r\n") == State::malformed);
    CHECK(state_of("1;" + std::string(chunk_extension_bytes_max, 'a') + "\r\n") == State::data);
    CHECK(state_of("1;" + std::string(chunk_extension_bytes_max + 1, 'a') + "\r\n") ==
          State::malformed);
    CHECK(state_of(std::string("1;a\0\r\n", 6)) == State::malformed);
}

TEST_CASE("chunked body: an unfinished one waits for more", "[http][chunked]") {
    CHECK(state_of("") == State::framing);
    CHECK(state_of("5\r\nabc") == State::data);
    CHECK(state_of("0\r\n") == State::framing);
}

}  // namespace
}  // namespace holdfast::http
