#include "server/admin/api.h"

#include <atomic>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/post.hpp>
#include <future>
#include <thread>

#include "base/spawn.h"
#include "server/admin/handler.h"
#include "tests/catch.h"
#include "tests/unit/server/admin/fake_exchange.h"

using namespace holdfast;
using tests::FakeExchange;

namespace {

/// Says what it was asked.
class EchoOperator : public admin::Operator {
public:
    base::Awaitable<admin::Reply> info() override { co_return called("info"); }
    admin::Reply gc_report() override { return called("gc_report"); }
    admin::Reply gc_run(admin::Consent consent) override {
        return called(consent == admin::Consent::given ? "gc_run confirmed" : "gc_run");
    }
    admin::Reply scrub_start() override { return called("scrub_start"); }
    admin::Reply scrub_status() override { return called("scrub_status"); }
    admin::Reply scrub_report() override { return called("scrub_report"); }
    admin::Reply volume_resume() override { return called("volume_resume"); }
    base::Awaitable<admin::Reply> snapshot_create(std::string name) override {
        co_return called(("snapshot_create " + name).c_str());
    }
    base::Awaitable<admin::Reply> snapshot_list() override { co_return called("snapshot_list"); }
    base::Awaitable<admin::Reply> snapshot_delete(std::string name) override {
        co_return called(("snapshot_delete " + name).c_str());
    }
    std::string remarks() override { return remarks_; }

    std::string remarks_;
    int calls = 0;

private:
    admin::Reply called(const char* what) {
        ++calls;
        admin::Reply reply;
        reply.body["called"] = what;
        return reply;
    }
};

const std::string token = "0123456789abcdef0123456789abcdef";
const http::Headers with_token{{"authorization", "Bearer " + token}};

struct Listening {
    Listening() { handler.api().connect(target, base::Secret(token)); }

    FakeExchange ask(std::string method, std::string path, http::Headers headers = with_token) {
        FakeExchange exchange(std::move(method), "/admin/v1/" + path, std::move(headers));
        exchange.run(handler);
        CHECK(exchange.answers == 1);
        return exchange;
    }

    admin::Readiness readiness;
    admin::Handler handler{{true, {}}, readiness};
    EchoOperator target;
};

}  // namespace

TEST_CASE("admin API: each path with its method, and the answer is JSON", "[admin]") {
    Listening server;
    const std::vector<std::array<std::string, 3>> calls{
        {"GET", "info", "info"},
        {"GET", "gc/report", "gc_report"},
        {"POST", "gc/run", "gc_run"},
        {"POST", "gc/run?confirm=true", "gc_run confirmed"},
        {"POST", "scrub/start", "scrub_start"},
        {"GET", "scrub/status", "scrub_status"},
        {"GET", "scrub/report", "scrub_report"},
        {"POST", "volume/resume", "volume_resume"},
        {"POST", "snapshot/create", "snapshot_create "},
        {"POST", "snapshot/create?name=monday", "snapshot_create monday"},
        {"GET", "snapshot/list", "snapshot_list"},
        {"POST", "snapshot/delete?name=monday", "snapshot_delete monday"}};
    for (const auto& [method, path, called] : calls) {
        const auto exchange = server.ask(method, path);
        CHECK(exchange.sent_head.status == 200);
        CHECK(exchange.sent_header("Content-Type") == "application/json");
        CHECK(exchange.sent_body == "{\"called\":\"" + called + "\"}\n");
    }
}

TEST_CASE("admin API: nothing without the token, also on loopback (S-11, S-37)", "[admin]") {
    Listening server;
    const std::vector<http::Headers> refused{
        {},
        {{"authorization", "Bearer "}},
        {{"authorization", token}},
        {{"authorization", "Basic " + token}},
        {{"authorization", "Bearer " + token + "0"}},
        {{"authorization", "Bearer " + token.substr(1)}},
        {{"authorization", "Bearer 0123456789abcdef0123456789abcdee"}}};
    for (const auto& headers : refused)
        for (const char* path : {"info", "volume/resume", "no/such/path"}) {
            const auto exchange = server.ask("GET", path, headers);
            CHECK(exchange.sent_head.status == 401);
            CHECK(exchange.sent_header("WWW-Authenticate") == "Bearer");
        }
    CHECK(server.target.calls == 0);
}

TEST_CASE("admin API: an empty token lets nobody in", "[admin]") {
    Listening server;
    server.handler.api().connect(server.target, base::Secret());
    for (const auto& headers : {http::Headers(), http::Headers{{"authorization", "Bearer "}}})
        CHECK(server.ask("GET", "info", headers).sent_head.status == 403);
    CHECK(server.target.calls == 0);
}

