/// The admin API: JSON over HTTP below /admin/v1/.
///
///     GET  /admin/v1/info            GET  /admin/v1/scrub/status   GET  /admin/v1/gc/report
///     POST /admin/v1/scrub/start     GET  /admin/v1/scrub/report   POST /admin/v1/gc/run
///     POST /admin/v1/volume/resume
///
/// `POST gc/run?confirm=true` consents to what the safety stop asks about. Every request needs
/// `Authorization: Bearer <token>`, on loopback too; without it nothing is told but 401, not even
/// whether a path exists. The token is compared in constant time.
/// source: spec auth S-11, S-37. threads: any.
#pragma once

#include <mutex>
#include <string_view>

#include "base/bytes.h"
#include "server/admin/operator.h"
#include "server/http/exchange.h"

namespace holdfast::admin {

inline constexpr std::string_view api_root = "/admin/v1/";

/// Whether the request carries the token. REQUIRES: the token is not empty.
bool bears(const http::RequestHead& request, const base::Secret& token);

class Api {
public:
    /// From here on requests are answered. The operator lives until disconnect().
    void connect(Operator& target, base::Secret token);
    /// Returns when no call is inside the operator any more.
    void disconnect();

    struct Answer {
        unsigned status = 200;
        std::string body;
        http::Headers headers;
    };
    /// REQUIRES: the path begins with api_root.
    Answer answer(const http::RequestHead& request);
    /// The operator's remarks; nothing when there is none.
    std::string remarks();

private:
    std::mutex mutex_;
    Operator* operator_ = nullptr;
    base::Secret token_;
};

}  // namespace holdfast::admin
