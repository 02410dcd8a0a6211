#include "server/admin/handler.h"

#include <algorithm>

#include "base/metrics.h"
#include "tests/catch.h"
#include "tests/unit/server/admin/fake_exchange.h"

using namespace holdfast;
using admin::Phase;
using tests::FakeExchange;

namespace {

const admin::Options on_loopback{true, {}};

/// What a handler answers in a phase.
FakeExchange ask(const admin::Options& options, Phase phase, std::string method, std::string target,
                 http::Headers headers = {}) {
    admin::Readiness readiness;
    readiness.set(phase);
    admin::Handler handler(options, readiness);
    FakeExchange exchange(std::move(method), std::move(target), std::move(headers));
    exchange.run(handler);
    CHECK(exchange.answers == 1);
    return exchange;
}

FakeExchange ask_for_metrics(const admin::Options& options, http::Headers headers = {}) {
    return ask(options, Phase::serving, "GET", "/metrics", std::move(headers));
}

admin::Options with_token(bool loopback) {
    return {loopback, base::Secret("0123456789abcdef")};
}

}  // namespace

TEST_CASE("/health/live: 200 in every phase, without data (S-11)", "[admin]") {
    for (const Phase phase : {Phase::starting, Phase::serving, Phase::draining}) {
        const auto exchange = ask({false, {}}, phase, "GET", "/health/live");
        CHECK(exchange.sent_head.status == 200);
        CHECK(exchange.sent_body == "live\n");
    }
}

TEST_CASE("/health/ready: 200 only while serving", "[admin]") {
    CHECK(ask(on_loopback, Phase::serving, "GET", "/health/ready").sent_head.status == 200);
    const auto starting = ask(on_loopback, Phase::starting, "GET", "/health/ready");
    CHECK(starting.sent_head.status == 503);
    CHECK(starting.sent_body == "starting\n");
    const auto draining = ask(on_loopback, Phase::draining, "GET", "/health/ready");
    CHECK(draining.sent_head.status == 503);
    CHECK(draining.sent_body == "draining\n");
}

TEST_CASE("/health/ready: a query and HEAD make no difference", "[admin]") {
    CHECK(ask(on_loopback, Phase::serving, "GET", "/health/ready?x=1").sent_head.status == 200);
    CHECK(ask(on_loopback, Phase::draining, "HEAD", "/health/ready").sent_head.status == 503);
}

TEST_CASE("health answers are never cached", "[admin]") {
    const auto exchange = ask(on_loopback, Phase::serving, "GET", "/health/ready");
    CHECK(exchange.sent_header("Cache-Control") == "no-store");
    CHECK(exchange.sent_header("Content-Type") == "text/plain; charset=utf-8");
}

TEST_CASE("/metrics: Prometheus text on loopback, without a token (S-11)", "[admin]") {
    base::metrics::counter("holdfast_test_admin_total", "A counter of this test.").Increment();
    const auto exchange = ask_for_metrics(on_loopback);
    CHECK(exchange.sent_head.status == 200);
    CHECK(exchange.sent_header("Content-Type") == "text/plain; version=0.0.4; charset=utf-8");
    CHECK_THAT(exchange.sent_body, Catch::Contains("# TYPE holdfast_test_admin_total counter\n"));
}

TEST_CASE("/metrics: refused away from loopback when there is no token (S-11)", "[admin]") {
    const auto exchange = ask_for_metrics({false, {}}, {{"authorization", "Bearer "}});
    CHECK(exchange.sent_head.status == 403);
    CHECK_THAT(exchange.sent_body, Catch::Contains("admin.metrics_token"));
}

TEST_CASE("/metrics: a token that is set is asked for on every address (S-11)", "[admin]") {
    for (const bool loopback : {true, false}) {
        const auto options = with_token(loopback);
        CHECK(ask_for_metrics(options, {{"authorization", "Bearer 0123456789abcdef"}})
                  .sent_head.status == 200);
        for (const char* wrong : {"Bearer 0123456789abcdeg", "Bearer 0123456789abcde", "Bearer ",
                                  "Basic 0123456789abcdef", "0123456789abcdef", ""}) {
            INFO(wrong);
            const auto refused = ask_for_metrics(options, {{"authorization", wrong}});
            CHECK(refused.sent_head.status == 401);
            CHECK(refused.sent_header("WWW-Authenticate") == "Bearer");
            CHECK(refused.sent_body.find("holdfast_") == std::string::npos);
        }
        CHECK(ask_for_metrics(options).sent_head.status == 401);
    }
}

TEST_CASE("any other path is 404, whatever the method", "[admin]") {
    for (const char* path : {"/", "/health", "/health/live/", "/metricsx", "/debug/pprof", "*"}) {
        INFO(path);
        CHECK(ask(on_loopback, Phase::serving, "GET", path).sent_head.status == 404);
        CHECK(ask(on_loopback, Phase::serving, "POST", path).sent_head.status == 404);
    }
}

TEST_CASE("any other method is 405 and says which there are", "[admin]") {
    for (const char* method : {"POST", "PUT", "DELETE", "OPTIONS", "get"})
        for (const char* path : {"/health/live", "/health/ready", "/metrics"}) {
            INFO(method << ' ' << path);
            const auto exchange = ask(on_loopback, Phase::serving, method, path);
            CHECK(exchange.sent_head.status == 405);
            CHECK(exchange.sent_header("Allow") == "GET, HEAD");
        }
}

TEST_CASE("what never became a request is refused in plain text", "[admin]") {
    const admin::Readiness readiness;
    admin::Handler handler(on_loopback, readiness);
    const auto [head, body] = handler.refuse(414, "URITooLong", "The target is too long.");
    CHECK(head.status == 414);
    CHECK(body == "The target is too long.\n");
}

TEST_CASE("a refusal with 503 says when to come back", "[admin]") {
    const admin::Readiness readiness;
    admin::Handler handler(on_loopback, readiness);
    const auto [head, body] = handler.refuse(503, "SlowDown", "Please reduce your request rate.");
    CHECK(head.status == 503);
    const http::Headers::value_type retry_after{"Retry-After", "1"};
    CHECK(std::count(head.headers.begin(), head.headers.end(), retry_after) == 1);
}
