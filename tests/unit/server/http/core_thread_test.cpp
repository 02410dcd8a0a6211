// An exception on an event loop, outside of any request: spec durability 2.5 (core thread throws).

#include "base/failpoint.h"

#ifdef HF_FAILPOINTS

#include <signal.h>

#include "base/last_words.h"
#include "tests/unit/base/child.h"
#include "tests/unit/server/http/raw_client.h"
#include "tests/unit/server/http/test_server.h"

using namespace holdfast;
using namespace holdfast::http::test;

TEST_CASE("2.5 core thread throws: a listener that fails ends the process, it does not go deaf",
          "[http][server]") {
    const auto end = tests::run_in_child([] {
        base::crash_on_uncaught();
        if (!base::set_failpoints("accept=throw@2")) return;
        TestServer server;
        RawClient served(server.port);
        if (!served.send("GET /hello HTTP/1.1\r\nHost: h\r\n\r\n")) return;
        if (served.receive().body != "hello") return;
        RawClient last(server.port);
        static_cast<void>(last.receive());
    });
    CHECK(end.signal == SIGABRT);
    CHECK_THAT(end.errors, Catch::Contains("\"crashed\"") && Catch::Contains("failpoint accept"));
}

TEST_CASE("2.5 core thread throws: what a connection throws ends that connection alone",
          "[http][server]") {
    TestServer server;
    RawClient early(server.port);
    REQUIRE(early.send("GET /hello HTTP/1.1\r\nHost: h\r\n\r\n"));
    CHECK(early.receive().body == "hello");
    REQUIRE(base::set_failpoints("header.read=throw@1"));
    RawClient failing(server.port);
    REQUIRE(failing.send("GET /hello HTTP/1.1\r\nHost: h\r\n\r\n"));
    CHECK(failing.ended());
    REQUIRE(base::set_failpoints(""));
    REQUIRE(early.send("GET /hello HTTP/1.1\r\nHost: h\r\n\r\n"));
    CHECK(early.receive().body == "hello");
}

#endif
