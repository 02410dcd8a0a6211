/// One HTTP request and its answer, as a handler sees them: no Beast, no sockets, no buckets.
///
/// Sessions (plain and TLS) implement Exchange; a RequestHandler is called once for each request,
/// on the connection's own event loop. threads: one event loop.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/async.h"
#include "base/bytes.h"
#include "base/result.h"

namespace holdfast::http {

/// Lower-case names, values trimmed of outer white space otherwise raw, in arrival order.
using Headers = std::vector<std::pair<std::string, std::string>>;

struct RequestHead {
    std::string method;
    std::string
        target;  ///< origin form, raw: path and query as sent (an absolute form is reduced to it)
    Headers headers;
    std::optional<std::uint64_t> content_length;
    bool chunked = false;  ///< Transfer-Encoding: chunked
    bool expect_continue = false;

    /// First value, or nothing.
    [[nodiscard]] std::optional<std::string_view> header(std::string_view lower_name) const;
};

struct Peer {
    std::string address;  ///< "127.0.0.1" or "::1"
    bool loopback = false;
    bool tls = false;
};

/// The session adds Date, Server, Connection and the framing.
struct ResponseHead {
    unsigned status = 200;
    Headers headers;
    /// Close the connection afterwards whatever the request said.
    bool close = false;
};

/// Why reading or writing stopped. Every kind means: stop working for this client; nothing but
/// `timeout` and `malformed` can still be answered.
struct ConnectionError {
    enum class Kind { closed, timeout, malformed };
    Kind kind = Kind::closed;
};
template <class T>
using Result = base::Expected<T, ConnectionError>;

class Exchange {
public:
    virtual ~Exchange() = default;
    [[nodiscard]] virtual const RequestHead& head() const = 0;
    [[nodiscard]] virtual const Peer& peer() const = 0;

    /// Body bytes into `to`, at least one unless the body ended (0). The first call sends
    /// "100 Continue" when the client waits for it: call it only once the request is admitted.
    virtual base::Awaitable<Result<std::size_t>> read_body(base::ByteSpan to) = 0;

    /// The whole answer in one gathered write. `body` must live until it returns. For HEAD and
    /// 204/304 nothing of the body is sent; Content-Length says body.size() unless the head names
    /// one itself.
    virtual base::Awaitable<Result<void>> send(ResponseHead head, base::ByteView body) = 0;

    /// A streamed answer: start, write any number of times, finish. Without a length it is chunked.
    /// The head leaves together with the first bytes of the body, or with finish().
    virtual base::Awaitable<Result<void>> start(ResponseHead head,
                                                std::optional<std::uint64_t> length) = 0;
    virtual base::Awaitable<Result<void>> write(base::ByteView bytes) = 0;
    virtual base::Awaitable<Result<void>> finish() = 0;

    /// A head of a streamed answer went out: its status cannot be changed any more.
    [[nodiscard]] virtual bool answered() const = 0;
    /// Ends the connection without a clean end of the body (damage found while streaming, P10).
    virtual void abort() = 0;
};

class RequestHandler {
public:
    virtual ~RequestHandler() = default;
    virtual base::Awaitable<void> handle(Exchange& exchange) = 0;
    /// The answer to a request whose head never became one (limits, framing): S3 answers in XML.
    /// code: "RequestHeaderSectionTooLarge", "BadRequest", … A 503 carries Retry-After.
    [[nodiscard]] virtual std::pair<ResponseHead, std::string> refuse(unsigned status,
                                                                      std::string_view code,
                                                                      std::string_view message) = 0;
};

}  // namespace holdfast::http