TEST_CASE("admin API: 404 for another path, 405 for another method, 400 for another query",
          "[admin]") {
    Listening server;
    CHECK(server.ask("GET", "").sent_head.status == 404);
    CHECK(server.ask("GET", "infos").sent_head.status == 404);
    CHECK(server.ask("GET", "gc/run/").sent_head.status == 404);
    const auto wrong = server.ask("GET", "gc/run");
    CHECK(wrong.sent_head.status == 405);
    CHECK(wrong.sent_header("Allow") == "POST");
    CHECK(server.ask("DELETE", "info").sent_head.status == 405);
    CHECK(server.ask("GET", "info?x=1").sent_head.status == 400);
    CHECK(server.ask("POST", "gc/run?confirm=yes").sent_head.status == 400);
    CHECK(server.ask("POST", "gc/run?name=monday").sent_head.status == 400);
    CHECK(server.ask("POST", "snapshot/create?confirm=true").sent_head.status == 400);
    CHECK(server.ask("GET", "snapshot/list?name=monday").sent_head.status == 400);
    CHECK(server.ask("POST", "snapshot/delete").sent_head.status == 400);
    CHECK(server.target.calls == 0);
}

TEST_CASE("admin API: 503 before the server can be operated, and when it stops", "[admin]") {
    Listening server;
    server.handler.api().disconnect();
    CHECK(server.ask("GET", "info").sent_head.status == 503);
    CHECK(server.target.calls == 0);
}

TEST_CASE("admin API: a stop waits for a call that is inside the operator", "[admin]") {
    /// Answers when it is let.
    class SlowOperator final : public EchoOperator {
    public:
        explicit SlowOperator(boost::asio::io_context& loop) : let_(loop.get_executor()) {
            let_.expires_at(Timer::time_point::max());
        }
        base::Awaitable<admin::Reply> info() override {
            inside_.set_value();
            co_await let_.async_wait(boost::asio::as_tuple(base::use_awaitable));
            left = true;
            co_return admin::Reply();
        }
        void wait_until_inside() { inside_.get_future().wait(); }
        void let(boost::asio::io_context& loop) {
            boost::asio::post(loop, [this] { let_.cancel(); });
        }
        std::atomic<bool> left = false;

    private:
        using Timer =
            boost::asio::basic_waitable_timer<std::chrono::steady_clock,
                                              boost::asio::wait_traits<std::chrono::steady_clock>,
                                              base::IoExecutor>;
        Timer let_;
        std::promise<void> inside_;
    };
    const admin::Readiness readiness;
    admin::Handler handler({true, {}}, readiness);
    boost::asio::io_context loop;
    SlowOperator target(loop);
    handler.api().connect(target, base::Secret(token));
    FakeExchange exchange("GET", "/admin/v1/info", with_token);
    base::spawn(loop, handler.handle(exchange));
    std::thread thread([&] { loop.run(); });
    target.wait_until_inside();
    target.let(loop);
    handler.api().disconnect();
    CHECK(target.left);
    thread.join();
    CHECK(exchange.sent_head.status == 200);
}

TEST_CASE("/health/ready: below the word stands what an operator should know", "[admin]") {
    Listening server;
    server.readiness.set(admin::Phase::serving);
    server.target.remarks_ = "read-only: the disk is full\n";
    FakeExchange exchange("GET", "/health/ready");
    exchange.run(server.handler);
    CHECK(exchange.sent_head.status == 200);
    CHECK(exchange.sent_body == "ready\nread-only: the disk is full\n");
}

TEST_CASE(
    "/health/ready: away from loopback only who has the admin token learns more than a word (S-11)",
    "[admin]") {
    admin::Readiness readiness;
    readiness.set(admin::Phase::serving);
    admin::Handler handler({false, {}}, readiness);
    EchoOperator target;
    target.remarks_ = "read-only: the disk is full\n";
    const auto ask = [&](http::Headers headers) {
        FakeExchange exchange("GET", "/health/ready", std::move(headers));
        exchange.run(handler);
        CHECK(exchange.sent_head.status == 200);
        return exchange.sent_body;
    };
    CHECK(ask(with_token) == "ready\n");  // there is no token yet
    handler.api().connect(target, base::Secret(token));
    CHECK(ask({}) == "ready\n");
    CHECK(ask({{"authorization", "Bearer "}}) == "ready\n");
    CHECK(ask({{"authorization", "Bearer " + token + "0"}}) == "ready\n");
    CHECK(ask(with_token) == "ready\nread-only: the disk is full\n");
    handler.api().connect(target, base::Secret());
    CHECK(ask({{"authorization", "Bearer "}}) == "ready\n");
}
