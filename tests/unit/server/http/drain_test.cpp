// What a server that stops still does for the connections it has.
#include <poll.h>

#include <future>
#include <list>
#include <vector>

#include "server/http/server.h"
#include "tests/unit/server/http/raw_client.h"
#include "tests/unit/server/http/test_server.h"

namespace holdfast::http::test {
namespace {

using namespace std::chrono_literals;

const std::string hello = "GET /hello HTTP/1.1\r\nHost: h\r\n\r\n";

/// Enough that each of two loops gets some: the kernel chooses between them.
constexpr int clients_count = 32;

std::list<RawClient> connected(std::uint16_t port) {
    std::list<RawClient> clients;
    for (int i = 0; i < clients_count; ++i) clients.emplace_back(port).send(hello);
    return clients;
}

void wait_until_one_ended(const std::list<RawClient>& clients) {
    std::vector<pollfd> sockets;
    for (const auto& client : clients) sockets.push_back({client.descriptor(), POLLIN, 0});
    REQUIRE(::poll(sockets.data(), sockets.size(), 20'000) > 0);
}

TEST_CASE("server: draining closes idle connections and lets running requests finish",
          "[http][server]") {
    TestServer server;
    RawClient idle(server.port);
    idle.send(hello);
    CHECK(idle.receive().body == "hello");
    RawClient running(server.port);
    running.send("GET /wait HTTP/1.1\r\nHost: h\r\n\r\n");
    server.handler.wait_until_waiting(1);
    std::thread release([&] {
        CHECK(idle.ended());  // draining has begun
        server.handler.release();
    });
    const Drained drained = server.server.drain(20s);
    CHECK(drained.requests_cut == 0);
    CHECK(drained.sessions_left == 0);
    release.join();
    const Response response = running.receive();
    CHECK(response.body == "waited");
    CHECK(response.says("Connection: close"));
    CHECK_THROWS(RawClient(server.port));
}

TEST_CASE("server: draining cuts what does not finish in time", "[http][server]") {
    TestServer server;
    RawClient running(server.port);
    running.send(
        "PUT /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n");
    CHECK(running.receive().status() == 100);
    const Drained drained = server.server.drain(10ms);
    CHECK(drained.requests_cut == 1);
    CHECK(drained.sessions_left == 0);
    CHECK(running.receive().head.empty());
}

TEST_CASE("server: draining tells of a session that something outside its loop still holds",
          "[http][server]") {
    TestServer server;
    RawClient running(server.port);
    running.send("GET /stuck HTTP/1.1\r\nHost: h\r\n\r\n");
    server.handler.wait_until_waiting(1);
    const Drained drained = server.server.drain(10ms);
    CHECK(drained.requests_cut == 1);
    CHECK(drained.sessions_left == 1);
    CHECK(running.receive().head.empty());
    server.handler.resume_stuck();  // the loop is still there for it
}

TEST_CASE("server: draining answers requests on connections that it had not taken in yet",
          "[http][server]") {
    ServerOptions options;
    options.loops = 2;
    TestServer server(options);
    auto idle = connected(server.port);
    for (auto& client : idle) CHECK(client.receive().body == "hello");

    std::promise<void> held;
    std::promise<void> release;
    server.server.post(0, [&] {
        held.set_value();
        release.get_future().wait();
    });
    held.get_future().wait();
    auto late = connected(server.port);
    auto drained = std::async(std::launch::async, [&] { return server.server.drain(20s); });
    // The other loop drains, and this one was told to do so before.
    wait_until_one_ended(idle);
    release.set_value();
    for (auto& client : late) CHECK(client.receive().body == "hello");
    CHECK(drained.get().requests_cut == 0);
}

}  // namespace
}  // namespace holdfast::http::test
