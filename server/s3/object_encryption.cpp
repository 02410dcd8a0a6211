#include "server/s3/object_encryption.h"

#include "server/s3/request_checks.h"

namespace holdfast::s3 {

namespace {

constexpr std::string_view sse_header = "x-amz-server-side-encryption";
constexpr std::string_view customer_prefix = "x-amz-server-side-encryption-customer-";

/// The first header of the family, if any, other than the ones that are understood.
std::optional<std::string_view> first_header_with(const Request& request, std::string_view prefix) {
    std::optional<std::string_view> found;
    request.for_each_header([&](std::string_view name, std::string_view) {
        if (!found && name.substr(0, prefix.size()) == prefix) found = name;
    });
    return found;
}

Result<base::Unit> check_bucket_key_flag(const Request& request) {
    constexpr std::string_view header = "x-amz-server-side-encryption-bucket-key-enabled";
    const auto flag = request.header(header);
    if (!flag) return base::Unit{};
    const auto word = to_lower(*flag);
    if (word == "true" || word == "false") return base::Unit{};  // ENC-20: no KMS, no effect
    return invalid_argument(header, *flag, "The bucket key flag must be true or false.");
}

/// ENC-18: KMS parameters without KMS.
Result<base::Unit> check_kms_parameters(const Request& request,
                                        std::optional<std::string_view> sse) {
    for (const std::string_view name :
         {"x-amz-server-side-encryption-aws-kms-key-id", "x-amz-server-side-encryption-context"})
        if (request.header(name))
            return invalid_argument(sse_header, sse,
                                    "Server Side Encryption with AWS KMS managed key requires HTTP "
                                    "header x-amz-server-side-encryption : aws:kms");
    return base::Unit{};
}

bool is_known_header(std::string_view name) {
    return name == sse_header || name == "x-amz-server-side-encryption-bucket-key-enabled" ||
           name == "x-amz-server-side-encryption-aws-kms-key-id" ||
           name == "x-amz-server-side-encryption-context";
}

}  // namespace

Result<base::Unit> check_encryption_headers(const Request& request) {
    const auto sse = request.header(sse_header);
    if (const auto customer = first_header_with(request, customer_prefix))
        return not_implemented_header(*customer);
    if (sse == "aws:kms" || sse == "aws:kms:dsse") return not_implemented_header(sse_header);
    if (sse && *sse != "AES256")
        return invalid_argument(sse_header, *sse,
                                "The encryption method specified is not supported");
    if (auto kms = check_kms_parameters(request, sse); !kms) return kms;
    std::optional<std::string_view> unknown;
    request.for_each_header([&](std::string_view name, std::string_view) {
        if (name.substr(0, sse_header.size()) == sse_header && !is_known_header(name))
            unknown = name;
    });
    if (unknown) return not_implemented_header(*unknown);
    return check_bucket_key_flag(request);
}

Result<base::Unit> check_no_encryption_headers(const Request& request) {
    if (const auto sse = request.header(sse_header))
        return invalid_argument(sse_header, *sse,
                                "x-amz-server-side-encryption header is not supported for this "
                                "operation.");
    if (first_header_with(request, customer_prefix))
        return invalid_request("The encryption parameters are not applicable to this object.");
    return base::Unit{};
}

NewKey make_sse_s3_key(catalog::Store& store, const std::string& bucket_id,
                       const std::string& key) {
    NewKey made;
    made.key = store.keyring.make_data_key();
    const auto wrapped = store.keyring.wrap(made.key, catalog::key_context(bucket_id, key));
    made.encryption.set_kind(records::Encryption::SSE_S3);
    made.encryption.set_wrapped_key(wrapped.data(), wrapped.size());
    return made;
}

void set_encryption_headers(const records::Encryption& encryption, Response& response) {
    if (encryption.kind() == records::Encryption::SSE_S3)
        response.set(std::string(sse_header), "AES256");
}

}  // namespace holdfast::s3
