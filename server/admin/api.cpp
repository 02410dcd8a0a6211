#include "server/admin/api.h"

#include <algorithm>
#include <array>
#include <boost/json/serialize.hpp>
#include <optional>

namespace holdfast::admin {

namespace {

struct Route {
    std::string_view method;
    std::string_view path;                                    ///< behind api_root
    Reply (*call)(Operator& target, std::string_view query);  ///< null: info(), which takes time
};

constexpr std::array routes{
    Route{"GET", "info", nullptr},
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

struct Call {
    const Route* route = nullptr;
    std::string_view query;
};

/// What a request is for, or why it is for nothing.
base::Expected<Call, Api::Answer> call_of(const http::RequestHead& request) {
    const std::string_view target = request.target;
    const auto mark = std::min(target.find('?'), target.size());
    const auto path = target.substr(0, mark).substr(api_root.size());
    const auto query = target.substr(std::min(mark + 1, target.size()));
    const auto* const found = std::find_if(routes.begin(), routes.end(),
                                           [&](const Route& route) { return route.path == path; });
    if (found == routes.end()) return refusal(404, "the admin API has no such path");
    if (found->method != request.method)
        return refusal(405, "only " + std::string(found->method),
                       {{"Allow", std::string(found->method)}});
    if (!query.empty() && (query != "confirm=true" || path != "gc/run"))
        return refusal(400, "the query is not understood");
    return Call{found, query};
}

}  // namespace

bool bears(const http::RequestHead& request, const base::Secret& token) {
    constexpr std::string_view scheme = "Bearer ";
    const auto authorization = request.header("authorization").value_or("");
    if (!authorization.starts_with(scheme)) return false;
    return base::equal_in_constant_time(base::as_bytes(authorization.substr(scheme.size())),
                                        base::as_bytes(token.reveal()));
}

/// Keeps the operator from going.
class Api::Visit {
public:
    explicit Visit(Api& api) : api_(api) {
        const std::lock_guard lock(api_.mutex_);
        target_ = api_.operator_;
        ++api_.visits_;
    }
    ~Visit() {
        const std::lock_guard lock(api_.mutex_);
        --api_.visits_;
        api_.left_.notify_all();
    }
    Visit(const Visit&) = delete;
    Visit& operator=(const Visit&) = delete;

    /// Null before connect() and from disconnect() on.
    [[nodiscard]] Operator* target() const { return target_; }

private:
    Api& api_;
    Operator* target_ = nullptr;
};

void Api::connect(Operator& target, base::Secret token) {
    const std::lock_guard lock(mutex_);
    operator_ = &target;
    token_ = std::move(token);
}

void Api::disconnect() {
    std::unique_lock lock(mutex_);
    operator_ = nullptr;
    left_.wait(lock, [this] { return visits_ == 0; });
}

bool Api::trusts(const http::RequestHead& request) {
    const std::lock_guard lock(mutex_);
    return !token_.empty() && bears(request, token_);
}

std::optional<Api::Answer> Api::refuse(const http::RequestHead& request) {
    const std::lock_guard lock(mutex_);
    if (operator_ == nullptr)
        return refusal(503, "the server is starting or stopping", {{"Retry-After", "1"}});
    if (token_.empty())
        return refusal(403, "there is no admin token, and no place to keep one: set admin.token");
    if (!bears(request, token_))
        return refusal(401, "the admin API needs its token as \"Authorization: Bearer\"",
                       {{"WWW-Authenticate", "Bearer"}});
    return std::nullopt;
}

base::Awaitable<Api::Answer> Api::answer(const http::RequestHead& request) {
    if (auto refused = refuse(request)) co_return *std::move(refused);
    const auto call = call_of(request);
    if (!call) co_return call.error();
    const Visit visit(*this);
    if (visit.target() == nullptr) co_return refusal(503, "the server is stopping");
    if (call->route->call != nullptr)
        co_return to_answer(call->route->call(*visit.target(), call->query));
    auto info = co_await visit.target()->info();
    co_return to_answer(info);
}

std::string Api::remarks() {
    const Visit visit(*this);
    return visit.target() == nullptr ? std::string() : visit.target()->remarks();
}

}  // namespace holdfast::admin
