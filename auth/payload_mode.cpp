#include "auth/payload_mode.h"

#include <array>
#include <utility>

#include "auth/failures.h"
#include "auth/header_lookup.h"
#include "auth/text.h"

namespace holdfast::auth {

namespace {

constexpr std::string_view header_name = "x-amz-content-sha256";
constexpr std::string_view not_covered = "UNSIGNED-PAYLOAD";

constexpr std::array<std::pair<std::string_view, PayloadMode>, 4> words{{
    {not_covered, PayloadMode::unsigned_payload},
    {"STREAMING-AWS4-HMAC-SHA256-PAYLOAD", PayloadMode::signed_chunks},
    {"STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER", PayloadMode::signed_chunks_trailer},
    {"STREAMING-UNSIGNED-PAYLOAD-TRAILER", PayloadMode::unsigned_chunks_trailer},
}};

bool is_of_v4a(std::string_view value) {
    return value == "STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD" ||
           value == "STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD-TRAILER";
}

/// Of several such headers nobody could say which one counts.
Result<PayloadClaim> parse_header(const FoundHeader& header) {
    if (!header.repeated()) return parse_payload_mode(header.value);
    return invalid_argument("x-amz-content-sha256 must be sent once.", header_name, header.value);
}

AuthError header_is_invalid() {
    return failure(AuthCode::invalid_request,
                   "The value of x-amz-content-sha256 header is invalid.");
}

}  // namespace

bool is_streaming(PayloadMode mode) {
    return mode != PayloadMode::single_hash && mode != PayloadMode::unsigned_payload;
}

Result<PayloadClaim> parse_payload_mode(std::string_view value) {
    if (value.size() == 64 && all_of(value, is_hex_digit))
        return PayloadClaim{value, PayloadMode::single_hash, to_lower(value)};
    for (const auto& [word, mode] : words)
        if (value == word) return PayloadClaim{value, mode, {}};
    if (is_of_v4a(value))
        return with(failure(AuthCode::not_implemented,
                            text_of("The chunk encoding algorithm ", value, " is not supported.")),
                    "Header", header_name);
    return invalid_argument(
        "x-amz-content-sha256 must be UNSIGNED-PAYLOAD, STREAMING-UNSIGNED-PAYLOAD-TRAILER, "
        "STREAMING-AWS4-HMAC-SHA256-PAYLOAD, STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER or a valid "
        "sha256 value.",
        header_name, value);
}

Result<PayloadClaim> payload_of_header_signed(const HeaderList& headers) {
    const auto header = find_header(headers, header_name);
    if (!header.present())
        return failure(AuthCode::invalid_request,
                       "Missing required header for this request: x-amz-content-sha256");
    return parse_header(header);
}

Result<PayloadClaim> payload_of_presigned(const HeaderList& headers,
                                          std::optional<std::string_view> in_query,
                                          bool header_is_signed) {
    const auto header = find_header(headers, header_name);
    const bool header_decides = header.present() && header_is_signed && !in_query;
    if (header_decides) return parse_header(header);
    auto payload = parse_payload_mode(in_query.value_or(not_covered));
    if (!payload || !header.present()) return payload;

    // A header beside the value of the query, or one that is not signed.
    auto claimed = parse_header(header);
    if (!claimed) return claimed;
    const bool agree = claimed->mode == payload->mode && claimed->sha256 == payload->sha256;
    if (agree) return payload;
    if (header_is_signed || claimed->mode != PayloadMode::single_hash ||
        payload->mode != PayloadMode::unsigned_payload)
        return header_is_invalid();  // P-35, P-37
    payload->mode = PayloadMode::single_hash;
    payload->sha256 = std::move(claimed->sha256);  // P-34
    return payload;
}

Result<PayloadClaim> payload_of_anonymous(const HeaderList& headers) {
    const auto header = find_header(headers, header_name);
    if (!header.present()) return PayloadClaim{not_covered, PayloadMode::unsigned_payload, {}};
    auto payload = parse_header(header);
    if (payload && (payload->mode == PayloadMode::signed_chunks ||
                    payload->mode == PayloadMode::signed_chunks_trailer))
        return failure(AuthCode::invalid_request,
                       "Anonymous requests don't support this x-amz-content-sha256 value. Please "
                       "use UNSIGNED-PAYLOAD or STREAMING-UNSIGNED-PAYLOAD-TRAILER.");
    return payload;
}

}  // namespace holdfast::auth
