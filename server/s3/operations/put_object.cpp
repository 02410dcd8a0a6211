#include "server/s3/commit_object.h"
#include "server/s3/conditions.h"
#include "server/s3/object_encryption.h"
#include "server/s3/object_properties.h"
#include "server/s3/operations/operations.h"
#include "server/s3/store_body.h"
#include "server/s3/stored_checksum.h"

namespace holdfast::s3 {

namespace {

struct PutObjectRequest {
    records::Properties properties;
    PromisedDigests promised;
    WriteConditions conditions;

    static Result<PutObjectRequest> parse(const Context& context) {
        PutObjectRequest request;
        auto properties =
            parse_properties(context.request, context.services.options, *context.bucket);
        if (!properties) return std::move(properties).error();
        request.properties = std::move(*properties);
        auto promised = parse_promised_digests(context.request);
        if (!promised) return std::move(promised).error();
        request.promised = std::move(*promised);
        auto conditions = parse_write_conditions(context.request, IfMatchAny::allowed);
        if (!conditions) return std::move(conditions).error();
        request.conditions = std::move(*conditions);
        return request;
    }
};

Result<Payload> begin_payload(Context& context, PromisedDigests promised) {
    PayloadOptions options;
    options.bytes_max = context.services.options.put_bytes_max;
    options.md5 = true;
    if (!promised.algorithm()) options.checksum = model::ChecksumAlgorithm::crc64nvme;
    return Payload::begin(context, std::move(promised), options);
}

records::Object make_object(const Context& context, records::Properties properties) {
    records::Object object;
    *object.mutable_properties() = std::move(properties);
    object.set_last_modified_ms(context.now().time_since_epoch().count());
    return object;
}

void describe_body(records::Object& object, const Payload& payload) {
    object.set_size(payload.received());
    object.set_etag(base::to_hex(payload.md5()));
    const auto& checksum =
        payload.verified_checksum() ? payload.verified_checksum() : payload.computed_checksum();
    if (checksum)
        *object.mutable_checksum() = to_record(*checksum, model::ChecksumType::full_object);
}

Response answer(const records::Object& object) {
    Response response;
    response.set("ETag", "\"" + object.etag() + "\"");
    if (object.has_checksum()) set_checksum_headers(object.checksum(), response);
    set_encryption_headers(object.properties().encryption(), response);
    return response;
}

}  // namespace

Reply put_object(Context& context) {
    auto request = PutObjectRequest::parse(context);
    if (!request) co_return std::move(request).error();
    auto payload = begin_payload(context, std::move(request->promised));
    if (!payload) co_return std::move(payload).error();
    auto may = co_await check_beforehand(context, request->conditions);
    if (!may) co_return std::move(may).error();

    auto& store = context.services.store;
    auto sealed = make_sse_s3_key(store, context.bucket->id(), context.key());
    auto object = make_object(context, std::move(request->properties));
    *object.mutable_properties()->mutable_encryption() = std::move(sealed.encryption);

    catalog::BodyWriter::Options options;
    options.kind = storage::BlobKind::object;
    options.plain_bytes = payload->length();
    catalog::BodyWriter writer(store, sealed.key, options);
    auto stored = co_await store_payload(*payload, writer);
    if (!stored) co_return std::move(stored).error();
    describe_body(object, *payload);
    auto body = co_await finish_body(writer, *context.bucket, catalog::object_row(context.key()),
                                     object.SerializeAsString());
    if (!body) co_return std::move(body).error();

    auto response = answer(object);
    auto committed =
        co_await commit_object(context, std::move(object), std::move(*body), request->conditions);
    if (!committed) co_return std::move(committed).error();
    co_return response;
}

}  // namespace holdfast::s3
