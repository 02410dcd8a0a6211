// Every system call that the server makes on the socket of a request fails, once or for ever, with
// and without TLS: no crash, the connection ends, all or nothing of the request, nothing it had is
// kept, and the next connection is served. Spec durability 5.3 (error sweeps: "each nth socket
// call"), P5, 4.

#include <cerrno>
#include <functional>
#include <memory>
#include <thread>

#include "base/metrics.h"
#include "server/http/memory_governor.h"
#include "server/http/server.h"
#include "tests/component/s3/memory_endpoint.h"
#include "tests/component/sockets/failing_sockets.h"
#include "tests/unit/server/http/tls_client.h"

namespace holdfast::test {

namespace {

using http::test::Certificate;
using http::test::RawClient;
using http::test::Response;
using http::test::TlsClient;

const std::string before(40'000, 'b');
const std::string after(50'000, 'a');

double connections_open() {
    for (const auto& sample : base::metrics::samples())
        if (sample.name == "holdfast_http_connections_open") return sample.value;
    return 0;
}

template <class Condition>
bool wait_until(Condition condition) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    while (!condition()) {
        if (std::chrono::steady_clock::now() > deadline) return false;
        std::this_thread::yield();
    }
    return true;
}

std::string text_of(const Wire& wire) {
    std::string text = wire.head.method + " " + wire.head.target + " HTTP/1.1\r\n";
    for (const auto& [name, value] : wire.head.headers) text += name + ": " + value + "\r\n";
    if (wire.head.content_length)
        text += "Content-Length: " + std::to_string(*wire.head.content_length) + "\r\n";
    return text + "Connection: close\r\n\r\n" + wire.body;
}

enum class Speaks { plain, tls };

const Certificate& certificate() {
    static const Certificate instance;
    static const bool written = (instance.write("localhost"), true);
    REQUIRE(written);
    return instance;
}

http::ServerOptions server_options(const base::Clock& clock) {
    http::ServerOptions options;
    // Whatever one request leaves behind keeps the next one out.
    options.limits.connections_max = 1;
    options.limits.running_requests_max = 1;
    options.limits.queued_requests_max = 0;
    http::MemoryGovernor::Options memory{1 << 30, 1, [] { return std::uint64_t{0}; }, [] {}};
    options.memory = std::make_shared<http::MemoryGovernor>(memory, clock);
    return options;
}

/// A whole server with an object, another one, and an upload with two parts.
class World : public MemoryEndpoint {
public:
    explicit World(Speaks speaks) : speaks_(speaks), server_(server_options(clock), clock) {
        REQUIRE(put("/photos/k", before).status == 200);
        REQUIRE(put("/photos/other", after).status == 200);
        upload = start_upload("/photos/k");
        etag = put_part("/photos/k", upload, 1, after);
        put_part("/photos/k", upload, 2, "never listed");
        collect_garbage();
        http::ListenOptions listen;
        if (speaks == Speaks::tls) listen.tls = certificate().files();
        const auto bound = server_.listen(listen, handler());
        REQUIRE(bound);
        port_ = *bound;
        server_.run();
    }

    /// What a client of its own connection receives until that ends.
    std::string ask(const std::string& text) {
        if (speaks_ == Speaks::tls) {
            TlsClient client(port_);
            if (!client.connected()) return {};
            client.send(text);
            return client.receive_all();
        }
        RawClient client(port_);
        client.send(text);
        return client.receive_all();
    }
    std::string ask(const Request& request) { return ask(text_of(request.wire(clock.wall()))); }

    /// The connection is gone, and with it whatever belonged to it.
    static bool wait_until_idle() {
        return wait_until([] { return connections_open() == 0; });
    }

    /// All that a client sees and a request of the sweep may change. REQUIRES: idle.
    std::string look() {
        std::string seen;
        for (const auto* key : {"/photos/k", "/photos/copy", "/photos/other"}) {
            const auto read = get(key);
            seen += read.outcome() + (read.status == 200 ? read.body : "") + "\n";
        }
        const auto parts = get("/photos/k?uploadId=" + upload);
        seen += parts.outcome();
        for (const auto& one : parts.elements("ETag")) seen += one;
        seen += " uploads " + std::to_string(get("/photos?uploads").elements("UploadId").size());
        return seen;
    }
    /// Of objects and parts, after the collector.
    std::size_t blobs_left() {
        collect_garbage();
        return blobs.live();
    }

    std::string upload;
    std::string etag;

private:
    const Speaks speaks_;
    http::Server server_;
    std::uint16_t port_ = 0;
};

struct Case {
    const char* name;
    std::function<Request(const World&)> request;
};

const Case cases[] = {
    {"PutObject in a blob", [](const World&) { return Request("PUT", "/photos/k").body(after); }},
    {"PutObject inline", [](const World&) { return Request("PUT", "/photos/k").body("small"); }},
    {"PutObject in signed chunks",
     [](const World&) {
         return Request("PUT", "/photos/k").payload(auth::PayloadMode::signed_chunks).body(after);
     }},
    {"CopyObject",
     [](const World&) {
         return Request("PUT", "/photos/copy").header("x-amz-copy-source", "/photos/other");
     }},
    {"CreateMultipartUpload", [](const World&) { return Request("POST", "/photos/k?uploads"); }},
    {"UploadPart",
     [](const World& world) {
         return Request("PUT", "/photos/k?partNumber=1&uploadId=" + world.upload).body(before);
     }},
    {"CompleteMultipartUpload",
     [](const World& world) {
         return Request("POST", "/photos/k?uploadId=" + world.upload)
             .body(part_list({{1, world.etag}}));
     }},
    {"AbortMultipartUpload",
     [](const World& world) { return Request("DELETE", "/photos/k?uploadId=" + world.upload); }},
    {"DeleteObject", [](const World&) { return Request("DELETE", "/photos/k"); }},
    {"GetObject", [](const World&) { return Request("GET", "/photos/k"); }},
    {"ListObjectsV2", [](const World&) { return Request("GET", "/photos?list-type=2"); }},
};

/// Without the fields that name the moment or the request.
struct Told {
    explicit Told(const std::string& answer) {
        const auto end = answer.find("\r\n\r\n");
        if (end == std::string::npos) return;
        status = std::stoi(answer.substr(9, 3));
        body = answer.substr(end + 4);
        const auto length = answer.find("\r\nContent-Length: ");
        is_whole = status == 204 || answer.find("\r\nTransfer-Encoding: chunked") < end
                       ? body.ends_with("0\r\n\r\n") || status == 204
                       : length < end && std::stoull(answer.substr(length + 18)) == body.size();
    }
    int status = 0;  ///< 0: no head came
    std::string body;
    bool is_whole = false;
};

class Sweep {
public:
    Sweep(const Case& one, Speaks speaks, SocketFault fault, bool for_ever)
        : case_(one), speaks_(speaks), fault_(fault), for_ever_(for_ever) {
        begin();
        expected_ = Told(world_->ask(request())).status;
        REQUIRE(expected_ / 100 == 2);
        REQUIRE(World::wait_until_idle());
        after_ = world_->look();
        blobs_after_ = world_->blobs_left();
        begin();
    }

    /// False: the server makes fewer calls for the request.
    bool step(std::uint64_t nth) {
        const auto text = text_of(request().wire(world_->clock.wall()));
        fail_socket_call(nth, fault_, for_ever_);
        const Told told(world_->ask(text));
        const bool came = heal_sockets();
        INFO(case_.name << (speaks_ == Speaks::tls ? " over TLS" : "") << ", call " << nth
                        << (for_ever_ ? " and on" : "") << ", fault " << static_cast<int>(fault_)
                        << ": " << told.status);
        REQUIRE(World::wait_until_idle());
        CHECK((told.status == 0 || told.status == expected_ || told.status == 400));
        const bool harmless =
            fault_ == SocketFault::short_count || fault_ == SocketFault::interrupted;
        if (harmless) CHECK((told.status == expected_ && told.is_whole));
        const auto seen = world_->look();
        const bool is_done = seen == after_;
        CHECK((is_done || seen == before_));
        if (told.status == expected_ && told.is_whole) CHECK(is_done);
        CHECK(world_->blobs_left() == (is_done ? blobs_after_ : blobs_before_));
        // It would be refused for want of a place, of memory or of a connection.
        CHECK((Told(world_->ask(Request("GET", "/photos/other"))).body == after));
        REQUIRE(World::wait_until_idle());
        if (after_ != before_ && is_done) begin();
        return came;
    }

private:
    Request request() const { return case_.request(*world_); }

    void begin() {
        world_.reset();
        world_ = std::make_unique<World>(speaks_);
        before_ = world_->look();
        blobs_before_ = world_->blobs_left();
    }

    const Case& case_;
    const Speaks speaks_;
    const SocketFault fault_;
    const bool for_ever_;
    std::unique_ptr<World> world_;
    int expected_ = 0;
    std::string before_;
    std::string after_;
    std::size_t blobs_before_ = 0;
    std::size_t blobs_after_ = 0;
};

void sweep_all(Speaks speaks, SocketFault fault, bool for_ever) {
    for (const auto& one : cases) {
        Sweep sweep(one, speaks, fault, for_ever);
        std::uint64_t nth = 1;
        while (sweep.step(nth)) ++nth;
        CHECK(nth > 3);  // a read, a write and the end at least
    }
}

}  // namespace

TEST_CASE("5.3 sockets: any call fails once: all or nothing of the request, nothing is kept",
          "[s3][sockets][sweep]") {
    const auto speaks = GENERATE(Speaks::plain, Speaks::tls);
    sweep_all(speaks, SocketFault::reset, false);
    sweep_all(speaks, SocketFault::broken, false);
}

TEST_CASE("5.3 sockets: any call and all after it fail: all or nothing, nothing is kept",
          "[s3][sockets][sweep]") {
    const auto speaks = GENERATE(Speaks::plain, Speaks::tls);
    sweep_all(speaks, SocketFault::reset, true);
    sweep_all(speaks, SocketFault::broken, true);
}

TEST_CASE("5.3 sockets: a call that moves a single byte or is interrupted does no harm",
          "[s3][sockets][sweep]") {
    const auto speaks = GENERATE(Speaks::plain, Speaks::tls);
    sweep_all(speaks, SocketFault::short_count, false);
    sweep_all(speaks, SocketFault::interrupted, false);
}

TEST_CASE("5.3 sockets: calls that move a single byte each carry a whole request and its answer",
          "[s3][sockets]") {
    const auto speaks = GENERATE(Speaks::plain, Speaks::tls);
    for (const auto& one : cases) {
        Sweep sweep(one, speaks, SocketFault::short_count, true);
        CHECK(sweep.step(1));
    }
}

TEST_CASE("5.3 sockets: an accept that fails keeps the server accepting", "[s3][sockets]") {
    World world(Speaks::plain);
    struct Failure {
        int code;
        std::uint64_t times;
    };
    // More than are accepted in a row. For want of a descriptor it pauses each time.
    for (const auto [code, times] :
         {Failure{ECONNABORTED, 1}, Failure{ECONNABORTED, 200}, Failure{EPROTO, 200},
          Failure{EPERM, 200}, Failure{EMFILE, 1}, Failure{EMFILE, 5}, Failure{ENFILE, 4},
          Failure{ENOBUFS, 3}, Failure{ENOMEM, 2}}) {
        INFO("errno " << code << ", " << times << " times");
        fail_accepts(times, code);
        const Told told(world.ask(Request("GET", "/photos/k")));
        CHECK(heal_sockets());
        // With the spare descriptor it says so.
        CHECK((told.status == 200 || told.status == 503));
        if (told.status == 200) CHECK((told.body == before));
        REQUIRE(World::wait_until_idle());
        CHECK((Told(world.ask(Request("GET", "/photos/k"))).body == before));
        REQUIRE(World::wait_until_idle());
    }
}

}  // namespace holdfast::test
