#include "server/s3/object_read.h"
#include "server/s3/operations/operations.h"

namespace holdfast::s3 {

Reply head_object(Context& context) {
    auto request = ReadRequest::parse(context);
    if (!request) co_return std::move(request).error();
    for (int attempt = 0; attempt < read_attempts_max; ++attempt) {
        auto found = co_await context.services.objects.find(context.bucket->id(), context.key(),
                                                            catalog::Fetch::record);
        if (!found) co_return context.error(found.error());
        if (!*found) co_return no_such_key(context.key());
        auto answer = co_await decide_read(context, **found, *request);
        if (!answer) co_return std::move(answer).error();
        if (!*answer) continue;
        auto response = std::move((*answer)->response);
        response.set("Content-Length", std::to_string((*answer)->length));
        co_return response;
    }
    co_return slow_down("the object is replaced faster than it is read");
}

}  // namespace holdfast::s3
