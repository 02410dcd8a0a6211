// What a handler throws is the end of its request alone: spec durability 2.5 (memory).

#include "base/log.h"
#include "base/metrics.h"
#include "tests/temporary_directory.h"
#include "tests/unit/server/http/raw_client.h"
#include "tests/unit/server/http/test_server.h"

namespace holdfast::http::test {
namespace {

double failed_for(const std::string& reason) {
    for (const auto& sample : base::metrics::samples())
        if (sample.name == "holdfast_http_handlers_failed_total" &&
            sample.labels.at("reason") == reason)
            return sample.value;
    return 0;
}

TEST_CASE("2.5 memory: a handler without memory is answered 503, counted and logged, others go on",
          "[http][server]") {
    struct Fault {
        const char* target;
        int status;
        const char* reason;
        const char* cause;
    };
    for (const Fault fault :
         {Fault{"/no-memory", 503, "memory", "out of memory"},
          Fault{"/throw", 500, "error", "on purpose"},
          Fault{"/says-nothing", 500, "error", "the handler returned without an answer"}}) {
        INFO(fault.target);
        const tests::TemporaryDirectory directory;
        base::log::start({base::log::Level::info, base::log::Format::json, directory.file("log")});
        TestServer server;
        RawClient early(server.port);
        const auto before = failed_for(fault.reason);
        RawClient client(server.port);
        client.send(std::string("GET ") + fault.target + " HTTP/1.1\r\nHost: h\r\n\r\n");
        const auto answer = client.receive();
        CHECK(answer.status() == fault.status);
        CHECK(answer.says("Connection: close"));
        CHECK(failed_for(fault.reason) - before == 1);
        early.send("GET /hello HTTP/1.1\r\nHost: h\r\n\r\n");
        CHECK(early.receive().body == "hello");
        CHECK(failed_for(fault.reason) - before == 1);

        base::log::stop();
        const auto text = directory.read("log");
        const auto line = text.find("\"http.handler_failed\"");
        REQUIRE(line != std::string::npos);
        CHECK(text.find(fault.cause, line) != std::string::npos);
        CHECK(text.find("\"http.handler_failed\"", line + 1) == std::string::npos);
    }
}

}  // namespace
}  // namespace holdfast::http::test
