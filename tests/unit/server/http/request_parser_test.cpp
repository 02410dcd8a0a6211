#include "server/http/request_parser.h"

#include "tests/catch.h"

namespace holdfast::http {
namespace {

using State = RequestParser::State;

struct Outcome {
    State state;
    unsigned status = 0;
    std::string code;
    RequestHead head;
    bool keep_alive = false;
    std::size_t used = 0;
};

Outcome parse(const std::string& text, std::size_t step = std::string::npos, Limits limits = {}) {
    RequestParser parser(limits);
    std::size_t used = 0;
    std::size_t shown = 0;
    while (parser.state() == State::incomplete && shown < text.size()) {
        shown += std::min(step, text.size() - shown);
        used += parser.parse(std::string_view(text).substr(used, shown - used));
    }
    return {parser.state(), parser.refusal().status, std::string(parser.refusal().code),
            parser.head(),  parser.keep_alive(),     used};
}

/// The same, whole and byte by byte.
unsigned status_of(const std::string& text) {
    const Outcome whole = parse(text);
    const Outcome split = parse(text, 1);
    CHECK(whole.state == split.state);
    CHECK(whole.status == split.status);
    CHECK(whole.code == split.code);
    return whole.state == State::refused ? whole.status : 0;
}

std::string with(const std::string& fields) {
    return "PUT /k HTTP/1.1\r\nHost: h\r\n" + fields + "\r\n";
}

TEST_CASE("request head: names are lowered, values trimmed, the rest is kept as sent (C-02)",
          "[http][parser]") {
    const Outcome got =
        parse("GET //a/./b/..//%2e?x=%20+ HTTP/1.1\r\nHOST: h:1\r\nX-Meta: \t a  b \t\r\n\r\nrest");
    REQUIRE(got.state == State::complete);
    CHECK(got.head.method == "GET");
    CHECK(got.head.target == "//a/./b/..//%2e?x=%20+");
    CHECK(got.head.headers == Headers{{"host", "h:1"}, {"x-meta", "a  b"}});
    CHECK(got.keep_alive);
}

TEST_CASE("request head: bytes behind it are left for the body or the next request",
          "[http][parser]") {
    const std::string head = "GET / HTTP/1.1\r\nHost: h\r\n\r\n";
    CHECK(parse(head + "GET /2").used == head.size());
    CHECK(parse("\r\n" + head).state == State::complete);
    CHECK(status_of("\r\n\r\n" + head) == 400);
}

TEST_CASE("request head: an absolute target is reduced to its path and query (C-18)",
          "[http][parser]") {
    const auto target = [](const std::string& form) {
        return parse("GET " + form + " HTTP/1.1\r\nHost: h:9000\r\n\r\n").head.target;
    };
    CHECK(target("http://h:9000/a//b?c") == "/a//b?c");
    CHECK(target("HTTPS://H:9000") == "/");
    CHECK(target("http://h:9000?list") == "/?list");
    CHECK(status_of("GET http://other/ HTTP/1.1\r\nHost: h\r\n\r\n") == 400);
    CHECK(status_of("GET http://u@h/ HTTP/1.1\r\nHost: u@h\r\n\r\n") == 400);
    CHECK(status_of("GET ftp://h/ HTTP/1.1\r\nHost: h\r\n\r\n") == 400);
    CHECK(status_of("GET http:///x HTTP/1.1\r\nHost: \r\n\r\n") == 400);
    CHECK(status_of("CONNECT h:1 HTTP/1.1\r\nHost: h\r\n\r\n") == 400);
}

TEST_CASE("request head: what can be read in two ways is refused (S-20)", "[http][parser]") {
    CHECK(status_of(with("Content-Length: 1\r\nTransfer-Encoding: chunked\r\n")) == 400);
    CHECK(status_of(with("Transfer-Encoding: chunked\r\nContent-Length: 1\r\n")) == 400);
    CHECK(status_of(with("Content-Length: 1\r\nContent-Length: 1\r\n")) == 400);
    CHECK(status_of(with("Content-Length: 1, 1\r\n")) == 400);
    CHECK(status_of(with("Content-Length: +1\r\n")) == 400);
    CHECK(status_of(with("Content-Length: -1\r\n")) == 400);
    CHECK(status_of(with("Content-Length: 0x1\r\n")) == 400);
    CHECK(status_of(with("Content-Length:\r\n")) == 400);
    CHECK(status_of(with("Content-Length: 9223372036854775807\r\n")) == 0);
    CHECK(status_of(with("Content-Length: 9223372036854775808\r\n")) == 400);
    CHECK(status_of(with("Content-Length: 99999999999999999999999\r\n")) == 400);
    CHECK(status_of(with("Transfer-Encoding: gzip\r\n")) == 501);
    CHECK(status_of(with("Transfer-Encoding: gzip, chunked\r\n")) == 501);
    CHECK(status_of(with("Transfer-Encoding: chunked, chunked\r\n")) == 501);
    CHECK(status_of(with("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n")) == 400);
    CHECK(status_of(with("Transfer-Encoding: Chunked\r\n")) == 0);
    CHECK(status_of("PUT / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n") == 400);
    CHECK(status_of(with("X : a\r\n")) == 400);
    CHECK(status_of(with("X\t: a\r\n")) == 400);
    CHECK(status_of(with(": a\r\n")) == 400);
    CHECK(status_of(with("X\r\n")) == 400);
    CHECK(status_of(with("X: a\r\n b\r\n")) == 400);
    CHECK(status_of(with("X: a\n")) == 400);
    CHECK(status_of(with("X: a\rb\r\n")) == 400);
    CHECK(status_of(with(std::string("X: a\0b\r\n", 8))) == 400);
    CHECK(status_of(with("X: a\x7f\r\n")) == 400);
    CHECK(status_of(with("X: \xc3\xa9\t\r\n")) == 0);
    CHECK(status_of("GET / HTTP/1.1\nHost: h\n\n") == 400);
    CHECK(status_of(with("Host: h\r\n")) == 400);
    CHECK(status_of("GET / HTTP/1.1\r\n\r\n") == 400);
    CHECK(status_of("GET / HTTP/1.1\r\nHost: a b\r\n\r\n") == 400);
}

TEST_CASE("request head: a malformed request line is refused", "[http][parser]") {
    CHECK(status_of("GET /\r\n") == 400);
    CHECK(status_of("GET  / HTTP/1.1\r\n") == 400);
    CHECK(status_of("GET / a HTTP/1.1\r\n") == 400);
    CHECK(status_of(" GET / HTTP/1.1\r\n") == 400);
    CHECK(status_of("G@T / HTTP/1.1\r\n") == 400);
    CHECK(status_of("GET /\x01 HTTP/1.1\r\n") == 400);
    CHECK(status_of("GET / HTTP/2.0\r\n") == 505);
    CHECK(status_of("GET / http/1.1\r\n") == 400);
    CHECK(status_of("PRI * HTTP/2.0\r\n") == 505);
    CHECK(status_of("GET * HTTP/1.1\r\n") == 400);
    CHECK(parse("OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n").head.target == "*");
}

TEST_CASE("request head: limits are judged the same in one piece and byte by byte (S-21)",
          "[http][parser]") {
    Limits limits;
    limits.request_line_bytes_max = 30;
    limits.header_section_bytes_max = 40;
    limits.header_count_max = 3;
    const auto code = [&](const std::string& text) {
        const Outcome whole = parse(text, std::string::npos, limits);
        const Outcome split = parse(text, 1, limits);
        CHECK(whole.state == split.state);
        CHECK(whole.code == split.code);
        return whole.state == State::complete ? "complete" : whole.code;
    };
    const auto line = [](std::size_t bytes) {
        return "GET /" + std::string(bytes - 14, 'a') + " HTTP/1.1\r\nHost: h\r\n";
    };
    CHECK(code(line(30) + "\r\n") == "complete");
    CHECK(code(line(31) + "\r\n") == "URITooLong");
    CHECK(code(std::string(40, 'a')) == "URITooLong");
    const std::string start = line(20);  // 9 bytes of section
    CHECK(code(start + "A: " + std::string(26, 'x') + "\r\n\r\n") == "complete");
    CHECK(code(start + "A: " + std::string(27, 'x') + "\r\n\r\n") ==
          "RequestHeaderSectionTooLarge");
    CHECK(code(start + "A: " + std::string(90, 'x')) == "RequestHeaderSectionTooLarge");
    CHECK(code(start + "A:\r\nB:\r\n\r\n") == "complete");
    CHECK(code(start + "A:\r\nB:\r\nC:\r\n\r\n") == "RequestHeaderSectionTooLarge");
}

TEST_CASE("request head: Expect knows 100-continue only", "[http][parser]") {
    CHECK(status_of(with("Expect: 200-ok\r\n")) == 417);
    CHECK(parse(with("Content-Length: 1\r\nExpect: 100-Continue\r\n")).head.expect_continue);
    const Outcome old = parse("PUT / HTTP/1.0\r\nContent-Length: 1\r\nExpect: x\r\n\r\n");
    CHECK(old.state == State::complete);
    CHECK_FALSE(old.head.expect_continue);
}

TEST_CASE("request head: HTTP/1.1 stays open and HTTP/1.0 closes unless the client says otherwise",
          "[http][parser]") {
    CHECK(parse(with("")).keep_alive);
    CHECK_FALSE(parse(with("Connection: foo, Close\r\n")).keep_alive);
    CHECK_FALSE(parse("GET / HTTP/1.0\r\n\r\n").keep_alive);
    CHECK(parse("GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n").keep_alive);
}

}  // namespace
}  // namespace holdfast::http
