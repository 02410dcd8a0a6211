#include "model/uri.h"

#include <algorithm>

namespace holdfast::model {

namespace {

int hex_value(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

enum class Plus { literal, space };

std::optional<std::string> decode(std::string_view text, Plus plus) {
    std::string decoded;
    decoded.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '%') {
            if (text.size() - i < 3) return std::nullopt;
            const int high = hex_value(text[i + 1]);
            const int low = hex_value(text[i + 2]);
            if (high < 0 || low < 0) return std::nullopt;
            decoded += static_cast<char>(high << 4 | low);
            i += 2;
        } else if (text[i] == '+' && plus == Plus::space) {
            decoded += ' ';
        } else {
            decoded += text[i];
        }
    }
    return decoded;
}

constexpr bool is_unreserved(char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || c == '.' || c == '~';
}

}  // namespace

std::optional<std::string> percent_decode(std::string_view text) {
    return decode(text, Plus::literal);
}

std::optional<std::string> form_decode(std::string_view text) {
    return decode(text, Plus::space);
}

std::string percent_encode(std::string_view text, std::string_view keep) {
    static constexpr std::string_view digits = "0123456789ABCDEF";
    std::string encoded;
    encoded.reserve(text.size());
    for (const char c : text) {
        if (is_unreserved(c) || keep.find(c) != std::string_view::npos) {
            encoded += c;
        } else {
            const auto byte = static_cast<unsigned char>(c);
            encoded += '%';
            encoded += digits[byte >> 4];
            encoded += digits[byte & 15];
        }
    }
    return encoded;
}

std::optional<std::vector<QueryItem>> parse_query(std::string_view raw_query) {
    std::vector<QueryItem> items;
    while (!raw_query.empty()) {
        const std::string_view piece = raw_query.substr(0, raw_query.find('&'));
        raw_query.remove_prefix(std::min(piece.size() + 1, raw_query.size()));
        if (piece.empty()) continue;

        const std::size_t equals = piece.find('=');
        const bool has_value = equals != std::string_view::npos;
        auto name = form_decode(piece.substr(0, equals));
        auto value = form_decode(has_value ? piece.substr(equals + 1) : std::string_view{});
        if (!name || !value) return std::nullopt;
        items.push_back({*std::move(name), *std::move(value), has_value});
    }
    return items;
}

}  // namespace holdfast::model
