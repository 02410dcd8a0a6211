// Head parser and chunk framing: every way of splitting the bytes gives one result (S-20, S-24).
#include <cstdlib>

#include "server/http/chunk_framing.h"
#include "server/http/request_parser.h"

using namespace holdfast;

namespace {

struct Outcome {
    http::RequestParser::State state;
    unsigned status;
    std::string_view code;
    http::RequestHead head;
    std::size_t used;
    http::ChunkFraming::State framing;
    std::string body;
};

/// Pieces of 1 to `step_max` bytes, in a pattern that depends on `seed`.
class Pieces {
public:
    Pieces(std::size_t seed, std::size_t step_max) : state_(seed), step_max_(step_max) {}
    std::size_t next() {
        state_ = state_ * 6364136223846793005U + 1442695040888963407U;
        return 1 + (state_ >> 33) % step_max_;
    }

private:
    std::size_t state_;
    std::size_t step_max_;
};

Outcome run(std::string_view text, Pieces pieces, const http::Limits& limits) {
    http::RequestParser parser(limits);
    std::size_t used = 0;
    std::size_t shown = 0;
    while (parser.state() == http::RequestParser::State::incomplete && shown < text.size()) {
        shown = std::min(text.size(), shown + pieces.next());
        used += parser.parse(text.substr(used, shown - used));
    }
    http::ChunkFraming framing;
    std::string body;
    while (used < text.size()) {
        const auto piece = text.substr(used, pieces.next());
        if (framing.state() == http::ChunkFraming::State::data) {
            const auto count = std::min<std::uint64_t>(piece.size(), framing.data_bytes());
            body += piece.substr(0, count);
            framing.data_taken(count);
            used += count;
        } else if (framing.state() == http::ChunkFraming::State::framing) {
            used += framing.parse(base::as_bytes(piece));
        } else {
            break;
        }
    }
    const auto& refusal = parser.refusal();
    return {parser.state(), refusal.status,  refusal.code, parser.head(),
            used,           framing.state(), body};
}

void require(bool condition) {
    if (!condition) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    http::Limits limits;
    limits.request_line_bytes_max = 64;
    limits.header_section_bytes_max = 256;
    limits.header_count_max = 8;
    const std::string_view text = base::as_text({data + 1, size - 1});
    const Outcome whole = run(text, Pieces(0, 1'000'000), limits);
    for (const std::size_t step_max : {1U, 3U, 40U}) {
        const Outcome split = run(text, Pieces(data[0], step_max), limits);
        require(split.state == whole.state && split.status == whole.status);
        require(split.code == whole.code);
        if (whole.state == http::RequestParser::State::refused) continue;
        require(split.used == whole.used && split.framing == whole.framing);
        require(split.body == whole.body && split.head.method == whole.head.method);
        require(split.head.target == whole.head.target);
        require(split.head.headers == whole.head.headers);
        require(split.head.content_length == whole.head.content_length);
        require(!(whole.head.chunked && whole.head.content_length.has_value()) ||
                whole.state != http::RequestParser::State::complete);
    }
    return 0;
}
