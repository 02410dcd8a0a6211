#include "server/s3/operations/operations.h"

namespace holdfast::s3 {

Reply delete_bucket(Context& context) {
    auto removed = co_await context.services.buckets.remove(context.bucket);
    if (!removed) co_return context.error(removed.error());
    Response response;
    response.status = 204;
    co_return response;
}

}  // namespace holdfast::s3
