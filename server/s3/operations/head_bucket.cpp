#include "server/s3/operations/operations.h"

namespace holdfast::s3 {

Reply head_bucket(Context& context) {
    Response response;
    response.set("x-amz-bucket-region", context.bucket->region());
    response.set("x-amz-access-point-alias", "false");
    response.set("x-amz-bucket-arn", "arn:aws:s3:::" + context.bucket->name());
    response.set("Content-Type", "application/xml");
    co_return response;
}

}  // namespace holdfast::s3
