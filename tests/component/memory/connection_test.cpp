// A connection from accept to close, each of whose allocations fails in turn: at worst it is
// closed, and the server takes the next one. Spec durability 2.5 (memory).

#include "server/http/bound_socket.h"
#include "server/http/listener.h"
#include "tests/catch.h"
#include "tests/component/memory/failing_new.h"
#include "tests/unit/server/http/raw_client.h"

namespace holdfast::test {

namespace {

using http::test::RawClient;

class Greeter final : public http::RequestHandler {
public:
    base::Awaitable<void> handle(http::Exchange& exchange) override {
        http::ResponseHead head;
        const std::string_view text = "hello";
        static_cast<void>(co_await exchange.send(std::move(head), base::as_bytes(text)));
    }
    std::pair<http::ResponseHead, std::string> refuse(unsigned status, std::string_view code,
                                                      std::string_view) override {
        http::ResponseHead head;
        head.status = status;
        return {head, std::string(code)};
    }
};

/// A server for one connection at a time, on the calling thread.
struct World {
    World() {
        const auto bound = http::bind_sockets("127.0.0.1", 0, 1);
        REQUIRE(bound);
        port = bound->port;
        loop.listeners.push_back(
            std::make_unique<http::Listener>(http::Session::Place{loop, shared, greeter, true},
                                             bound->sockets.front(), false, nullptr));
        loop.listeners.front()->start();
        poll();
    }
    static http::ServerOptions options() {
        http::ServerOptions chosen;
        chosen.limits.connections_max = 1;
        return chosen;
    }
    /// Everything that can happen without anybody else. On loopback what was sent has arrived.
    void poll() {
        while (loop.context.poll() > 0) {
        }
    }

    base::SystemClock clock;
    http::Shared shared{options()};
    http::Loop loop{clock, "Holdfast"};
    Greeter greeter;
    std::uint16_t port = 0;
};

/// Whether an allocation of the connection failed.
bool serve_failing(std::uint64_t nth) {
    World world;
    INFO("allocation " << nth);
    bool failed = false;
    {
        RawClient client(world.port);
        REQUIRE(client.send("GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"));
        client.end_sending();
        fail_allocation(nth, false);
        world.poll();
        failed = heal_allocations();
        world.poll();
        const auto answer = client.receive();
        const bool whole = answer.status() == 200 && answer.body == "hello";
        CHECK((whole || answer.status() == 503 || answer.head.empty()));
        if (!failed) CHECK(whole);
        CHECK(client.ended());
    }
    world.poll();
    CHECK(world.shared.sessions() == 0);
    RawClient next(world.port);
    REQUIRE(next.send("GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"));
    next.end_sending();
    world.poll();
    CHECK(next.receive().body == "hello");
    return failed;
}

}  // namespace

TEST_CASE("2.5 memory: any allocation of a connection fails: the server takes the next one",
          "[http][memory][sweep]") {
    // What is made once for the process, by test builds only.
    REQUIRE_FALSE(serve_failing(1'000'000));
    std::uint64_t nth = 1;
    while (serve_failing(nth)) ++nth;
    CHECK(nth > 10);
}

}  // namespace holdfast::test
