/// The admin API: JSON over HTTP below /admin/v1/, a path for each call of the operator (calls.h).
///
/// `POST gc/run?confirm=true` consents to what the safety stop asks about. Every request needs
/// `Authorization: Bearer <token>`, on loopback too; without it nothing is told but 401, not even
/// whether a path exists. The token is compared in constant time.
/// source: spec auth S-11, S-37. threads: any.
#pragma once

#include <condition_variable>
#include <mutex>
#include <optional>
#include <string>

#include "base/bytes.h"
#include "server/admin/operator.h"
#include "server/http/exchange.h"

namespace holdfast::admin {

/// Whether the request carries the token. REQUIRES: the token is not empty.
bool bears(const http::RequestHead& request, const base::Secret& token);

class Api {
public:
    /// From here on requests are answered. The operator lives until disconnect().
    void connect(Operator& target, base::Secret token);
    /// Returns when no call is inside the operator any more. Not from an event loop that calls are
    /// answered on.
    void disconnect();

    struct Answer {
        unsigned status = 200;
        std::string body;
        http::Headers headers;
    };
    /// REQUIRES: the path begins with api_root; the request lives until the answer is there.
    base::Awaitable<Answer> answer(const http::RequestHead& request);
    /// Whether the request carries the token of the API. False when there is none.
    bool trusts(const http::RequestHead& request);
    /// The operator's remarks; nothing when there is none.
    std::string remarks();

private:
    class Visit;

    /// Why the request is not listened to; nothing when it is.
    std::optional<Answer> refuse(const http::RequestHead& request);

    std::mutex mutex_;
    std::condition_variable left_;  ///< a call came out of the operator
    Operator* operator_ = nullptr;
    std::size_t visits_ = 0;
    base::Secret token_;
};

}  // namespace holdfast::admin
