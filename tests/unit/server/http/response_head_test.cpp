#include "server/http/response_head.h"

#include "tests/catch.h"

namespace holdfast::http {
namespace {

TEST_CASE("response head: a value with a control character may not be sent (S-32)",
          "[http][answer]") {
    const auto sendable = [](std::string name, std::string value) {
        ResponseHead head;
        head.headers.emplace_back(std::move(name), std::move(value));
        return may_be_sent(head);
    };
    CHECK(sendable("x-amz-meta-a", "plain \t \xc3\xa9"));
    CHECK_FALSE(sendable("x", "a\r\nSet-Cookie: b"));
    CHECK_FALSE(sendable("x", "a\n"));
    CHECK_FALSE(sendable("x", std::string("a\0", 2)));
    CHECK_FALSE(sendable("x", "\x1b"));
    CHECK_FALSE(sendable("x", "\x7f"));
    CHECK_FALSE(sendable("x y", "a"));
    CHECK_FALSE(sendable("", "a"));
}

TEST_CASE("response head: Date is an IMF-fixdate of the clock and Server is as configured",
          "[http][answer]") {
    using namespace std::chrono;
    base::FakeClock clock(base::WallTime(sys_days{2024y / February / 29}) + 3h + 4min + 5s);
    StandardFields fields(clock, "Unit");
    CHECK(fields.text() == "Date: Thu, 29 Feb 2024 03:04:05 GMT\r\nServer: Unit\r\n");
    clock.advance(milliseconds(999));
    CHECK(fields.text() == "Date: Thu, 29 Feb 2024 03:04:05 GMT\r\nServer: Unit\r\n");
    clock.advance(milliseconds(1));
    CHECK(fields.text() == "Date: Thu, 29 Feb 2024 03:04:06 GMT\r\nServer: Unit\r\n");
}

TEST_CASE("response head: the framing's length replaces the named one", "[http][answer]") {
    ResponseHead head;
    head.status = 206;
    head.headers = {{"ETag", "\"x\""}, {"content-length", "99"}};
    CHECK(named_content_length(head) == 99);
    std::string text = "old";
    Framing framing;
    framing.content_length = 3;
    framing.connection = Framing::Connection::close;
    write_head(text, head, framing, "S: s\r\n");
    CHECK(text ==
          "HTTP/1.1 206 Partial Content\r\nS: s\r\nETag: \"x\"\r\nContent-Length: 3\r\n"
          "Connection: close\r\n\r\n");
}

}  // namespace
}  // namespace holdfast::http
