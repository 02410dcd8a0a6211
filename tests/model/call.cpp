#include "tests/model/call.h"

#include "tests/model/digests.h"

namespace holdfast::model_test {

const std::string& Content::digest(const std::string& algorithm) const {
    const auto known = digests_.find(algorithm);
    if (known != digests_.end()) return known->second;
    return digests_[algorithm] = digest_of(algorithm, bytes_);
}

std::optional<std::string> Call::header(const std::string& name) const {
    const auto it = headers.find(name);
    if (it == headers.end()) return std::nullopt;
    return it->second;
}

std::optional<std::string> Call::parameter(const std::string& name) const {
    for (const auto& [known, value] : query)
        if (known == name) return value;
    return std::nullopt;
}

std::string percent_encoded(const std::string& text, bool slash_too) {
    constexpr char digits[] = "0123456789ABCDEF";
    std::string encoded;
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        const bool plain = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
                           (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.' || c == '~' ||
                           (c == '/' && !slash_too);
        if (plain) {
            encoded += c;
            continue;
        }
        encoded.append(1, '%').append(1, digits[byte >> 4]).append(1, digits[byte & 15]);
    }
    return encoded;
}

std::string Call::target() const {
    std::string text = "/" + bucket;
    if (!key.empty()) text += "/" + percent_encoded(key, false);
    char before = '?';
    for (const auto& [name, value] : query) {
        text.append(1, before).append(name);
        if (!value.empty()) text.append("=").append(percent_encoded(value, true));
        before = '&';
    }
    return text;
}

std::string Call::text() const {
    auto line = method + " " + target();
    for (const auto& [name, value] : headers) line.append(" ").append(name + ": " + value + ";");
    if (body && body->size() > 0 && body->bytes().front() == '<')
        line += " " + body->bytes();
    else if (body)
        line += " (" + std::to_string(body->size()) + " bytes)";
    return line;
}

std::string Expected::code() const {
    const auto it = document.find("Code");
    return it == document.end() ? "" : it->second;
}

}  // namespace holdfast::model_test
