#include "auth/presigned_query.h"

#include <charconv>
#include <chrono>

#include "auth/failures.h"
#include "auth/limits.h"
#include "auth/request_date.h"
#include "auth/text.h"
#include "model/timestamp.h"

namespace holdfast::auth {

namespace {

using Parameter = SecurityParameter;

AuthError parameters_error(std::string message) {
    return failure(AuthCode::authorization_query_parameters_error, std::move(message));
}

Result<CredentialScope> read_credential(std::string_view text, std::string_view region) {
    auto credential = parse_credential_scope(text, region);
    if (credential) return *credential;
    auto error = parameters_error(
        text_of("Error parsing the X-Amz-Credential parameter; ", credential.error().text));
    if (credential.error().wrong_region) return with(std::move(error), "Region", region);
    return error;
}

/// P-26, P-27.
Result<std::chrono::seconds> read_expires(std::string_view text) {
    if (text.size() > 1 && text.front() == '-' && all_of(text.substr(1), is_digit))
        return parameters_error("X-Amz-Expires must be non-negative");
    if (!all_of(text, is_digit)) return parameters_error("X-Amz-Expires should be a number");
    std::uint64_t seconds = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
    if (error != std::errc{} || seconds > presigned_expires_max_s)
        return parameters_error(
            "X-Amz-Expires must be less than a week (in seconds); that is, the given X-Amz-Expires "
            "must be less than 604800 seconds");
    return std::chrono::seconds(seconds);
}

/// P-28 to P-31.
Result<void> check_lifetime(base::WallTime date, std::chrono::seconds expires, base::WallTime now) {
    if (date - now > clock_skew_max)
        return failure(AuthCode::access_denied, "Request is not valid yet");
    const auto end = date + expires;
    if (now <= end && expires.count() > 0) return {};
    AuthError expired = failure(AuthCode::access_denied, "Request has expired");
    expired = with(std::move(expired), "X-Amz-Expires", std::to_string(expires.count()));
    expired = with(std::move(expired), "Expires", to_error_date(end));
    return with(std::move(expired), "ServerTime", to_error_date(now));
}

/// What a header could not be called or carry, a query must not smuggle in as one.
bool could_be_header(std::string_view name, std::string_view value) {
    return all_of(name, is_token_char) && all_of(value, [](char c) {
               return c == '\t' || (static_cast<unsigned char>(c) >= 0x20 && c != 0x7f);
           });
}

struct SameName {
    bool sent = false;
    bool differs = false;
};

SameName compare_with_headers(const HeaderList& headers, std::string_view lower_name,
                              std::string_view value) {
    SameName same;
    for (const auto& [name, sent] : headers) {
        if (name != lower_name) continue;
        same.sent = true;
        same.differs = same.differs || trim(sent) != trim(value);
    }
    return same;
}

AuthError differing(std::string_view name) {
    return failure(AuthCode::invalid_request,
                   text_of("The header and the query parameter ", name, " differ."));
}

}  // namespace

Result<PresignedQuery> read_presigned_query(std::span<const model::QueryItem> query) {
    PresignedQuery read;
    for (const auto& item : query) {
        const auto parameter = security_parameter(item.name);
        if (!parameter) continue;
        auto& value = read.values[static_cast<std::size_t>(*parameter)];
        if (value)
            return parameters_error(
                text_of("The query parameter ", item.name, " must be given once."));
        value = item.value;
    }
    for (const auto required : {Parameter::algorithm, Parameter::credential, Parameter::signature,
                                Parameter::date, Parameter::signed_headers, Parameter::expires})
        if (read.find(required).value_or("").empty())
            return parameters_error(
                "Query-string authentication version 4 requires the X-Amz-Algorithm, "
                "X-Amz-Credential, X-Amz-Signature, X-Amz-Date, X-Amz-SignedHeaders, and "
                "X-Amz-Expires parameters.");
    return read;
}

Result<Claim> check_presigned_query(const PresignedQuery& query, std::string_view region,
                                    base::WallTime now) {
    if (query.find(Parameter::algorithm) != "AWS4-HMAC-SHA256")
        return parameters_error("X-Amz-Algorithm only supports \"AWS4-HMAC-SHA256\"");
    auto credential = read_credential(*query.find(Parameter::credential), region);
    if (!credential) return std::move(credential).error();
    const auto timestamp = *query.find(Parameter::date);
    const auto date = model::parse_basic_date(timestamp);
    if (!date)
        return parameters_error(
            "X-Amz-Date must be in the ISO8601 Long Format \"yyyyMMdd'T'HHmmss'Z'\"");
    if (!timestamp.starts_with(credential->date))
        return parameters_error(text_of("Invalid credential date \"", credential->date,
                                        "\". This date is not the same as X-Amz-Date: \"",
                                        timestamp.substr(0, 8), "\"."));
    auto expires = read_expires(*query.find(Parameter::expires));
    if (!expires) return std::move(expires).error();
    auto alive = check_lifetime(*date, *expires, now);
    if (!alive) return std::move(alive).error();
    return Claim{*credential, std::string(timestamp), *query.find(Parameter::signed_headers),
                 *query.find(Parameter::signature), true};
}

Result<HeaderList> hoisted_headers(std::span<const model::QueryItem> query,
                                   const HeaderList& headers) {
    HeaderList hoisted;
    for (const auto& item : query) {
        auto name = to_lower(item.name);
        if (!name.starts_with("x-amz-")) continue;
        const auto same = compare_with_headers(headers, name, item.value);
        const auto parameter = security_parameter(name);
        // The hash has rules of its own: P-33, P-34.
        if (same.differs && parameter != Parameter::content_sha256) return differing(name);
        if (parameter || same.sent) continue;
        if (!could_be_header(name, item.value))
            return invalid_argument("A query parameter that stands for a header is not valid.",
                                    name, item.value);
        hoisted.emplace_back(std::move(name), trim(item.value));
    }
    return hoisted;
}

}  // namespace holdfast::auth
