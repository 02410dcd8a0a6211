#include "server/s3/service.h"

#include <new>

#include "base/failpoint.h"
#include "server/s3/access_record.h"
#include "server/s3/admission.h"
#include "server/s3/operation.h"
#include "server/s3/payload.h"
#include "server/s3/request_checks.h"

namespace holdfast::s3 {

struct Service::State {
    Services services;
    AccessRecorder recorder;
};

/// What is known of a request when it ends, for the log and the metrics.
struct Service::Outcome {
    RequestIds ids;
    base::SteadyTime started;
    const Operation* operation = nullptr;
    std::string bucket;
    std::string key;
    std::string access_key_id;
    unsigned status = 0;
    std::string_view error_code;
    std::string cause;
    std::uint64_t bytes_received = 0;
    std::uint64_t bytes_sent = 0;
};

namespace {

/// The row again, once it is known which headers count: a presigned URL may carry them in its query
/// (P-36), and some of those sent may not be read (P-04).
Result<const Operation*> settle_route(const Request& request, const auth::Verified& verified) {
    auto operation = route(request);
    if (!operation) return operation;
    const bool streaming = verified.payload != auth::PayloadMode::single_hash &&
                           verified.payload != auth::PayloadMode::unsigned_payload;
    if (streaming && !(*operation)->streaming_payload)
        return invalid_request("The value of x-amz-content-sha256 header is invalid.");
    return operation;
}

/// A body that the operation has no use for is held against its digests all the same.
base::Awaitable<Result<base::Unit>> check_unused_body(Context& context) {
    constexpr std::uint64_t unused_bytes_max = 64 * base::KiB;
    const auto& head = context.request.head();
    const bool has_body = head.chunked || head.content_length.value_or(0) > 0;
    if (context.operation.reads_body) co_return base::Unit{};
    if (!has_body) {
        auto md5 = parse_content_md5(context.request);
        if (!md5) co_return std::move(md5).error();
        co_return base::Unit{};
    }
    auto body = co_await read_document(context, unused_bytes_max, Integrity::content_md5_only);
    if (!body) co_return std::move(body).error();
    co_return base::Unit{};
}

S3Error not_built(const Operation& operation) {
    S3Error error(errors::not_implemented);
    if (!operation.selector.empty()) error.fields.emplace_back("Query", operation.selector);
    error.fields.emplace_back("Operation", operation.name);
    return error;
}

}  // namespace

Service::Service(Services services)
    : state_(std::make_unique<State>(State{std::move(services), AccessRecorder{}})) {}

Service::~Service() = default;

base::Awaitable<void> Service::handle(http::Exchange& exchange) {
    Outcome outcome;
    outcome.ids = make_request_ids(state_->services.random);
    outcome.started = state_->services.clock.steady();
    auto result = co_await respond(exchange, outcome);
    const bool read_only = exchange.head().method == "GET" || exchange.head().method == "HEAD";
    const bool written = result.has_value() && !read_only;
    bool cut = false;
    try {
        co_await answer(exchange, std::move(result), outcome);
    } catch (const std::bad_alloc&) {
        // What was done can be answered for or not at all; it must not be called a failure.
        if (!written || exchange.answered()) throw;
        cut = true;
    }
    if (cut) exchange.abort();
    record(exchange, outcome);
}

base::Awaitable<Result<Response>> Service::respond(http::Exchange& exchange, Outcome& outcome) {
    auto& services = state_->services;
    auto request = Request::parse(exchange.head(), services.options.domains);
    if (!request) co_return std::move(request).error();
    outcome.bucket = request->bucket();
    outcome.key = request->key();
    auto operation = route(*request);
    if (!operation) co_return std::move(operation).error();
    outcome.operation = *operation;

    auth::SignedRequest signed_request;
    signed_request.method = request->method();
    signed_request.raw_path = request->raw_path();
    signed_request.raw_query = request->raw_query();
    signed_request.headers = &exchange.head().headers;
    signed_request.tls = exchange.peer().tls;
    auto verified = services.verifier.verify(signed_request, (*operation)->streaming_payload);
    if (!verified) co_return from_auth(verified.error());
    static_cast<void>(HF_FAILPOINT("auth.done"));
    outcome.access_key_id = verified->identity.access_key_id();
    request->apply_signature(std::move(verified->hoisted_headers),
                             std::move(verified->ignored_headers));
    auto settled = settle_route(*request, *verified);
    if (!settled) co_return std::move(settled).error();
    outcome.operation = *settled;

    Context context{services, exchange, *request, **settled, *verified, nullptr, outcome.ids};
    auto response = co_await admit(context);
    outcome.bytes_received = context.bytes_received;
    outcome.bytes_sent = context.bytes_sent;
    co_return response;
}

base::Awaitable<Result<Response>> Service::admit(Context& context) {
    auto& services = state_->services;
    const auto& operation = context.operation;
    if (auto known = admit_identity(context.verified.identity, operation); !known)
        co_return std::move(known).error();
    if (operation.handler == nullptr) co_return not_built(operation);
    if (auto values = check_header_values(context.request); !values)
        co_return std::move(values).error();
    if (operation.needs_bucket) {
        auto bucket = co_await services.buckets.find(context.request.bucket());
        if (!bucket) co_return context.error(bucket.error());
        if (!*bucket) co_return no_such_bucket(context.request.bucket());
        context.bucket = std::move(*bucket);
        if (auto owner = admit_owner(context.request, *context.bucket); !owner)
            co_return std::move(owner).error();
        if (auto allowed =
                authorize(context.verified.identity, operation, context.request, *context.bucket);
            !allowed)
            co_return std::move(allowed).error();
    }
    auto unused = co_await check_unused_body(context);
    if (!unused) co_return std::move(unused).error();
    co_return co_await operation.handler(context);
}

base::Awaitable<void> Service::answer(http::Exchange& exchange, Result<Response> result,
                                      Outcome& outcome) {
    if (result && result->streamed) {
        outcome.status = result->status;
        co_return;
    }
    http::ResponseHead head;
    std::string body;
    if (result) {
        outcome.status = result->status;
        head = response_head(result->status, std::move(result->headers), outcome.ids);
        body = std::move(result->body);
    } else {
        const auto& error = result.error();
        outcome.status = error.spec->status;
        outcome.error_code = error.spec->code;
        outcome.cause = error.cause;
        // The head is out already: the only honest end is a cut connection (P10).
        if (exchange.answered()) {
            exchange.abort();
            co_return;
        }
        const bool document = exchange.head().method != "HEAD" && error.spec->status != 304;
        const auto target = std::string_view(exchange.head().target);
        auto said = error_answer(error, document, target.substr(0, target.find('?')), outcome.ids);
        head = std::move(said.head);
        body = std::move(said.body);
    }
    const auto sent = base::as_bytes(body);
    auto done = co_await exchange.send(std::move(head), sent);
    if (done) outcome.bytes_sent += body.size();
}

void Service::record(const http::Exchange& exchange, const Outcome& outcome) const {
    const auto elapsed = state_->services.clock.steady() - outcome.started;
    AccessEntry entry;
    entry.operation = outcome.operation;
    entry.status = outcome.status;
    entry.error_code = outcome.error_code;
    entry.cause = outcome.cause;
    entry.request_id = outcome.ids.request_id;
    entry.bucket = outcome.bucket;
    entry.key = outcome.key;
    entry.access_key_id = outcome.access_key_id;
    entry.peer = exchange.peer().address;
    entry.bytes_received = outcome.bytes_received;
    entry.bytes_sent = outcome.bytes_sent;
    entry.elapsed = std::chrono::duration_cast<std::chrono::microseconds>(elapsed);
    state_->recorder.record(entry);
}

std::pair<http::ResponseHead, std::string> Service::refuse(unsigned status, std::string_view code,
                                                           std::string_view message) {
    const auto ids = make_request_ids(state_->services.random);
    const ErrorSpec spec{code, static_cast<std::uint16_t>(status), message};
    S3Error error(spec);
    if (code == errors::request_header_section_too_large.code)
        error.fields.emplace_back(
            "MaxSizeAllowed", std::to_string(state_->services.options.header_section_bytes_max));
    if (status == 503) error.headers.emplace_back("Retry-After", "1");
    auto answer = error_answer(error, true, "", ids);
    return {std::move(answer.head), std::move(answer.body)};
}

}  // namespace holdfast::s3
