#include "server/admin/handler.h"

#include "base/metrics.h"
#include "server/admin/calls.h"

namespace holdfast::admin {

struct Handler::Answer {
    unsigned status = 200;
    std::string body;
    std::string content_type = "text/plain; charset=utf-8";
    http::Headers headers = {};
};

namespace {

/// The path, without a query.
std::string_view path_of(const http::RequestHead& request) {
    return std::string_view(request.target).substr(0, request.target.find('?'));
}

}  // namespace

Handler::Handler(Options options, const Readiness& readiness)
    : options_(std::move(options)), readiness_(readiness) {}

Handler::Answer Handler::readiness(const http::RequestHead& request) {
    switch (readiness_.phase()) {
        case Phase::serving:
            if (!options_.bound_to_loopback && !api_.trusts(request)) return {200, "ready\n"};
            return {200, "ready\n" + api_.remarks()};
        case Phase::starting:
            return {503, "starting\n"};
        case Phase::draining:
            break;
    }
    return {503, "draining\n"};
}

Handler::Answer Handler::metrics(const http::RequestHead& request) const {
    if (options_.metrics_token.empty() && !options_.bound_to_loopback)
        return {403,
                "Metrics need a token when admin.address is not a loopback address: set "
                "admin.metrics_token and send it as \"Authorization: Bearer\".\n"};
    if (!options_.metrics_token.empty() && !bears(request, options_.metrics_token))
        return {401,
                "Metrics need the token of admin.metrics_token as \"Authorization: Bearer\".\n",
                "text/plain; charset=utf-8",
                {{"WWW-Authenticate", "Bearer"}}};
    return {200, base::metrics::render(), "text/plain; version=0.0.4; charset=utf-8"};
}

Handler::Answer Handler::page(const http::RequestHead& request) {
    const auto path = path_of(request);
    if (path != "/health/live" && path != "/health/ready" && path != "/metrics")
        return {404, "Here are /health/live, /health/ready, /metrics and /admin/v1/.\n"};
    if (request.method != "GET" && request.method != "HEAD")
        return {405, "Only GET and HEAD.\n", "text/plain; charset=utf-8", {{"Allow", "GET, HEAD"}}};
    if (path == "/health/live") return {200, "live\n"};
    return path == "/metrics" ? metrics(request) : readiness(request);
}

base::Awaitable<Handler::Answer> Handler::answer(const http::RequestHead& request) {
    if (!path_of(request).starts_with(api_root)) co_return page(request);
    auto told = co_await api_.answer(request);
    co_return Answer{told.status, std::move(told.body), "application/json",
                     std::move(told.headers)};
}

base::Awaitable<void> Handler::handle(http::Exchange& exchange) {
    Answer answer = co_await this->answer(exchange.head());
    http::ResponseHead head;
    head.status = answer.status;
    head.headers = std::move(answer.headers);
    head.headers.emplace_back("Content-Type", answer.content_type);
    head.headers.emplace_back("Cache-Control", "no-store");
    auto sent = co_await exchange.send(std::move(head), base::as_bytes(answer.body));
    // A client that went away misses its answer; there is nothing to undo.
    static_cast<void>(sent);
}

std::pair<http::ResponseHead, std::string> Handler::refuse(unsigned status, std::string_view,
                                                           std::string_view message) {
    http::ResponseHead head;
    head.status = status;
    head.headers.emplace_back("Content-Type", "text/plain; charset=utf-8");
    if (status == 503) head.headers.emplace_back("Retry-After", "1");
    return {std::move(head), std::string(message) + '\n'};
}

}  // namespace holdfast::admin
