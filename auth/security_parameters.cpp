#include "auth/security_parameters.h"

#include <array>
#include <utility>

#include "auth/text.h"

namespace holdfast::auth {

namespace {

constexpr std::string_view prefix = "x-amz-";

constexpr std::array<std::pair<std::string_view, SecurityParameter>, security_parameters> names{{
    {"algorithm", SecurityParameter::algorithm},
    {"credential", SecurityParameter::credential},
    {"signature", SecurityParameter::signature},
    {"date", SecurityParameter::date},
    {"signedheaders", SecurityParameter::signed_headers},
    {"expires", SecurityParameter::expires},
    {"security-token", SecurityParameter::security_token},
    {"content-sha256", SecurityParameter::content_sha256},
}};

constexpr bool is_in_lower_case(std::string_view text, std::string_view lower) {
    if (text.size() != lower.size()) return false;
    for (std::size_t i = 0; i < text.size(); ++i)
        if (to_lower(text[i]) != lower[i]) return false;
    return true;
}

}  // namespace

std::optional<SecurityParameter> security_parameter(std::string_view name) {
    if (!is_in_lower_case(name.substr(0, prefix.size()), prefix)) return std::nullopt;
    name.remove_prefix(prefix.size());
    for (const auto& [lower, parameter] : names)
        if (is_in_lower_case(name, lower)) return parameter;
    return std::nullopt;
}

}  // namespace holdfast::auth
