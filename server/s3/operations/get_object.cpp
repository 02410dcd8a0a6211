#include "base/log.h"
#include "server/s3/object_read.h"
#include "server/s3/operations/operations.h"
#include "server/s3/response.h"

namespace holdfast::s3 {

namespace {

/// The head is out: a failure can only cut the connection, so that the client sees a body that is
/// too short, never a wrong one (P10).
Response cut(Context& context, Response response, std::string_view cause) {
    base::log::error("http.answer_cut", {{"request_id", context.ids.request_id},
                                         {"bucket", context.request.bucket()},
                                         {"key", context.key()},
                                         {"cause", cause}});
    context.exchange.abort();
    return response;
}

/// Everything behind the first piece.
base::Awaitable<Result<Response>> send_rest(Context& context, Response response,
                                            catalog::BodyReader& body, base::ByteView piece) {
    while (!piece.empty()) {
        auto written = co_await context.exchange.write(piece);
        if (!written) co_return response;  // the client left
        context.bytes_sent += piece.size();
        auto next = co_await body.next();
        if (!next) co_return cut(context, std::move(response), next.error().detail);
        piece = *next;
    }
    auto finished = co_await context.exchange.finish();
    if (!finished) context.exchange.abort();
    co_return response;
}

Reply send(Context& context, ReadAnswer answer, catalog::BodyReader& body) {
    auto first = co_await body.next();
    if (!first) co_return from_storage(first.error());
    auto& response = answer.response;
    response.streamed = true;
    auto head = response_head(response.status, std::move(response.headers), context.ids);
    if (first->size() == answer.length) {
        auto sent = co_await context.exchange.send(std::move(head), *first);
        if (sent) context.bytes_sent += first->size();
        co_return std::move(response);
    }
    auto started = co_await context.exchange.start(std::move(head), answer.length);
    if (!started) co_return std::move(response);
    co_return co_await send_rest(context, std::move(response), body, *first);
}

}  // namespace

Reply get_object(Context& context) {
    auto request = ReadRequest::parse(context);
    if (!request) co_return std::move(request).error();
    auto& objects = context.services.objects;
    const auto& bucket_id = context.bucket->id();
    for (int attempt = 0; attempt < read_attempts_max; ++attempt) {
        auto found =
            co_await objects.find(bucket_id, context.key(), catalog::Fetch::record_and_body);
        if (!found) co_return context.error(found.error());
        if (!*found) co_return no_such_key(context.key());
        auto answer = co_await decide_read(context, **found, *request);
        if (!answer) co_return std::move(answer).error();
        if (!*answer) continue;
        if ((*answer)->length == 0) co_return std::move((*answer)->response);
        auto body = co_await objects.open(bucket_id, context.key(), **found, (*answer)->first,
                                          (*answer)->length);
        if (body) {
            auto decided = std::move(**answer);
            co_return co_await send(context, std::move(decided), *body);
        }
        if (body.error().kind != catalog::CatalogError::Kind::no_such_key)
            co_return context.error(body.error());
    }
    co_return slow_down("the object is replaced faster than it is read");
}

}  // namespace holdfast::s3
