/// ASCII as HTTP sees it. threads: any.
#pragma once

#include <string>
#include <string_view>

namespace holdfast::auth {

constexpr bool is_digit(char c) {
    return c >= '0' && c <= '9';
}
constexpr bool is_lower_hex_digit(char c) {
    return is_digit(c) || (c >= 'a' && c <= 'f');
}
constexpr bool is_hex_digit(char c) {
    return is_lower_hex_digit(c) || (c >= 'A' && c <= 'F');
}
/// RFC 9110 "tchar".
constexpr bool is_token_char(char c) {
    return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
}
constexpr bool is_blank(char c) {
    return c == ' ' || c == '\t';
}

constexpr char to_lower(char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
}
inline std::string to_lower(std::string_view text) {
    std::string lower(text);
    for (char& c : lower) c = to_lower(c);
    return lower;
}

/// Without leading and trailing spaces and tabs.
constexpr std::string_view trim(std::string_view text) {
    while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
    while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
    return text;
}

template <class Predicate>
constexpr bool all_of(std::string_view text, Predicate predicate) {
    for (const char c : text)
        if (!predicate(c)) return false;
    return true;
}

/// Up to the first `separator`, which is taken off `rest` as well; all of it when there is none.
constexpr std::string_view take_until(std::string_view& rest, char separator) {
    const auto at = rest.find(separator);
    const auto piece = rest.substr(0, at);
    rest = at == std::string_view::npos ? std::string_view{} : rest.substr(at + 1);
    return piece;
}

}  // namespace holdfast::auth
