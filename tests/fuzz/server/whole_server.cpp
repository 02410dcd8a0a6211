// One connection of pipelined requests: however its bytes are split, the answers are the same, byte
// for byte, and so is what is stored afterwards. Nothing is answered with 500.
//
// The input is how to split, then pieces that end with NUL. A piece that begins with "!" is sent as
// it is; any other is a digit for the way of its payload, "METHOD target", lines "name: value", an
// empty line and a body, and is sent as a client sends it that knows the key.
#include <cstdlib>

#include "base/log.h"
#include "tests/fuzz/server/small_server.h"

using namespace holdfast;
using namespace holdfast::test;

namespace {

constexpr std::size_t pieces_max = 12;

void require(bool condition) {
    if (!condition) std::abort();
}

std::string_view take(std::string_view& text, char end) {
    const auto piece = text.substr(0, text.find(end));
    text.remove_prefix(std::min(piece.size() + 1, text.size()));
    return piece;
}

void choose_payload(char way, Request& request) {
    using Mode = auth::PayloadMode;
    switch (way) {
        case '1':
            request.payload(Mode::unsigned_payload);
            break;
        case '2':
            request.payload(Mode::signed_chunks);
            break;
        case '3':
            request.payload(Mode::unsigned_chunks_trailer);
            break;
        case '4':
            request.signing(Signing::presigned).payload(Mode::unsigned_payload);
            break;
        case '5':
            request.signing(Signing::anonymous);
            break;
        case '6':
            request.fault(Fault::bad_hash);
            break;
        default:
            break;
    }
}

std::string bytes_of(const SmallServer& server, std::string_view piece) {
    if (piece.empty()) return {};
    if (piece.front() == '!') return std::string(piece.substr(1));
    const char way = piece.front();
    piece.remove_prefix(1);
    auto line = take(piece, '\n');
    const std::string method(take(line, ' '));
    Request request(method, std::string(line));
    choose_payload(way, request);
    for (auto header = take(piece, '\n'); !header.empty(); header = take(piece, '\n')) {
        const auto name = header.substr(0, header.find(": "));
        header.remove_prefix(std::min(name.size() + 2, header.size()));
        request.header(std::string(name), std::string(header));
    }
    if (way == '3') request.trailer("x-amz-checksum-crc32", checksum_of("CRC32", piece));
    request.body(std::string(piece));
    return server.bytes_of(request);
}

/// Whether a client is told to go on depends on whether it has gone on already.
std::string without_continue(std::string text) {
    for (auto at = text.find(http::continue_text); at != std::string::npos;
         at = text.find(http::continue_text, at))
        text.erase(at, http::continue_text.size());
    return text;
}

std::string outcome(std::string_view script, Pieces pieces) {
    SmallServer server;
    auto heard = without_continue(server.talk(script, pieces));
    std::string questions;
    for (const auto* target : {"/", "/bkt?list-type=2", "/bkt?uploads", "/bkt/k"})
        questions += server.bytes_of(Request("GET", target));
    return heard + server.talk(questions, Pieces::whole());
}

}  // namespace

extern "C" int LLVMFuzzerInitialize(int*, char***) {
    base::log::start({base::log::Level::error, base::log::Format::json, "/dev/null"});
    return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    std::string_view rest = base::as_text(base::ByteView(data + 1, size - 1));
    std::string script;
    const SmallServer client;
    for (std::size_t i = 0; i < pieces_max && !rest.empty(); ++i)
        script += bytes_of(client, take(rest, '\0'));
    const auto whole = outcome(script, Pieces::whole());
    for (const std::size_t step_max : {2U, 90U})
        require(outcome(script, Pieces(data[0], step_max)) == whole);
    constexpr std::string_view failed = "HTTP/1.1 500";
    require(whole.find(failed) == std::string::npos || script.find(failed) != std::string::npos);
    return 0;
}
