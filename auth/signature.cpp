#include "auth/signature.h"

#include "auth/failures.h"
#include "auth/text.h"
#include "base/bytes.h"

namespace holdfast::auth {

namespace {

std::string spaced_hex(std::string_view text) {
    static constexpr char digits[] = "0123456789abcdef";
    std::string spaced;
    spaced.reserve(text.size() * 3);
    for (const auto byte : base::as_bytes(text)) {
        if (!spaced.empty()) spaced += ' ';
        spaced += digits[byte >> 4];
        spaced += digits[byte & 15];
    }
    return spaced;
}

}  // namespace

bool signature_matches(std::string_view provided, const Hash& ours) {
    if (provided.size() != 2 * ours.size() || !all_of(provided, is_lower_hex_digit)) return false;
    const auto bytes = base::from_hex(provided);
    return bytes && base::equal_in_constant_time(*bytes, ours);
}

AuthError signature_mismatch(const MismatchDetails& details) {
    AuthError error = failure(AuthCode::signature_does_not_match);
    const auto add = [&](std::string_view name, std::string_view value) {
        error.fields.emplace_back(name, value);
    };
    if (!details.access_key_id.empty()) add("AWSAccessKeyId", details.access_key_id);
    add("StringToSign", details.string_to_sign);
    add("SignatureProvided", details.signature_provided);
    add("StringToSignBytes", spaced_hex(details.string_to_sign));
    if (details.canonical_request.empty()) return error;
    add("CanonicalRequest", details.canonical_request);
    add("CanonicalRequestBytes", spaced_hex(details.canonical_request));
    return error;
}

}  // namespace holdfast::auth
