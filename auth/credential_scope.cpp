#include "auth/credential_scope.h"

#include <algorithm>

#include "auth/failures.h"
#include "auth/text.h"
#include "model/timestamp.h"

namespace holdfast::auth {

namespace {

constexpr std::string_view service = "s3";
constexpr std::string_view terminator = "aws4_request";

bool is_real_date(std::string_view text) {
    return text.size() == 8 && all_of(text, is_digit) &&
           model::parse_basic_date(text_of(text, "T000000Z"));
}

}  // namespace

base::Expected<CredentialScope, ScopeFault> parse_credential_scope(std::string_view text,
                                                                   std::string_view region) {
    CredentialScope parsed;
    parsed.whole = text;
    auto rest = text;
    parsed.access_key_id = take_until(rest, '/');
    parsed.scope = rest;
    parsed.date = take_until(rest, '/');
    parsed.region = take_until(rest, '/');
    const auto named_service = take_until(rest, '/');
    if (std::count(text.begin(), text.end(), '/') != 4 || parsed.access_key_id.empty())
        return ScopeFault{
            "the Credential is mal-formed; expecting "
            "\"<YOUR-AKID>/YYYYMMDD/REGION/SERVICE/aws4_request\"."};
    if (!is_real_date(parsed.date))
        return ScopeFault{text_of("incorrect date format \"", parsed.date,
                                  "\". This date in the credential must be in the format "
                                  "\"yyyyMMdd\".")};
    if (named_service != service)
        return ScopeFault{
            text_of("incorrect service \"", named_service, "\". This endpoint belongs to \"s3\".")};
    if (rest != terminator)
        return ScopeFault{
            text_of("incorrect terminal \"", rest, "\". This endpoint uses \"aws4_request\".")};
    if (parsed.region != region)
        return ScopeFault{
            text_of("the region '", parsed.region, "' is wrong; expecting '", region, "'"), true};
    return parsed;
}

}  // namespace holdfast::auth
