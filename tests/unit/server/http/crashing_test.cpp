// A process that is about to end because it no longer knows its own state: spec durability 2.5.

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <array>
#include <thread>

#include "base/last_words.h"
#include "base/log.h"
#include "tests/unit/base/child.h"
#include "tests/unit/server/http/raw_client.h"
#include "tests/unit/server/http/test_server.h"

using namespace holdfast;
using namespace holdfast::http::test;

TEST_CASE("2.5 core thread throws: while the last words are said, nothing is acknowledged",
          "[http][server]") {
    // A log that nobody reads and that is full, so that the last words take their time.
    std::array<int, 2> log{};
    REQUIRE(::pipe2(log.data(), O_NONBLOCK | O_CLOEXEC) == 0);
    const std::array<char, 4096> page{};
    while (::write(log[1], page.data(), page.size()) > 0) {
    }
    REQUIRE(::fcntl(log[1], F_SETFL, 0) == 0);
    const auto end = tests::run_in_child([&] {
        TestServer server;
        RawClient client(server.port);
        if (!client.send("GET /hello HTTP/1.1\r\nHost: h\r\n\r\n")) return;
        if (client.receive().body != "hello") return;
        base::log::start({base::log::Level::info, base::log::Format::json,
                          "/proc/self/fd/" + std::to_string(log[1])});
        const std::jthread failing([] { base::crash("on purpose"); });
        while (!base::is_crashing()) std::this_thread::yield();
        if (!client.send("GET /hello HTTP/1.1\r\nHost: h\r\n\r\n")) return;
        const std::string_view said = client.ended() ? "the end" : "an answer";
        static_cast<void>(::write(STDERR_FILENO, said.data(), said.size()));
        for (;;) ::pause();
    });
    for (const int side : log) ::close(side);
    CHECK(end.signal == SIGABRT);
    CHECK_THAT(end.errors, !Catch::Contains("an answer"));
}
