#include "server/s3/request_checks.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>

#include "model/checksum.h"
#include "model/limits.h"

namespace holdfast::s3 {

namespace {

/// Headers of HTTP that are read here; taking the first of several would drop the others silently.
constexpr std::array<std::string_view, 13> single_headers{"cache-control",
                                                          "content-disposition",
                                                          "content-encoding",
                                                          "content-language",
                                                          "content-md5",
                                                          "content-type",
                                                          "expires",
                                                          "if-match",
                                                          "if-modified-since",
                                                          "if-none-match",
                                                          "if-range",
                                                          "if-unmodified-since",
                                                          "range"};

bool may_repeat(std::string_view name) {
    if (name.substr(0, 11) == "x-amz-meta-") return true;
    if (name == "x-amz-object-attributes") return true;  // a list, in one line or several
    if (model::checksum_of_header(name)) return true;    // CK-20 has its own words
    return name.substr(0, 6) != "x-amz-" &&
           std::find(single_headers.begin(), single_headers.end(), name) == single_headers.end();
}

bool is_well_formed_version_id(std::string_view id) {
    constexpr std::size_t version_id_bytes_max = 1024;
    return !id.empty() && id.size() <= version_id_bytes_max &&
           std::all_of(id.begin(), id.end(), [](unsigned char c) {
               return std::isalnum(c) != 0 || c == '.' || c == '_' || c == '-';
           });
}

}  // namespace

bool is_header_safe(std::string_view text) {
    return std::all_of(text.begin(), text.end(),
                       [](unsigned char c) { return (c >= 0x20 && c != 0x7f) || c == '\t'; });
}

Result<base::Unit> check_header_values(const Request& request) {
    const auto& headers = request.head().headers;
    for (std::size_t i = 0; i < headers.size(); ++i) {
        const std::string_view name = headers[i].first;
        if (may_repeat(name)) continue;
        for (std::size_t j = i + 1; j < headers.size(); ++j)
            if (headers[j].first == name)
                return invalid_argument(name, std::nullopt, "This header may have one value only.");
    }
    std::optional<std::string_view> unsafe;
    request.for_each_header([&](std::string_view name, std::string_view value) {
        if (!is_header_safe(value)) unsafe = name;
    });
    if (unsafe)
        return invalid_argument(*unsafe, std::nullopt, "The value holds a control character.");
    return base::Unit{};
}

std::optional<std::uint64_t> parse_decimal(std::string_view text) {
    std::uint64_t number = 0;
    const auto* end = text.data() + text.size();
    const auto [stopped, error] = std::from_chars(text.data(), end, number);
    if (error != std::errc{} || stopped != end || text.empty()) return std::nullopt;
    return number;
}

Result<std::optional<std::uint32_t>> parse_query_number(const Request& request,
                                                        std::string_view name,
                                                        std::string_view message) {
    const auto text = request.query(name);
    if (!text || text->empty()) return std::optional<std::uint32_t>{};
    const auto number = parse_decimal(*text);
    if (!number || *number > std::numeric_limits<std::int32_t>::max())
        return invalid_argument(name, *text, std::string(message));
    return std::optional(static_cast<std::uint32_t>(*number));
}

Result<std::uint32_t> parse_page_size(const Request& request, std::string_view name,
                                      std::string_view message) {
    auto number = parse_query_number(request, name, message);
    if (!number) return std::move(number).error();
    return std::min(number->value_or(model::list_page_max), model::list_page_max);
}

Result<base::Unit> check_listing_texts(const Request& request) {
    for (const std::string_view name :
         {"prefix", "delimiter", "marker", "start-after", "key-marker", "upload-id-marker"}) {
        const auto text = request.query(name).value_or("");
        if (text.find('\0') != std::string_view::npos)
            return invalid_argument(name, std::nullopt, "The value holds a NUL.");
    }
    return base::Unit{};
}

Result<bool> parse_url_encoding(const Request& request) {
    const auto type = request.query("encoding-type");
    if (!type) return false;
    if (*type == "url") return true;
    return invalid_argument("encoding-type", *type, "Invalid Encoding Method specified in Request");
}

Result<base::Unit> check_version_id(const Request& request) {
    const auto id = request.query("versionId");
    if (!id) return base::Unit{};
    return check_version_id(*id, request.key());
}

Result<base::Unit> check_version_id(std::string_view version_id, std::string_view key) {
    if (version_id == "null") return base::Unit{};
    if (!is_well_formed_version_id(version_id))
        return invalid_argument("versionId", version_id, "Invalid version id specified");
    return S3Error(errors::no_such_version)
        .with("Key", std::string(key))
        .with("VersionId", std::string(version_id));
}

std::string to_lower(std::string_view text) {
    std::string lower(text);
    std::transform(lower.begin(), lower.end(), lower.begin(), [](unsigned char c) {
        return static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
    });
    return lower;
}

}  // namespace holdfast::s3
