#include "server/http/memory_governor.h"

#include <future>
#include <thread>

#include "base/limits.h"
#include "base/log.h"
#include "base/metrics.h"
#include "tests/temporary_directory.h"
#include "tests/unit/server/http/raw_client.h"
#include "tests/unit/server/http/test_server.h"

using namespace holdfast;
using namespace holdfast::http;
using namespace holdfast::http::test;
using Level = MemoryGovernor::Level;
using Verdict = MemoryGovernor::Verdict;

namespace {

/// The server's threads read it while the test moves it.
class SharedClock final : public base::Clock {
public:
    [[nodiscard]] base::WallTime wall() const override { return base::WallTime{}; }
    [[nodiscard]] base::SteadyTime steady() const override {
        return base::SteadyTime(std::chrono::milliseconds(steady_ms_.load()));
    }
    void advance(std::chrono::milliseconds by) { steady_ms_ += by.count(); }

private:
    std::atomic<std::int64_t> steady_ms_{0};
};

/// A process whose size the test says.
struct Process {
    explicit Process(std::uint64_t requests_bytes_max = 1'000'000)
        : governor(std::make_shared<MemoryGovernor>(
              MemoryGovernor::Options{1'000'000, requests_bytes_max,
                                      [this] {
                                          ++measured;
                                          return bytes.load();
                                      },
                                      [this] {
                                          ++trimmed;
                                          bytes = std::min(bytes.load(), after_trim.load());
                                      }},
              clock)) {}

    void grow_to(std::uint64_t now) {
        bytes = now;
        clock.advance(MemoryGovernor::measurement_interval);
    }

    /// So often: somebody has asked for memory since.
    void wait_until_measured(int times) const {
        const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
        while (measured < times && std::chrono::steady_clock::now() < deadline)
            std::this_thread::yield();
        REQUIRE(measured >= times);
    }

