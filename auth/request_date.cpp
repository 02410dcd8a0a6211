#include "auth/request_date.h"

#include <chrono>
#include <optional>

#include "auth/failures.h"
#include "auth/header_lookup.h"
#include "auth/limits.h"
#include "model/timestamp.h"

namespace holdfast::auth {

namespace {

struct RequestDate {
    base::WallTime time;
    std::string timestamp;
};

/// `Date` may also be an IMF-fixdate; of two dates x-amz-date is the one that counts, also when it
/// cannot be read.
std::optional<RequestDate> find_date(const HeaderList& headers) {
    const auto amz_date = find_header(headers, "x-amz-date");
    const auto date = amz_date.present() ? amz_date : find_header(headers, "date");
    if (!date.present() || date.repeated()) return std::nullopt;
    if (const auto time = model::parse_basic_date(date.value))
        return RequestDate{*time, std::string(date.value)};
    if (amz_date.present()) return std::nullopt;
    const auto time = model::parse_header_date(date.value);
    if (!time) return std::nullopt;
    return RequestDate{*time, model::to_basic_date(*time)};
}

}  // namespace

std::string to_error_date(base::WallTime time) {
    const auto text = model::to_xml_date(time);
    return text.substr(0, text.find('.')) + "Z";
}

Result<void> read_request_date(Claim& claim, const HeaderList& headers, base::WallTime now) {
    auto date = find_date(headers);
    if (!date)
        return failure(AuthCode::access_denied,
                       "AWS authentication requires a valid Date or x-amz-date header.");
    claim.timestamp = std::move(date->timestamp);
    if (!claim.timestamp.starts_with(claim.credential.date))
        return failure(AuthCode::authorization_header_malformed,
                       "The authorization header is malformed; Invalid credential date. Date is "
                       "not the same as X-Amz-Date.");
    if (std::chrono::abs(now - date->time) <= clock_skew_max) return {};
    AuthError skewed = failure(AuthCode::request_time_too_skewed);
    skewed = with(std::move(skewed), "RequestTime", claim.timestamp);
    skewed = with(std::move(skewed), "ServerTime", to_error_date(now));
    return with(std::move(skewed), "MaxAllowedSkewMilliseconds",
                std::to_string(std::chrono::milliseconds(clock_skew_max).count()));
}

}  // namespace holdfast::auth
