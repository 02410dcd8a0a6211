#include "server/s3/store_body.h"

namespace holdfast::s3 {

base::Awaitable<Result<base::Unit>> store_payload(Payload& payload, catalog::BodyWriter& writer) {
    auto prepared = co_await writer.prepare();
    if (!prepared) co_return from_storage(prepared.error());
    for (;;) {
        auto bytes = co_await payload.next();
        if (!bytes) co_return std::move(bytes).error();
        if (bytes->empty()) co_return base::Unit{};
        auto appended = co_await writer.append(*bytes);
        if (!appended) co_return from_storage(appended.error());
    }
}

base::Awaitable<Result<catalog::BodyWriter::Finished>> finish_body(
    catalog::BodyWriter& writer, const catalog::records::Bucket& bucket, std::string row_key,
    std::string record) {
    storage::BlobIdentity identity;
    identity.partition = catalog::bucket_partition(bucket.id());
    identity.bucket = bucket.name();
    identity.row_key = std::move(row_key);
    identity.record = std::move(record);
    auto finished = co_await writer.finish(std::move(identity));
    if (!finished) co_return from_storage(finished.error());
    co_return std::move(*finished);
}

}  // namespace holdfast::s3
