#include "auth/canonical.h"

#include <algorithm>
#include <utility>

#include "auth/hashing.h"
#include "auth/security_parameters.h"
#include "auth/text.h"
#include "base/assert.h"

namespace holdfast::auth {

namespace {

constexpr std::string_view algorithm = "AWS4-HMAC-SHA256";

constexpr bool stays_in_path(char c) {
    return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' ||
           c == '_' || c == '.' || c == '~' || c == '/';
}

/// Trimmed, with inner runs of white space as one space, also inside quotes (C-10).
void append_collapsed(std::string& to, std::string_view value) {
    bool after_blank = false;
    for (const char c : trim(value)) {
        const bool blank = is_blank(c);
        if (!blank)
            to += c;
        else if (!after_blank)
            to += ' ';
        after_blank = blank;
    }
}

}  // namespace

bool escapes_are_valid(std::string_view text) {
    for (auto at = text.find('%'); at != std::string_view::npos; at = text.find('%', at + 3)) {
        if (text.size() - at < 3) return false;
        if (!is_hex_digit(text[at + 1]) || !is_hex_digit(text[at + 2])) return false;
    }
    return true;
}

void append_canonical_path(std::string& to, std::string_view raw_path) {
    if (raw_path.empty()) {
        to += '/';
    } else if (all_of(raw_path, stays_in_path)) {
        to += raw_path;
    } else {
        const auto decoded = model::percent_decode(raw_path);
        HF_ASSERT(decoded);
        to += model::percent_encode(*decoded, "/");
    }
}

void append_canonical_query(std::string& to, std::span<const model::QueryItem> items,
                            bool presigned) {
    std::vector<std::pair<std::string, std::string>> pairs;
    pairs.reserve(items.size());
    for (const auto& item : items) {
        if (presigned && security_parameter(item.name) == SecurityParameter::signature) continue;
        pairs.emplace_back(model::percent_encode(item.name), model::percent_encode(item.value));
    }
    std::sort(pairs.begin(), pairs.end());
    bool first = true;
    for (const auto& [name, value] : pairs) {
        if (!std::exchange(first, false)) to += '&';
        to.append(name).append("=").append(value);
    }
}

void append_canonical_headers(std::string& to, const HeaderList& headers,
                              std::span<const std::string_view> names) {
    for (const auto name : names) {
        to.append(name).append(":");
        bool first = true;
        for (const auto& [header, value] : headers) {
            if (header != name) continue;
            if (!std::exchange(first, false)) to += ',';
            append_collapsed(to, value);
        }
        to += '\n';
    }
}

std::string canonical_request(const SignedRequest& request, std::span<const model::QueryItem> query,
                              std::span<const std::string_view> sorted_names,
                              std::string_view payload_hash, bool presigned) {
    std::string text;
    text.reserve(1024);
    text.append(request.method).append("\n");
    append_canonical_path(text, request.raw_path);
    text += '\n';
    append_canonical_query(text, query, presigned);
    text += '\n';
    append_canonical_headers(text, *request.headers, sorted_names);
    text += '\n';
    bool first = true;
    for (const auto name : sorted_names) {
        if (!std::exchange(first, false)) text += ';';
        text += name;
    }
    text.append("\n").append(payload_hash);
    return text;
}

std::string canonical_request(const SignedRequest& request,
                              const std::vector<std::string>& signed_headers,
                              std::string_view payload_hash, bool presigned) {
    const auto query = model::parse_query(request.raw_query);
    HF_ASSERT(query && escapes_are_valid(request.raw_path));
    std::vector<std::string_view> names(signed_headers.begin(), signed_headers.end());
    std::sort(names.begin(), names.end());
    return canonical_request(request, *query, names, payload_hash, presigned);
}

std::string string_to_sign(std::string_view timestamp, std::string_view scope,
                           std::string_view canonical_request) {
    std::string text;
    text.reserve(algorithm.size() + timestamp.size() + scope.size() + 3 + 2 * sizeof(Hash));
    text.append(algorithm).append("\n");
    text.append(timestamp).append("\n");
    text.append(scope).append("\n");
    append_hex(text, sha256(base::as_bytes(canonical_request)));
    return text;
}

std::array<std::uint8_t, 32> signing_key(const base::Secret& secret, std::string_view date,
                                         std::string_view region, std::string_view service) {
    // Room for all of it at once: growing would leave an unwiped copy behind.
    std::string prefixed;
    prefixed.reserve(4 + secret.reveal().size());
    prefixed.append("AWS4").append(secret.reveal());
    const base::Secret start(std::move(prefixed));
    Hash key = hmac_sha256(base::as_bytes(start.reveal()), date);
    key = hmac_sha256(key, region);
    key = hmac_sha256(key, service);
    return hmac_sha256(key, "aws4_request");
}

std::string sign(const std::array<std::uint8_t, 32>& key, std::string_view string_to_sign) {
    std::string signature;
    append_hex(signature, hmac_sha256(key, string_to_sign));
    return signature;
}

}  // namespace holdfast::auth
