/// What the admin listener answers, in plain text:
///
///     GET /health/live    200 as long as the process answers at all
///     GET /health/ready   200 while S3 is served, 503 before and while draining
///     GET /metrics        Prometheus' text format, version 0.0.4
///     /admin/v1/...       the admin API (api.h), in JSON
///
/// Health says one word to everybody, and below it what an operator should know (that writes are
/// refused and why, that blobs are damaged): on loopback, or to who sends the token of the admin
/// API. Metrics tell about the data's users: away from loopback they need a token of their own.
/// Tokens are compared in constant time.
/// source: spec auth S-11, S-37; spec durability 3. threads: any.
#pragma once

#include <string>

#include "base/bytes.h"
#include "server/admin/api.h"
#include "server/admin/readiness.h"
#include "server/http/exchange.h"

namespace holdfast::admin {

struct Options {
    bool bound_to_loopback = false;  ///< the listener's own address is one
    base::Secret metrics_token;      ///< empty: none
};

class Handler final : public http::RequestHandler {
public:
    /// `readiness` outlives the handler.
    Handler(Options options, const Readiness& readiness);

    /// To be connected once the server can be operated.
    Api& api() { return api_; }

    base::Awaitable<void> handle(http::Exchange& exchange) override;
    std::pair<http::ResponseHead, std::string> refuse(unsigned status, std::string_view code,
                                                      std::string_view message) override;

private:
    struct Answer;
    base::Awaitable<Answer> answer(const http::RequestHead& request);
    [[nodiscard]] Answer page(const http::RequestHead& request);
    [[nodiscard]] Answer readiness(const http::RequestHead& request);
    [[nodiscard]] Answer metrics(const http::RequestHead& request) const;

    Options options_;
    const Readiness& readiness_;
    Api api_;
};

}  // namespace holdfast::admin
