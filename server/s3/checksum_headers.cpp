#include "server/s3/checksum_headers.h"

#include "server/s3/request_checks.h"

namespace holdfast::s3 {

namespace {

constexpr std::string_view prefix = "x-amz-checksum-";

bool is_value_header(std::string_view name) {
    if (name.substr(0, prefix.size()) != prefix) return false;
    const auto rest = name.substr(prefix.size());
    return rest != "algorithm" && rest != "type" && rest != "mode";
}

Result<std::optional<model::ChecksumAlgorithm>> parse_trailer_name(const Request& request) {
    const auto trailer = request.header("x-amz-trailer");
    if (!trailer) return std::optional<model::ChecksumAlgorithm>{};
    const auto algorithm = model::checksum_of_header(to_lower(*trailer));
    if (!algorithm)
        return invalid_request("The value specified in the x-amz-trailer header is not supported");
    return algorithm;
}

/// CK-23, CK-24.
Result<base::Unit> check_sdk_algorithm(const Request& request, const PromisedDigests& promised) {
    const auto named = request.header("x-amz-sdk-checksum-algorithm");
    if (!named) return base::Unit{};
    if (!promised.algorithm())
        return invalid_request(
            "x-amz-sdk-checksum-algorithm specified, but no corresponding x-amz-checksum-* or "
            "x-amz-trailer "
            "headers were found.");
    if (model::parse_checksum_algorithm(*named) != promised.algorithm())
        return invalid_request("Value for x-amz-sdk-checksum-algorithm header is invalid.");
    return base::Unit{};
}

}  // namespace

Result<std::optional<base::Bytes>> parse_content_md5(const Request& request) {
    const auto text = request.header("content-md5");
    if (!text) return std::optional<base::Bytes>{};
    auto digest = base::from_base64(*text);
    if (!digest || digest->size() != 16)
        return S3Error(errors::invalid_digest).with("Content-MD5", std::string(*text));
    return std::optional(std::move(*digest));
}

Result<std::optional<ChecksumHeader>> find_checksum_header(const Request& request) {
    std::optional<ChecksumHeader> found;
    bool several = false;
    bool unknown = false;
    request.for_each_header([&](std::string_view name, std::string_view value) {
        if (!is_value_header(name)) return;
        const auto algorithm = model::checksum_of_header(name);
        unknown = unknown || !algorithm;
        several = several || found;
        if (algorithm) found = ChecksumHeader{*algorithm, value};
    });
    if (several)
        return invalid_request(
            "Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed.");
    if (unknown)
        return invalid_request(
            "The algorithm type you specified in x-amz-checksum- header is invalid.");
    return found;
}

Result<model::Checksum> parse_checksum_value(model::ChecksumAlgorithm algorithm,
                                             std::string_view text, std::string_view where) {
    auto checksum = model::parse_checksum(algorithm, text);
    if (checksum) return std::move(*checksum);
    std::string message = "Value for ";
    message.append(model::header_name(algorithm)).append(" ").append(where).append(" is invalid.");
    return invalid_request(std::move(message));
}

Result<PromisedDigests> parse_promised_digests(const Request& request) {
    PromisedDigests promised;
    auto header = find_checksum_header(request);
    if (!header) return std::move(header).error();
    auto trailer = parse_trailer_name(request);
    if (!trailer) return std::move(trailer).error();
    if (*header && *trailer)
        return invalid_request(
            "Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed.");
    if (*header) {
        auto value = parse_checksum_value((*header)->algorithm, (*header)->value, "header");
        if (!value) return std::move(value).error();
        promised.checksum = std::move(*value);
    }
    promised.in_trailer = *trailer;
    auto sdk = check_sdk_algorithm(request, promised);
    if (!sdk) return std::move(sdk).error();
    auto md5 = parse_content_md5(request);
    if (!md5) return std::move(md5).error();
    promised.content_md5 = std::move(*md5);
    return promised;
}

S3Error unsupported_checksum_algorithm() {
    return invalid_request(
        "Checksum algorithm provided is unsupported. Please try again with any of the valid types: "
        "[CRC32, CRC32C, CRC64NVME, MD5, SHA1, SHA256, SHA512, XXHASH128, XXHASH3, XXHASH64]");
}

S3Error checksum_mismatch(model::ChecksumAlgorithm algorithm) {
    std::string message = "The ";
    message.append(model::name(algorithm))
        .append(" you specified did not match the calculated checksum.");
    return {errors::bad_digest, std::move(message)};
}

}  // namespace holdfast::s3
