/// The query parameters that make a presigned URL (spec auth 1.6); all others are the
/// application's. Names are told without regard to case: a parameter that looks like a credential
/// in any spelling is one, and never a reason to take a request for anonymous. threads: any.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace holdfast::auth {

enum class SecurityParameter : std::uint8_t {
    algorithm,
    credential,
    signature,
    date,
    signed_headers,
    expires,
    security_token,
    content_sha256,
};
inline constexpr std::size_t security_parameters = 8;

std::optional<SecurityParameter> security_parameter(std::string_view name);

}  // namespace holdfast::auth
