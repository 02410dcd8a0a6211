#include "model/names.h"
#include "server/s3/multipart.h"
#include "server/s3/object_encryption.h"
#include "server/s3/object_properties.h"
#include "server/s3/operations/operations.h"
#include "server/s3/payload.h"
#include "server/s3/request_checks.h"

namespace holdfast::s3 {

namespace {

struct ChecksumChoice {
    std::optional<model::ChecksumAlgorithm> algorithm;
    model::ChecksumType type = model::ChecksumType::full_object;
};

/// CK-01 to CK-04.
Result<ChecksumChoice> parse_checksum_choice(const Request& request) {
    ChecksumChoice choice;
    const auto algorithm = request.header("x-amz-checksum-algorithm");
    const auto type = request.header("x-amz-checksum-type");
    if (algorithm) {
        choice.algorithm = model::parse_checksum_algorithm(*algorithm);
        if (!choice.algorithm) return unsupported_checksum_algorithm();
        choice.type = model::default_type(*choice.algorithm);
    }
    if (!type) return choice;
    const auto asked = model::parse_checksum_type(*type);
    if (!asked) return invalid_request("Value for x-amz-checksum-type header is invalid.");
    if (!choice.algorithm)
        return invalid_request(
            "The x-amz-checksum-type header can only be used with the x-amz-checksum-algorithm "
            "header.");
    if (!model::allows(*choice.algorithm, *asked)) {
        std::string message = "The ";
        message.append(model::name(*asked)).append(" checksum type cannot be used with the ");
        message.append(model::lower_name(*choice.algorithm)).append(" checksum algorithm.");
        return invalid_request(std::move(message));
    }
    choice.type = *asked;
    return choice;
}

/// RT-16: nothing, or white space.
base::Awaitable<Result<base::Unit>> check_body(Context& context) {
    constexpr std::uint64_t white_space_bytes_max = 64 * 1024;
    auto body = co_await read_document(context, white_space_bytes_max, Integrity::content_md5_only);
    if (!body && body.error().spec != &errors::max_message_length_exceeded)
        co_return std::move(body).error();
    if (body && body->find_first_not_of(" \t\r\n") == std::string::npos) co_return base::Unit{};
    co_return invalid_request("The request must not include a non-empty body.");
}

records::Upload make_upload(const Context& context, records::Properties properties,
                            const ChecksumChoice& checksum, base::WallTime now) {
    records::Upload upload;
    *upload.mutable_properties() = std::move(properties);
    upload.set_initiated_ms(now.time_since_epoch().count());
    upload.set_initiator_id(context.verified.identity.canonical_id());
    upload.set_initiator_name(context.verified.identity.display_name());
    upload.set_initiator_arn(context.verified.identity.arn());
    if (checksum.algorithm) {
        upload.set_checksum_algorithm(static_cast<std::uint32_t>(*checksum.algorithm));
        upload.set_checksum_type(static_cast<std::uint32_t>(checksum.type));
    }
    return upload;
}

Response answer(const Context& context, const catalog::UploadKey& upload,
                const records::Encryption& encryption, const ChecksumChoice& checksum) {
    XmlWriter xml;
    xml.open_root("InitiateMultipartUploadResult");
    xml.element("Bucket", context.bucket->name());
    xml.element("Key", upload.key);
    xml.element("UploadId", upload.upload_id);
    xml.close();
    auto response = xml_response(std::move(xml).finish());
    set_encryption_headers(encryption, response);
    if (checksum.algorithm) {
        response.set("x-amz-checksum-algorithm", std::string(model::name(*checksum.algorithm)));
        response.set("x-amz-checksum-type", std::string(model::name(checksum.type)));
    }
    return response;
}

}  // namespace

Reply create_multipart_upload(Context& context) {
    auto properties = parse_properties(context.request, context.services.options, *context.bucket);
    auto checksum = parse_checksum_choice(context.request);
    // What the bucket does not allow is said after all syntax (ORD-08).
    const bool syntax_so_far =
        properties || properties.error().spec == &errors::access_control_list_not_supported;
    if (!checksum && syntax_so_far) co_return std::move(checksum).error();
    if (!properties) co_return std::move(properties).error();
    auto empty = co_await check_body(context);
    if (!empty) co_return std::move(empty).error();

    auto& services = context.services;
    const auto now = context.now();
    auto sealed = make_sse_s3_key(services.store, context.bucket->id(), context.key());
    *properties->mutable_encryption() = sealed.encryption;
    catalog::UploadKey upload;
    upload.bucket_id = context.bucket->id();
    upload.key = context.key();
    upload.upload_id = model::UploadId::generate(now, services.random).text();
    auto record = make_upload(context, std::move(*properties), *checksum, now);
    auto created = co_await services.uploads.create(upload, std::move(record));
    if (!created) co_return context.error(created.error());
    co_return answer(context, upload, sealed.encryption, *checksum);
}

}  // namespace holdfast::s3
