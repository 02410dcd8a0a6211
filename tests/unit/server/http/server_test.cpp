// A whole server against a client that speaks raw bytes.
#include "server/http/server.h"

#include "base/log.h"
#include "tests/temporary_directory.h"
#include "tests/unit/server/http/raw_client.h"
#include "tests/unit/server/http/test_server.h"

namespace holdfast::http::test {
namespace {

using namespace std::chrono_literals;

const std::string hello = "GET /hello HTTP/1.1\r\nHost: h\r\n\r\n";

std::string put(const std::string& target, const std::string& fields,
                const std::string& body = {}) {
    return "PUT " + target + " HTTP/1.1\r\nHost: h\r\n" + fields + "\r\n" + body;
}

TEST_CASE("server: pipelined requests are answered in order on one connection", "[http][server]") {
    TestServer server;
    RawClient client(server.port);
    client.send(hello + put("/echo", "Content-Length: 3\r\n", "abc") +
                put("/echo", "Transfer-Encoding: chunked\r\n", "2\r\nde\r\n1\r\nf\r\n0\r\n\r\n") +
                hello);
    CHECK(client.receive().body == "hello");
    CHECK(client.receive().body == "abc");
    CHECK(client.receive().body == "def");
    const Response last = client.receive();
    CHECK(last.body == "hello");
    CHECK(last.says("Server: Holdfast"));
    CHECK_FALSE(last.says("Connection: close"));
}

TEST_CASE("server: a request that comes byte by byte is the same request", "[http][server]") {
    TestServer server;
    RawClient client(server.port);
    const std::string text =
        put("/echo", "Transfer-Encoding: chunked\r\n", "3;x\r\nabc\r\n0\r\nT: t\r\n\r\n");
    for (const char byte : text) client.send({&byte, 1});
    CHECK(client.receive().body == "abc");
    client.send(hello);
    CHECK(client.receive().body == "hello");
}

TEST_CASE("server: large bodies pass in both directions", "[http][server]") {
    TestServer server;
    RawClient client(server.port);
    std::string body(3'000'000, 'a');
    for (std::size_t i = 0; i < body.size(); ++i) body[i] = static_cast<char>('a' + i % 23);
    client.send(put("/echo", "Content-Length: 3000000\r\n", body));
    CHECK(client.receive().body == body);
}

TEST_CASE("server: the connection closes when either side says so", "[http][server]") {
    TestServer server;
    SECTION("the client") {
        RawClient client(server.port);
        client.send("GET /hello HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
        CHECK(client.receive().says("Connection: close"));
        CHECK(client.ended());
    }
    SECTION("HTTP/1.0") {
        RawClient client(server.port);
        client.send("GET /hello HTTP/1.0\r\n\r\n");
        CHECK(client.receive().says("Connection: close"));
        CHECK(client.ended());
    }
    SECTION("HTTP/1.0 with keep-alive stays") {
        RawClient client(server.port);
        client.send("GET /hello HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
        CHECK(client.receive().says("Connection: keep-alive"));
        client.send(hello);
        CHECK(client.receive().body == "hello");
    }
    SECTION("HTTP/1.0 gets a stream of unknown length up to the close") {
        RawClient client(server.port);
        client.send("GET /stream HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
        const std::string all = client.receive_all();
        CHECK(all.find("chunked") == std::string::npos);
        CHECK(all.substr(all.find("\r\n\r\n") + 4) == "one,two");
    }
}

TEST_CASE("server: HEAD and 204 have no body", "[http][server]") {
    TestServer server;
    RawClient client(server.port);
    client.send("HEAD /hello HTTP/1.1\r\nHost: h\r\n\r\n");
    CHECK(client.receive(true).says("Content-Length: 5"));
    client.send("HEAD /stream HTTP/1.1\r\nHost: h\r\n\r\n");
    CHECK(client.receive(true).status() == 200);
    client.send("GET /204 HTTP/1.1\r\nHost: h\r\n\r\n");
    const Response empty = client.receive(true);
    CHECK(empty.status() == 204);
    CHECK(empty.head.find("Content-Length") == std::string::npos);
    client.send("GET /stream HTTP/1.1\r\nHost: h\r\n\r\n");
    CHECK(client.receive().body == "one,two");
}

TEST_CASE("server: 100 Continue is sent when the handler asks for the body, and only then",
          "[http][server]") {
    TestServer server;
    const std::string fields = "Content-Length: 3\r\nExpect: 100-continue\r\n";
    SECTION("read") {
        RawClient client(server.port);
        client.send(put("/echo", fields));
        CHECK(client.receive().status() == 100);
        client.send("abc");
        CHECK(client.receive().body == "abc");
        client.send(hello);
        CHECK(client.receive().body == "hello");
    }
    SECTION("answered without") {
        RawClient client(server.port);
        client.send(put("/ignore", fields));
        const Response response = client.receive();
        CHECK(response.body == "ignored");
        CHECK(response.says("Connection: close"));
        client.end_sending();
        CHECK(client.ended());
    }
    SECTION("with the answer, when the body is there or empty and the connection stays") {
        for (const char* body : {"abc", ""}) {
            RawClient client(server.port);
            const auto length = std::to_string(std::string_view(body).size());
            client.send(put("/echo", "Content-Length: " + length + "\r\nExpect: 100-continue\r\n") +
                        body);
            CHECK(client.receive().status() == 100);
            CHECK(client.receive().body == body);
            client.send(hello);
            CHECK(client.receive().body == "hello");
        }
    }
    SECTION("not at all, when the connection ends with the answer") {
        RawClient client(server.port);
        client.send(put("/echo", fields + "Connection: close\r\n") + "abc");
        const Response response = client.receive();
        CHECK(response.status() == 200);
        CHECK(response.says("Connection: close"));
    }
    SECTION("another expectation") {
        RawClient client(server.port);
        client.send(put("/echo", "Content-Length: 3\r\nExpect: tea\r\n"));
        CHECK(client.receive().status() == 417);
    }
}

TEST_CASE("server: a small unread body is dropped, a large one closes the connection",
          "[http][server]") {
    TestServer server;
    RawClient client(server.port);
    client.send(put("/ignore", "Content-Length: 1000\r\n", std::string(1000, 'a')));
    CHECK_FALSE(client.receive().says("Connection: close"));
    client.send(put("/ignore", "Transfer-Encoding: chunked\r\n", "1\r\na\r\n0\r\n\r\n"));
    CHECK_FALSE(client.receive().says("Connection: close"));
    client.send(put("/ignore", "Content-Length: 1048577\r\n"));
    CHECK(client.receive().says("Connection: close"));
    client.send(std::string(1048577, 'a'));
    client.end_sending();
    CHECK(client.ended());
}

TEST_CASE("server: a refused head is answered and the connection closed (S-20, S-21)",
          "[http][server]") {
    TestServer server;
    const auto answer = [&](const std::string& text) {
        RawClient client(server.port);
        client.send(text);
        const Response response = client.receive();
        CHECK(response.says("Connection: close"));
        client.end_sending();
        CHECK(client.ended());
        return std::to_string(response.status()) + " " + response.body;
    };
    CHECK(answer(put("/echo", "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n") + hello) ==
          "400 BadRequest");
    CHECK(answer("GET /" + std::string(16 * base::KiB, 'a')) == "414 URITooLong");
    CHECK(answer(put("/", "X: " + std::string(8 * base::KiB, 'a'))) ==
          "400 RequestHeaderSectionTooLarge");
    std::string many;
    for (int i = 0; i < 128; ++i) many += "X:\r\n";
    CHECK(answer(put("/", many)) == "400 RequestHeaderSectionTooLarge");
    CHECK(answer(put("/echo", "Transfer-Encoding: chunked\r\n", "zz\r\n")) == "400 BadBody");
}

TEST_CASE("server: a long request line within the limit is served", "[http][server]") {
    TestServer server;
    RawClient client(server.port);
    const std::string query(16 * base::KiB - 25, 'q');
    client.send("GET http://h/hello HTTP/1.1\r\nHost: h\r\n\r\n");
    CHECK(client.receive().body == "hello");
    client.send("GET /?" + query + " HTTP/1.1\r\nHost: h\r\nX: " + std::string(7000, 'x') +
                "\r\n\r\n");
    CHECK(client.receive().status() == 500);  // reached the handler, which does not know it
}

TEST_CASE("server: a handler that fails is answered for", "[http][server]") {
    TestServer server;
    const auto status = [&](const std::string& target) {
        RawClient client(server.port);
        client.send("GET " + target + " HTTP/1.1\r\nHost: h\r\n\r\n");
        const Response response = client.receive();
        CHECK(response.says("Connection: close"));
        CHECK(response.head.find("Set-Cookie") == std::string::npos);
        return response.status();
    };
    CHECK(status("/throw") == 500);
    CHECK(status("/no-memory") == 503);
    CHECK(status("/says-nothing") == 500);
    CHECK(status("/forged") == 500);  // S-32
}

TEST_CASE("server: an aborted answer never looks complete (P10)", "[http][server]") {
    TestServer server;
    RawClient client(server.port);
    client.send("GET /cut HTTP/1.1\r\nHost: h\r\n\r\n");
    const Response response = client.receive();
    CHECK(response.body.size() < 100);
    CHECK(client.ended());
}

TEST_CASE("server: a client that vanishes ends its request and nothing else", "[http][server]") {
    TestServer server;
    SECTION("in the middle of its body") {
        RawClient client(server.port);
        client.send(put("/echo", "Content-Length: 100\r\n", "half"));
        client.vanish();
    }
    SECTION("in the middle of the answer") {
        RawClient client(server.port);
        client.send("GET /endless HTTP/1.1\r\nHost: h\r\n\r\n");
        CHECK(client.receive(true).status() == 200);
        client.vanish();
    }
    CHECK(server.handler.wait_for_failure() == ConnectionError::Kind::closed);
    RawClient other(server.port);
    other.send(hello);
    CHECK(other.receive().body == "hello");
}

TEST_CASE("server: a body that ends early can still be answered", "[http][server]") {
    TestServer server;
    RawClient client(server.port);
    client.send(put("/echo", "Content-Length: 100\r\n", "half"));
    client.end_sending();
    const Response response = client.receive();
    CHECK(response.status() == 400);
    CHECK(response.body == "IncompleteBody");
    CHECK(response.says("Connection: close"));
}

TEST_CASE("server: slow clients are cut at their deadlines (S-23)", "[http][server]") {
    Limits limits;
    SECTION("header") {
        limits.header_timeout = 50ms;
        TestServer server(with_limits(limits));
        RawClient client(server.port);
        client.send("GET / HT");
        CHECK(client.ended());
    }
    SECTION("idle") {
        limits.idle_timeout = 50ms;
        TestServer server(with_limits(limits));
        RawClient client(server.port);
        client.send(hello);
        CHECK(client.receive().body == "hello");
        CHECK(client.ended());
    }
    SECTION("header of a later request") {
        limits.header_timeout = 2s;  // that of the first request runs from the accept
        TestServer server(with_limits(limits));
        RawClient client(server.port);
        client.send(hello);
        CHECK(client.receive().body == "hello");
        client.send("G");
        CHECK(client.ended());
    }
    SECTION("body") {
        limits.body_rate_window = 50ms;
        TestServer server(with_limits(limits));
        RawClient client(server.port);
        client.send(put("/echo", "Content-Length: 100\r\n", "half"));
        CHECK(server.handler.wait_for_failure() == ConnectionError::Kind::timeout);
        CHECK(client.receive().body == "BadBody");
    }
    SECTION("reader") {
        limits.body_rate_window = 50ms;
        TestServer server(with_limits(limits));
        RawClient client(server.port, 4096);
        client.send("GET /endless HTTP/1.1\r\nHost: h\r\n\r\n");
        CHECK(server.handler.wait_for_failure() == ConnectionError::Kind::timeout);
    }
}

TEST_CASE("server: connections over the limit are told so and closed", "[http][server]") {
    Limits limits;
    SECTION("in all") {
        limits.connections_max = 1;
    }
    SECTION("per address") {
        limits.connections_per_address_max = 1;
    }
    TestServer server(with_limits(limits));
    RawClient first(server.port);
    first.send(hello);
    CHECK(first.receive().body == "hello");
    RawClient second(server.port);
    const Response refused = second.receive();
    CHECK(refused.status() == 503);
    CHECK(refused.count("Retry-After") == 1);
    CHECK(second.ended());
    first.send(hello);
    CHECK(first.receive().body == "hello");
}

TEST_CASE("server: requests over the limit wait for their turn, or are told to slow down",
          "[http][server]") {
    Limits limits;
    limits.running_requests_max = 1;
    limits.queued_requests_max = 1;
    SECTION("no place in the queue, or not in time") {
        limits.queue_timeout = 50ms;
        TestServer server(with_limits(limits));
        RawClient running(server.port);
        running.send("GET /wait HTTP/1.1\r\nHost: h\r\n\r\n");
        server.handler.wait_until_waiting(1);
        RawClient queued(server.port);
        queued.send(hello);
        const Response refused = queued.receive();
        CHECK(refused.status() == 503);
        CHECK(refused.body == "SlowDown");
        CHECK(refused.count("Retry-After") == 1);
        server.handler.release();
        CHECK(running.receive().body == "waited");
        queued.send(hello);
        CHECK(queued.receive().body == "hello");
    }
    SECTION("the queue moves on") {
        limits.queue_timeout = 20s;
        TestServer server(with_limits(limits));
        RawClient running(server.port);
        running.send("GET /wait HTTP/1.1\r\nHost: h\r\n\r\n");
        server.handler.wait_until_waiting(1);
        RawClient queued(server.port);
        queued.send(hello);
        RawClient refused(server.port);
        // One of the two finds the queue full, whichever comes second.
        refused.send(hello);
        server.handler.release();
        CHECK(running.receive().body == "waited");
        const int one = queued.receive().status();
        const int other = refused.receive().status();
        CHECK((one == 200 || one == 503));
        CHECK((other == 200 || other == 503));
        CHECK((one == 200 || other == 200));
    }
    SECTION("a listener without limits never waits") {
        ListenOptions listen;
        listen.limited = false;
        TestServer server(with_limits(limits), listen);
        RawClient running(server.port);
        running.send("GET /wait HTTP/1.1\r\nHost: h\r\n\r\n");
        server.handler.wait_until_waiting(1);
        RawClient health(server.port);
        health.send(hello);
        CHECK(health.receive().body == "hello");
        server.handler.release();
    }
}

TEST_CASE("server: the client's address is known", "[http][server]") {
    TestServer server;
    RawClient client(server.port);
    client.send("GET /peer HTTP/1.1\r\nHost: h\r\n\r\n");
    CHECK(client.receive().body == "127.0.0.1");
}

TEST_CASE("server: several loops share a port, which nobody else can take", "[http][server]") {
    ServerOptions options;
    options.loops = 2;
    TestServer server(options);
    for (int i = 0; i < 16; ++i) {
        RawClient client(server.port);
        client.send(hello);
        CHECK(client.receive().body == "hello");
    }
    Server other(options, server.clock);
    ListenOptions same;
    same.port = server.port;
    const auto bound = other.listen(same, server.handler);
    REQUIRE_FALSE(bound);
    CHECK(bound.error().message.find("Address already in use") != std::string::npos);
    same.address = "localhost.";
    CHECK(other.listen(same, server.handler).error().message ==
          "listen address \"localhost.\": not an IP address");
}

TEST_CASE("server: the signature of a presigned URL does not reach the log", "[http][server]") {
    const tests::TemporaryDirectory directory;
    base::log::start({base::log::Level::info, base::log::Format::json, directory.file("log")});
    {
        TestServer server;
        for (const char* path : {"/forged", "/twice", "/too-long", "/too-short"}) {
            RawClient client(server.port);
            client.send("GET " + std::string(path) +
                        "?X-Amz-Signature=5ecret HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
            static_cast<void>(client.receive());
        }
    }
    base::log::stop();
    const std::string log = directory.read("log");
    for (const char* line : {R"("http.header_refused","target":"/forged")",
                             R"("http.answered_twice","target":"/twice")",
                             R"("http.body_longer_than_said","target":"/too-long")",
                             R"("http.body_shorter_than_said","target":"/too-short")"})
        CHECK_THAT(log, Catch::Contains(line));
    CHECK_THAT(log, !Catch::Contains("5ecret"));
}

}  // namespace
}  // namespace holdfast::http::test
