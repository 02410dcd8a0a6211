#include "bench/load/response_parser.h"

#include "tests/catch.h"

using namespace holdfast;
using bench::ResponseParser;
using State = ResponseParser::State;

namespace {

ResponseParser started(const bench::ExpectedAnswer& expected = {}) {
    ResponseParser parser;
    parser.start(expected);
    return parser;
}

}  // namespace

TEST_CASE("ResponseParser: an answer is the same however it is cut", "[bench]") {
    const std::string answer =
        "HTTP/1.1 200 OK\r\nETag: \"abc\"\r\ncontent-length: 5\r\nConnection: keep-alive\r\n\r\n"
        "hello";
    for (std::size_t cut = 1; cut < answer.size(); ++cut) {
        auto parser = started({.capture_bytes_max = 100});
        CHECK(parser.feed(answer.substr(0, cut)) != State::failed);
        CHECK(parser.feed(answer.substr(cut)) == State::done);
        CHECK(parser.status() == 200);
        CHECK(parser.etag() == "\"abc\"");
        CHECK(parser.captured() == "hello");
        CHECK(parser.body_bytes() == 5);
        CHECK_FALSE(parser.closes());
    }
}

TEST_CASE("ResponseParser: a chunked answer is the same however it is cut", "[bench]") {
    const std::string answer =
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
        "5;a=b\r\nhello\r\n1\r\n!\r\n0\r\nx-trailer: 1\r\n\r\n";
    for (std::size_t cut = 1; cut < answer.size(); ++cut) {
        auto parser = started({.capture_bytes_max = 100});
        CHECK(parser.feed(answer.substr(0, cut)) != State::failed);
        CHECK(parser.feed(answer.substr(cut)) == State::done);
        CHECK(parser.captured() == "hello!");
        CHECK(parser.body_bytes() == 6);
    }
}

TEST_CASE("ResponseParser: the answer to a HEAD has a length and no body", "[bench]") {
    auto parser = started({.head_only = true});
    CHECK(parser.feed("HTTP/1.1 200 OK\r\nContent-Length: 4096\r\n\r\n") == State::done);
    CHECK(parser.announced_bytes() == 4096);
    CHECK(parser.body_bytes() == 0);
}

TEST_CASE("ResponseParser: a body that ends early is a failure", "[bench]") {
    auto parser = started();
    CHECK(parser.feed("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n12345") == State::body);
    CHECK(parser.feed_end() == State::failed);
}

TEST_CASE("ResponseParser: an answer without a length ends with the connection", "[bench]") {
    auto parser = started();
    CHECK(parser.feed("HTTP/1.0 200 OK\r\n\r\n12345") == State::body);
    CHECK(parser.feed_end() == State::done);
    CHECK(parser.closes());
    CHECK(parser.body_bytes() == 5);
}

TEST_CASE("ResponseParser: bytes behind the answer are a failure", "[bench]") {
    CHECK(started().feed("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n123") == State::failed);
    CHECK(started().feed("HTTP/1.1 204 No Content\r\n\r\n1") == State::failed);
    CHECK(started().feed("SSH-2.0-OpenSSH_9.2p1\r\n\r\n") == State::failed);
}

TEST_CASE("ResponseParser: 100 Continue is not the answer", "[bench]") {
    auto parser = started();
    CHECK(parser.feed("HTTP/1.1 100 Continue\r\n\r\n") == State::head);
    CHECK(parser.feed("HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n") == State::done);
    CHECK(parser.status() == 204);
    CHECK(parser.closes());
}

TEST_CASE("ResponseParser: only a successful body that nobody looks at may be skipped", "[bench]") {
    auto parser = started();
    parser.feed("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n0123456789");
    CHECK(parser.skippable() == 90);
    CHECK(parser.skip(50) == State::body);
    CHECK(parser.skip(40) == State::done);
    CHECK(parser.body_bytes() == 100);

    auto failure = started();
    failure.feed("HTTP/1.1 503 Slow Down\r\nContent-Length: 100\r\n\r\n<Error>");
    CHECK(failure.skippable() == 0);
    CHECK(failure.captured() == "<Error>");
}

TEST_CASE("ResponseParser: a body that differs from the expected one is noticed", "[bench]") {
    const bench::Body body(std::string("hello"));
    auto parser = started({.same_content = &body});
    parser.feed("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhe");
    CHECK_FALSE(parser.content_differs());
    parser.feed("lxo");
    CHECK(parser.content_differs());
}
