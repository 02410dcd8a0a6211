#include "auth/mechanism.h"

#include <algorithm>

#include "auth/failures.h"
#include "auth/header_lookup.h"
#include "auth/security_parameters.h"

namespace holdfast::auth {

namespace {

constexpr std::string_view v4 = "AWS4-HMAC-SHA256";

// X-Amz-Date and X-Amz-Content-Sha256 alone prove nothing and are no credential.
bool is_presigned(std::span<const model::QueryItem> query) {
    return std::any_of(query.begin(), query.end(), [](const auto& item) {
        const auto parameter = security_parameter(item.name);
        return parameter && *parameter != SecurityParameter::date &&
               *parameter != SecurityParameter::content_sha256;
    });
}

bool has_v2_query(std::span<const model::QueryItem> query) {
    return std::any_of(query.begin(), query.end(), [](const auto& item) {
        return item.name == "AWSAccessKeyId" || item.name == "Signature" || item.name == "Expires";
    });
}

bool is_of_aws(std::string_view authorization) {
    return authorization.starts_with("AWS4-") || authorization.starts_with("AWS ") ||
           authorization == "AWS";
}

AuthError one_mechanism_only(std::string_view authorization) {
    return invalid_argument(
        "Only one auth mechanism allowed; only the X-Amz-Algorithm query parameter, Signature "
        "query string parameter or the Authorization header should be specified",
        "Authorization", authorization);
}

AuthError v2_is_off() {
    return failure(AuthCode::invalid_request,
                   "The authorization mechanism you have provided is not supported. Please use "
                   "AWS4-HMAC-SHA256.");
}

AuthError refuse_v2(std::string_view authorization, std::string_view rest) {
    const auto colon = rest.find(':');
    if (colon != std::string_view::npos && colon > 0 && colon + 1 < rest.size()) return v2_is_off();
    return invalid_argument(
        "AWS authorization header is invalid.  Expected AwsAccessKeyId:signature", "Authorization",
        authorization);
}

Result<Mechanism> choose_by_header(std::string_view authorization) {
    if (authorization.empty()) return failure(AuthCode::access_denied, "Access Denied");
    auto rest = authorization;
    const auto scheme = take_until(rest, ' ');
    if (rest.empty() || rest.front() == ' ')
        return invalid_argument(
            "Authorization header is invalid -- one and only one ' ' (space) required",
            "Authorization", authorization);
    if (scheme == "AWS") return refuse_v2(authorization, rest);
    if (scheme != v4)
        return invalid_argument("Unsupported Authorization Type", "Authorization", scheme);
    return Mechanism{Mechanism::Kind::header, rest};
}

}  // namespace

Result<Mechanism> choose_mechanism(const HeaderList& headers,
                                   std::span<const model::QueryItem> query) {
    const auto authorization = find_header(headers, "authorization");
    const bool presigned = is_presigned(query);
    const bool v2 = has_v2_query(query);
    const bool of_aws = authorization.present() && is_of_aws(authorization.value);
    if (authorization.repeated() || (presigned && v2) || ((presigned || v2) && of_aws))
        return one_mechanism_only(authorization.value);
    if (presigned) return Mechanism{Mechanism::Kind::presigned, {}};
    if (v2) return v2_is_off();
    if (authorization.present()) return choose_by_header(authorization.value);
    if (find_header(headers, "x-amz-security-token").present())
        return failure(AuthCode::access_denied, "Access Denied");
    return Mechanism{};
}

}  // namespace holdfast::auth