    SharedClock clock;
    std::atomic<std::uint64_t> bytes{100'000};
    std::atomic<std::uint64_t> after_trim{UINT64_MAX};
    std::atomic<int> measured{0};
    std::atomic<int> trimmed{0};
    std::shared_ptr<MemoryGovernor> governor;
};

constexpr auto upload_request = "PUT /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello";

ServerOptions options_of(const Process& process, std::chrono::milliseconds queue_timeout) {
    ServerOptions options;
    options.limits.queue_timeout = queue_timeout;
    options.memory = process.governor;
    return options;
}

/// Stands for a request that runs, in a process that lets no body in while it does.
void tighten(Process& process) {
    REQUIRE(process.governor->admit(1, false) == Verdict::admitted);
    process.grow_to(900'000);
}

/// A server that is short of memory, where one request may wait for it.
struct TightServer {
    explicit TightServer(std::chrono::milliseconds queue_timeout)
        : server([&] {
              auto options = options_of(process, queue_timeout);
              options.limits.queued_requests_max = 1;
              return options;
          }()) {
        tighten(process);
    }
    void send_one_that_waits(RawClient& client) {
        REQUIRE(client.send(upload_request));
        process.wait_until_measured(2);
    }

    Process process;
    TestServer server;
};

}  // namespace

TEST_CASE("memory: above 80 % bodies wait, above 95 % everything is refused", "[http][memory]") {
    Process process;
    CHECK(process.governor->level() == Level::plenty);
    CHECK(process.governor->admit(500, true) == Verdict::admitted);
    process.grow_to(810'000);
    CHECK(process.governor->level() == Level::tight);
    CHECK(process.governor->admit(1000, true) == Verdict::held_back);
    CHECK(process.governor->admit(1000, false) == Verdict::admitted);
    process.governor->release(1000);
    process.grow_to(960'000);
    CHECK(process.governor->admit(1000, false) == Verdict::refused);
    CHECK(base::metrics::render().find("holdfast_memory_level 2") != std::string::npos);
    process.grow_to(200'000);
    CHECK(process.governor->admit(1000, true) == Verdict::admitted);
    process.governor->release(1000);
    process.governor->release(500);
    CHECK(base::metrics::render().find("holdfast_memory_level 0") != std::string::npos);
}

TEST_CASE("memory: a process that is too large by itself still serves one request after another",
          "[http][memory]") {
    for (const std::uint64_t size : {900'000, 990'000, 5'000'000}) {
        Process process;
        process.grow_to(size);
        for (int i = 0; i < 3; ++i) {
            CHECK(process.governor->admit(1000, true) == Verdict::admitted);
            CHECK(process.governor->admit(1000, true) != Verdict::admitted);
            process.governor->release(1000);
        }
    }
}

TEST_CASE("memory: what was let in since the last measurement counts as well", "[http][memory]") {
    Process process;
    CHECK(process.governor->admit(720'000, true) == Verdict::admitted);
    CHECK(process.measured == 1);
    CHECK(process.governor->admit(1000, true) == Verdict::held_back);
    CHECK(process.measured == 1);
    // The next measurement sees what the request really took.
    process.grow_to(150'000);
    CHECK(process.governor->admit(1000, true) == Verdict::admitted);
    CHECK(process.measured == 2);
    process.governor->release(1000);
    process.governor->release(720'000);
}

TEST_CASE("memory: requests share what is theirs, and one of them always runs", "[http][memory]") {
    Process process(50'000);
    CHECK(process.governor->admit(60'000, true) == Verdict::admitted);
    CHECK(process.governor->admit(1, false) == Verdict::wait);
    process.governor->release(60'000);
    CHECK(process.governor->admit(30'000, true) == Verdict::admitted);
    CHECK(process.governor->admit(20'000, true) == Verdict::admitted);
    CHECK(process.governor->admit(1, true) == Verdict::wait);
    process.governor->release(20'000);
    process.governor->release(30'000);
}

TEST_CASE("memory: before anybody is kept out, unused memory is given back", "[http][memory]") {
    Process process;
    process.after_trim = 300'000;
    process.grow_to(970'000);
    CHECK(process.governor->level() == Level::plenty);
    CHECK(process.trimmed == 1);
    process.after_trim = UINT64_MAX;
    process.grow_to(970'000);
    CHECK(process.governor->level() == Level::exhausted);
    CHECK(process.trimmed == 1);  // not again so soon
    process.clock.advance(MemoryGovernor::trim_interval);
    CHECK(process.governor->level() == Level::exhausted);
    CHECK(process.trimmed == 2);
}

TEST_CASE("memory: nobody waits for the thread that measures and gives back", "[http][memory]") {
    SharedClock clock;
    std::promise<void> started;
    std::promise<void> go_on;
    std::atomic<int> measured{0};
    const auto slow = [&] {
        if (++measured == 2) {
            started.set_value();
            go_on.get_future().wait();
        }
        return std::uint64_t{100'000};
    };
    MemoryGovernor governor({1'000'000, 1'000'000, slow, {}}, clock);
    CHECK(governor.level() == Level::plenty);
    clock.advance(MemoryGovernor::measurement_interval);
    std::thread measuring([&] { static_cast<void>(governor.level()); });
    started.get_future().wait();
    CHECK(governor.admit(1000, true) == Verdict::admitted);
    CHECK(governor.level() == Level::plenty);
    governor.release(1000);
    CHECK(measured == 2);
    go_on.set_value();
    measuring.join();
}

TEST_CASE("memory: the log tells of a level once a second at most, and of a recovery as info",
          "[http][memory]") {
    const tests::TemporaryDirectory directory;
    base::log::start({base::log::Level::info, base::log::Format::json, directory.file("log")});
    Process process;
    for (int i = 0; i < 10; ++i) {
        process.grow_to(900'000);
        CHECK(process.governor->level() == Level::tight);
        process.grow_to(100'000);
        CHECK(process.governor->level() == Level::plenty);
    }
    process.clock.advance(MemoryGovernor::announcement_interval);
    CHECK(process.governor->level() == Level::plenty);
    base::log::stop();
    const std::string log = directory.read("log");
    CHECK(std::count(log.begin(), log.end(), '\n') == 2);
    CHECK_THAT(log, Catch::Contains(R"("level":"warning","event":"memory.level","state":"tight")"));
    CHECK_THAT(log, Catch::Contains(R"("level":"info","event":"memory.level","state":"plenty")"));
}

TEST_CASE("memory: a request is estimated by what it may hold", "[http][memory]") {
    RequestHead head;
    head.method = "GET";
    const auto get = estimated_memory_bytes(head);
    head.method = "PUT";
    head.content_length = 1000;
    CHECK(estimated_memory_bytes(head) < get);
    head.content_length = 5 * base::GiB;
    const auto upload = estimated_memory_bytes(head);
    CHECK(upload > get);
    CHECK(upload < 2 * base::MiB);
    // A copy streams as well, without a body of its own.
    head.content_length.reset();
    CHECK(estimated_memory_bytes(head) == upload);
    CHECK(reads_body(head));
    head.content_length = 0;
    CHECK(estimated_memory_bytes(head) == upload);
    head.method = "DELETE";
    CHECK(estimated_memory_bytes(head) < get);
    CHECK_FALSE(reads_body(head));
    head.method = "POST";
    head.content_length = 2 * base::MiB;
    CHECK(estimated_memory_bytes(head) > 8 * base::MiB);
    head.content_length = UINT64_MAX;
    CHECK(estimated_memory_bytes(head) < 40 * base::MiB);
}

TEST_CASE(
    "memory: the server lets no body in while memory is tight, and says SlowDown when it stays",
    "[http][memory]") {
    Process process;
    TestServer server(options_of(process, std::chrono::milliseconds(100)));
    RawClient client(server.port);
    REQUIRE(client.send(upload_request));
    CHECK(client.receive().body == "hello");

    tighten(process);
    REQUIRE(client.send(upload_request));
    auto refused = client.receive();
    CHECK(refused.status() == 503);
    CHECK(refused.body == "SlowDown");
    CHECK(refused.says("Retry-After: 1"));
    // A request without a body still runs, on the same connection.
    REQUIRE(client.send("GET /hello HTTP/1.1\r\nHost: h\r\n\r\n"));
    CHECK(client.receive().body == "hello");

    process.grow_to(990'000);
    REQUIRE(client.send("GET /hello HTTP/1.1\r\nHost: h\r\n\r\n"));
    CHECK(client.receive().status() == 503);
    process.governor->release(1);
    REQUIRE(client.send(upload_request));
    CHECK(client.receive().body == "hello");
}

TEST_CASE("memory: an upload that waited is served once there is room again", "[http][memory]") {
    TightServer tight(std::chrono::seconds(20));
    auto& process = tight.process;
    RawClient client(tight.server.port);
    tight.send_one_that_waits(client);
    process.bytes = 100'000;
    process.clock.advance(MemoryGovernor::measurement_interval);
    CHECK(client.receive().body == "hello");
    process.governor->release(1);
}

TEST_CASE("memory: only so many requests wait for it as may wait for their turn",
          "[http][memory]") {
    TightServer tight(std::chrono::seconds(20));
    auto& process = tight.process;
    RawClient waiting(tight.server.port);
    tight.send_one_that_waits(waiting);
    RawClient refused(tight.server.port);
    REQUIRE(refused.send(upload_request));
    const auto answer = refused.receive();
    CHECK(answer.status() == 503);
    CHECK(answer.body == "SlowDown");
    process.governor->release(1);
    CHECK(waiting.receive().body == "hello");
}

TEST_CASE("memory: what an upload gives back lets in the one that waits", "[http][memory]") {
    // Room for one upload, whose size nothing else brings down.
    Process process(estimated_memory_bytes([] {
        RequestHead head;
        head.method = "PUT";
        head.content_length = 5;
        return head;
    }()));
    TestServer server(options_of(process, std::chrono::seconds(60)));
    const std::string head = "PUT /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\n";
    RawClient first(server.port);
    REQUIRE(first.send(head + "h"));  // it has its memory, and the rest is to come
    process.wait_until_measured(1);
    RawClient second(server.port);
    REQUIRE(second.send(head + "world"));
    REQUIRE(first.send("ello"));
    CHECK(first.receive().body == "hello");
    CHECK(second.receive().body == "world");
}

TEST_CASE("memory: a stop does not wait for who waits for memory", "[http][memory]") {
    TightServer tight(std::chrono::seconds(60));
    auto& process = tight.process;
    RawClient waiting(tight.server.port);
    tight.send_one_that_waits(waiting);
    const auto drained = tight.server.server.drain(std::chrono::milliseconds(1));
    CHECK(drained.requests_cut == 1);
    CHECK(drained.sessions_left == 0);
    process.governor->release(1);
    CHECK(process.governor->admit(5'000'000, true) == Verdict::admitted);
    process.governor->release(5'000'000);
}

TEST_CASE("memory: a connection that is closed while its request waits leaves its place to others",
          "[http][memory]") {
    TightServer tight(std::chrono::milliseconds(500));
    auto& process = tight.process;
    {
        RawClient waiting(tight.server.port);
        tight.send_one_that_waits(waiting);
        waiting.vanish();
    }
    // As soon as the place is free somebody else waits there, and is served when there is room.
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    Response answer;
    while (answer.body != "hello" && std::chrono::steady_clock::now() < deadline) {
        RawClient next(tight.server.port);
        REQUIRE(next.send(upload_request));
        process.bytes = 100'000;
        process.clock.advance(MemoryGovernor::measurement_interval);
        answer = next.receive();
    }
    CHECK(answer.body == "hello");
    // Nothing of the one that went is still set aside: more than there is is let in only alone.
    process.governor->release(1);
    RawClient last(tight.server.port);
    REQUIRE(last.send(upload_request));
    CHECK(last.receive().body == "hello");
    last.close();
    CHECK(tight.server.server.drain(std::chrono::seconds(20)).sessions_left == 0);
    CHECK(process.governor->admit(5'000'000, true) == Verdict::admitted);
    process.governor->release(5'000'000);
}
