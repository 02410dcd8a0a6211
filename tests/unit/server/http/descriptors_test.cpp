// Out of file descriptors: spec durability 2.5 (fd exhaustion).

// Clang's sanitizer for undefined behaviour opens a pipe to look at an object, so it needs
// descriptors itself.
#if defined(__has_feature)
#if __has_feature(undefined_behavior_sanitizer)
#define HF_CHECKER_NEEDS_DESCRIPTORS
#endif
#endif
#ifndef HF_CHECKER_NEEDS_DESCRIPTORS

#include <fcntl.h>
#include <sys/resource.h>

#include <vector>

#include "base/log.h"
#include "base/metrics.h"
#include "tests/temporary_directory.h"
#include "tests/unit/server/http/raw_client.h"
#include "tests/unit/server/http/test_server.h"

using namespace holdfast;
using namespace holdfast::http;
using namespace holdfast::http::test;

namespace {

/// Holds every descriptor the process may still open.
class NoDescriptors {
public:
    NoDescriptors() {
        REQUIRE(::getrlimit(RLIMIT_NOFILE, &before_) == 0);
        rlimit low = before_;
        low.rlim_cur = 256;
        REQUIRE(::setrlimit(RLIMIT_NOFILE, &low) == 0);
        for (int taken = ::open("/dev/null", O_RDONLY); taken >= 0;
             taken = ::open("/dev/null", O_RDONLY))
            held_.push_back(taken);
        REQUIRE(errno == EMFILE);
    }
    ~NoDescriptors() {
        give_back(held_.size());
        ::setrlimit(RLIMIT_NOFILE, &before_);
    }
    NoDescriptors(const NoDescriptors&) = delete;
    NoDescriptors& operator=(const NoDescriptors&) = delete;

    void give_back(std::size_t count) {
        for (; count > 0; --count) {
            ::close(held_.back());
            held_.pop_back();
        }
    }

private:
    rlimit before_{};
    std::vector<int> held_;
};

double refused_for_descriptors() {
    const auto text = base::metrics::render();
    const std::string series = "holdfast_http_refused_total{reason=\"file_descriptors\"} ";
    const auto at = text.find(series);
    return at == std::string::npos ? 0 : std::stod(text.substr(at + series.size()));
}

}  // namespace

TEST_CASE("2.5 fd exhaustion: a connection is told 503 and closed, and served once there is room",
          "[http][server]") {
    const tests::TemporaryDirectory directory;
    base::log::start({base::log::Level::info, base::log::Format::json, directory.file("log")});
    TestServer server;
    RawClient early(server.port);
    REQUIRE(early.send("GET /hello HTTP/1.1\r\nHost: h\r\n\r\n"));
    CHECK(early.receive().body == "hello");

    const auto before = refused_for_descriptors();
    NoDescriptors none;
    none.give_back(1);  // a client's own end
    for (int connection = 0; connection < 3; ++connection) {
        RawClient client(server.port);
        const auto answer = client.receive();
        CHECK(answer.status() == 503);
        CHECK(answer.says("Retry-After: 1"));
        CHECK(answer.says("Connection: close"));
        CHECK(client.ended());
    }
    CHECK(refused_for_descriptors() - before == 3);
    // Who is connected is served all the while.
    REQUIRE(early.send("GET /hello HTTP/1.1\r\nHost: h\r\n\r\n"));
    CHECK(early.receive().body == "hello");

    none.give_back(20);
    RawClient late(server.port);
    REQUIRE(late.send("GET /hello HTTP/1.1\r\nHost: h\r\n\r\n"));
    CHECK(late.receive().body == "hello");

    // One line, however many came.
    base::log::stop();
    const auto text = directory.read("log");
    const auto line = text.find("http.out_of_file_descriptors");
    CHECK(line != std::string::npos);
    CHECK(text.find("http.out_of_file_descriptors", line + 1) == std::string::npos);
}

#endif
