// TLS against a client of OpenSSL's own, with certificates made for the test.

#include <fstream>

#include "tests/temporary_directory.h"
#include "tests/unit/server/http/test_server.h"
#include "tests/unit/server/http/tls_client.h"

namespace holdfast::http::test {
namespace {

ListenOptions with_tls(const Certificate& certificate) {
    ListenOptions listen;
    listen.tls = certificate.files();
    return listen;
}

const std::string last_hello = "GET /hello HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n";

TEST_CASE("TLS: versions 1.2 and 1.3 are spoken, older ones are not", "[http][tls]") {
    Certificate certificate;
    certificate.write("one");
    TestServer server({}, with_tls(certificate));
    const std::string alpn("\x02h2\x08http/1.1", 12);
    for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
        TlsClient client(server.port, version, alpn);
        REQUIRE(client.connected());
        CHECK(client.protocol() == "http/1.1");
        CHECK(client.server_name() == "one");
        client.send(last_hello);
        const std::string answer = client.receive_all();
        CHECK(answer.substr(answer.find("\r\n\r\n") + 4) == "hello");
        CHECK(client.clean_end());
    }
    CHECK_FALSE(TlsClient(server.port, TLS1_1_VERSION).connected());
    CHECK_FALSE(TlsClient(server.port, 0, "\x02h2").connected());
}

TEST_CASE("TLS: large bodies pass in both directions", "[http][tls]") {
    Certificate certificate;
    certificate.write("one");
    TestServer server({}, with_tls(certificate));
    TlsClient client(server.port);
    const std::string body(1'000'000, 'b');
    client.send(
        "PUT /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 1000000\r\n"
        "Connection: close\r\n\r\n" +
        body);
    const std::string answer = client.receive_all();
    CHECK(answer.substr(answer.find("\r\n\r\n") + 4) == body);
}

TEST_CASE("TLS: new connections get the certificate that was read last", "[http][tls]") {
    Certificate certificate;
    certificate.write("one");
    TestServer server({}, with_tls(certificate));
    TlsClient before(server.port);
    CHECK(before.server_name() == "one");
    certificate.write("two");
    REQUIRE(server.server.reload_tls());
    CHECK(TlsClient(server.port).server_name() == "two");

    std::ofstream(certificate.files().certificate) << "not a certificate";
    const auto bad = server.server.reload_tls();
    REQUIRE_FALSE(bad);
    CHECK(bad.error().message.find(certificate.files().certificate) != std::string::npos);
    CHECK(TlsClient(server.port).server_name() == "two");
    before.send(last_hello);
    CHECK(before.receive_all().find("hello") != std::string::npos);
}

TEST_CASE("TLS: bad files keep the server from starting, with the reason", "[http][tls]") {
    Certificate certificate;
    Certificate other;
    base::SystemClock clock;
    ScriptedHandler handler;
    Server server({}, clock);
    const auto missing = server.listen(with_tls(certificate), handler);
    REQUIRE_FALSE(missing);
    CHECK(missing.error().message.find("No such file") != std::string::npos);

    certificate.write("one");
    other.write("other");
    ListenOptions mixed = with_tls(certificate);
    mixed.tls->key = other.files().key;
    const auto foreign = server.listen(mixed, handler);
    REQUIRE_FALSE(foreign);
    CHECK(foreign.error().message.find(other.files().key) != std::string::npos);
}

TEST_CASE("TLS: a handshake that does not come is cut at its deadline (S-23)", "[http][tls]") {
    Certificate certificate;
    certificate.write("one");
    Limits limits;
    limits.tls_handshake_timeout = std::chrono::milliseconds(50);
    TestServer server(with_limits(limits), with_tls(certificate));
    RawClient silent(server.port);
    CHECK(silent.ended());
    RawClient plain(server.port);
    plain.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    CHECK(plain.receive().status() == 0);
}

}  // namespace
}  // namespace holdfast::http::test
