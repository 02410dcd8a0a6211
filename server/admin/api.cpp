#include "server/admin/api.h"

#include <algorithm>
#include <array>
#include <boost/json/serialize.hpp>

namespace holdfast::admin {

namespace {

struct Route {
    std::string_view method;
    std::string_view path;  ///< behind api_root
    Reply (*call)(Operator& target, std::string_view query);
};

constexpr std::array routes{
    Route{"GET", "info", [](Operator& target, std::string_view) { return target.info(); }},
    Route{"GET", "gc/report",
          [](Operator& target, std::string_view) { return target.gc_report(); }},
    Route{"POST", "gc/run",
          [](Operator& target, std::string_view query) {
              return target.gc_run(query == "confirm=true" ? Consent::given : Consent::not_given);
          }},
    Route{"POST", "scrub/start",
          [](Operator& target, std::string_view) { return target.scrub_start(); }},
    Route{"GET", "scrub/status",
          [](Operator& target, std::string_view) { return target.scrub_status(); }},
    Route{"GET", "scrub/report",
          [](Operator& target, std::string_view) { return target.scrub_report(); }},
    Route{"POST", "volume/resume",
          [](Operator& target, std::string_view) { return target.volume_resume(); }},
};

Api::Answer to_answer(const Reply& reply, http::Headers headers = {}) {
    return {reply.status, boost::json::serialize(reply.body) + '\n', std::move(headers)};
}

Api::Answer refusal(unsigned status, std::string_view error, http::Headers headers = {}) {
    Reply reply;
    reply.status = status;
    reply.body["error"] = error;
    return to_answer(reply, std::move(headers));
}

}  // namespace

bool bears(const http::RequestHead& request, const base::Secret& token) {
    constexpr std::string_view scheme = "Bearer ";
    const auto authorization = request.header("authorization").value_or("");
    if (!authorization.starts_with(scheme)) return false;
    return base::equal_in_constant_time(base::as_bytes(authorization.substr(scheme.size())),
                                        base::as_bytes(token.reveal()));
}

void Api::connect(Operator& target, base::Secret token) {
    const std::lock_guard lock(mutex_);
    operator_ = &target;
    token_ = std::move(token);
}

void Api::disconnect() {
    const std::lock_guard lock(mutex_);
    operator_ = nullptr;
}

Api::Answer Api::answer(const http::RequestHead& request) {
    const std::lock_guard lock(mutex_);
    if (operator_ == nullptr)
        return refusal(503, "the server is starting or stopping", {{"Retry-After", "1"}});
    if (token_.empty())
        return refusal(403, "there is no admin token, and no place to keep one: set admin.token");
    if (!bears(request, token_))
        return refusal(401, "the admin API needs its token as \"Authorization: Bearer\"",
                       {{"WWW-Authenticate", "Bearer"}});
    const std::string_view target = request.target;
    const auto mark = std::min(target.find('?'), target.size());
    const auto path = target.substr(0, mark).substr(api_root.size());
    const auto query = target.substr(std::min(mark + 1, target.size()));
    const auto found = std::find_if(routes.begin(), routes.end(),
                                    [&](const Route& route) { return route.path == path; });
    if (found == routes.end()) return refusal(404, "the admin API has no such path");
    if (found->method != request.method)
        return refusal(405, "only " + std::string(found->method),
                       {{"Allow", std::string(found->method)}});
    if (!query.empty() && (query != "confirm=true" || path != "gc/run"))
        return refusal(400, "the query is not understood");
    return to_answer(found->call(*operator_, query));
}

std::string Api::remarks() {
    const std::lock_guard lock(mutex_);
    return operator_ == nullptr ? std::string() : operator_->remarks();
}

}  // namespace holdfast::admin
