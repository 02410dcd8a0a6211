#include "server/admin/api.h"

#include <algorithm>
#include <boost/json/serialize.hpp>
#include <optional>

#include "server/admin/calls.h"

namespace holdfast::admin {

namespace {

Api::Answer to_answer(const Reply& reply, http::Headers headers = {}) {
    return {reply.status, boost::json::serialize(reply.body) + '\n', std::move(headers)};
}

Api::Answer refusal(unsigned status, std::string_view error, http::Headers headers = {}) {
    Reply reply;
    reply.status = status;
    reply.body["error"] = error;
    return to_answer(reply, std::move(headers));
}

struct Asked {
    Call call;
    Consent consent = Consent::not_given;
    std::string name = {};  ///< of a snapshot
};

/// The query of a call, or that it is none of it.
base::Expected<Asked, Api::Answer> with_query(Call call, std::string_view query) {
    Asked asked{call};
    const bool takes_name = call == Call::snapshot_create || call == Call::snapshot_delete;
    if (query.empty() && call == Call::snapshot_delete)
        return refusal(400, "which snapshot? name=NAME");
    if (query.empty()) return asked;
    if (takes_name && query.starts_with(name_query)) {
        // Names have no character that would be encoded; one that has is refused as a bad name.
        asked.name = query.substr(name_query.size());
        return asked;
    }
    if (query != consent_query || call != Call::gc_run)
        return refusal(400, "the query is not understood");
    asked.consent = Consent::given;
    return asked;
}

/// What a request is for, or why it is for nothing.
base::Expected<Asked, Api::Answer> asked_by(const http::RequestHead& request) {
    const std::string_view target = request.target;
    const auto mark = std::min(target.find('?'), target.size());
    const auto path = target.substr(0, mark).substr(api_root.size());
    const auto query = target.substr(std::min(mark + 1, target.size()));
    const auto* const found =
        std::find_if(call_places.begin(), call_places.end(),
                     [&](const CallPlace& place) { return place.path == path; });
    if (found == call_places.end()) return refusal(404, "the admin API has no such path");
    if (found->method != request.method)
        return refusal(405, "only " + std::string(found->method),
                       {{"Allow", std::string(found->method)}});
    return with_query(found->call, query);
}

base::Awaitable<Reply> carry_out(Operator& target, Asked asked) {
    switch (asked.call) {
        case Call::info:
            co_return co_await target.info();
        case Call::gc_report:
            co_return target.gc_report();
        case Call::gc_run:
            co_return target.gc_run(asked.consent);
        case Call::scrub_start:
            co_return target.scrub_start();
        case Call::scrub_status:
            co_return target.scrub_status();
        case Call::scrub_report:
            co_return target.scrub_report();
        case Call::snapshot_create:
            co_return co_await target.snapshot_create(std::move(asked.name));
        case Call::snapshot_list:
            co_return co_await target.snapshot_list();
        case Call::snapshot_delete:
            co_return co_await target.snapshot_delete(std::move(asked.name));
        case Call::volume_resume:
            break;
    }
    co_return target.volume_resume();
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
    const auto asked = asked_by(request);
    if (!asked) co_return asked.error();
    const Visit visit(*this);
    if (visit.target() == nullptr) co_return refusal(503, "the server is stopping");
    auto reply = co_await carry_out(*visit.target(), *asked);
    co_return to_answer(reply);
}

std::string Api::remarks() {
    const Visit visit(*this);
    return visit.target() == nullptr ? std::string() : visit.target()->remarks();
}

}  // namespace holdfast::admin
