#include "tests/model/rules.h"

#include <algorithm>
#include <array>
#include <ctime>

#include "tests/model/digests.h"
#include "tests/model/reference.h"

namespace holdfast::model_test {

namespace {

std::tm utc(std::int64_t ms) {
    const std::time_t seconds = ms / 1000;
    std::tm parts{};
    ::gmtime_r(&seconds, &parts);
    return parts;
}

/// Seconds; nothing for what is no date.
std::optional<std::int64_t> parsed_date(const std::optional<std::string>& text) {
    if (!text) return std::nullopt;
    std::tm parts{};
    const char* end = ::strptime(text->c_str(), "%a, %d %b %Y %H:%M:%S GMT", &parts);
    if (end == nullptr || *end != '\0') return std::nullopt;
    return static_cast<std::int64_t>(::timegm(&parts));
}

bool all_digits(const std::string& text) {
    return std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

bool tag_matches(const std::string& header, const std::string& etag) {
    if (header == "*") return true;
    std::size_t at = 0;
    for (;;) {
        const auto comma = header.find(',', at);
        auto one = header.substr(at, comma - at);
        one.erase(0, one.find_first_not_of(' '));
        if (one.rfind("W/", 0) == 0) one.erase(0, 2);
        if (unquoted(one) == etag) return true;
        if (comma == std::string::npos) return false;
        at = comma + 1;
    }
}

const std::array algorithms{"CRC32", "CRC32C", "CRC64NVME", "SHA1", "SHA256", "SHA512", "MD5"};

}  // namespace

Expected error(unsigned status, const std::string& code, const Fields& fields) {
    Expected answer;
    answer.status = status;
    answer.document = {{"", "Error"}, {"Code", code}};
    for (const auto& [name, value] : fields) answer.document[name] = value;
    return answer;
}

Expected invalid_argument(const std::string& name, const std::string& value) {
    return error(400, "InvalidArgument", {{"ArgumentName", name}, {"ArgumentValue", value}});
}

std::string http_date(std::int64_t ms) {
    const auto parts = utc(ms);
    std::array<char, 64> text{};
    return {text.data(),
            std::strftime(text.data(), text.size(), "%a, %d %b %Y %H:%M:%S GMT", &parts)};
}

std::string xml_date(std::int64_t ms) {
    const auto parts = utc(ms);
    std::array<char, 64> text{};
    return {text.data(), std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%S.000Z", &parts)};
}

std::string quoted(const std::string& etag) {
    return "\"" + etag + "\"";
}

std::string unquoted(const std::string& etag) {
    if (etag.size() < 2 || etag.front() != '"' || etag.back() != '"') return etag;
    return etag.substr(1, etag.size() - 2);
}

Range range_of(const std::optional<std::string>& header, std::uint64_t size) {
    if (!header || header->rfind("bytes=", 0) != 0) return {};
    const auto spec = header->substr(6);
    const auto dash = spec.find('-');
    if (dash == std::string::npos) return {};
    const auto first = spec.substr(0, dash);
    const auto last = spec.substr(dash + 1);
    if (!all_digits(first) || !all_digits(last) || (first.empty() && last.empty())) return {};
    if (first.empty()) {
        const auto suffix = std::min<std::uint64_t>(std::stoull(last), size);
        if (std::stoull(last) == 0) return {Range::Kind::unsatisfiable};
        if (size == 0) return {};
        return {Range::Kind::part, size - suffix, size - 1};
    }
    const auto begin = std::stoull(first);
    if (!last.empty() && std::stoull(last) < begin) return {};
    if (begin >= size) return {Range::Kind::unsatisfiable};
    const auto end = last.empty() ? size - 1 : std::min<std::uint64_t>(std::stoull(last), size - 1);
    return {Range::Kind::part, begin, end};
}

ReadRefusal read_conditions(const Call& call, const std::string& prefix, const Object& object,
                            std::int64_t now_ms) {
    const auto modified = object.modified_ms / 1000;
    const auto date = [&](const char* name) {
        auto seconds = parsed_date(call.header(prefix + name));
        if (seconds && *seconds * 1000 > now_ms) seconds.reset();
        return seconds;
    };
    const auto if_match = call.header(prefix + "if-match");
    const auto if_none_match = call.header(prefix + "if-none-match");
    const auto since = date("if-modified-since");
    const auto until = date("if-unmodified-since");
    const auto shown = [&](const char* name) {
        return prefix.empty() ? std::string(name) : prefix + name;
    };
    if (if_match && !tag_matches(*if_match, object.etag)) return {shown("If-Match"), false};
    if (!if_match && until && modified > *until) return {shown("If-Unmodified-Since"), false};
    if (if_none_match && tag_matches(*if_none_match, object.etag))
        return {shown("If-None-Match"), true};
    if (!if_none_match && since && modified <= *since) return {shown("If-Modified-Since"), true};
    return {};
}

std::optional<Expected> write_condition_syntax(const Call& call, bool any_match_allowed) {
    const auto match = call.header("if-match");
    const auto none = call.header("if-none-match");
    std::string refused;
    if (match && none)
        refused = "If-Match,If-None-Match";
    else if (none && *none != "*")
        refused = "If-None-Match";
    else if (match && *match == "*" && !any_match_allowed)
        refused = "If-Match";
    if (refused.empty()) return std::nullopt;
    return error(501, "NotImplemented", {{"Header", refused}, {"additionalMessage", any_value}});
}

std::optional<Expected> write_conditions(const Call& call, const Object* object) {
    const auto match = call.header("if-match");
    if (call.header("if-none-match") && object != nullptr)
        return error(412, "PreconditionFailed", {{"Condition", "If-None-Match"}});
    if (!match) return std::nullopt;
    if (object == nullptr) return error(404, "NoSuchKey", {{"Key", call.key}});
    if (*match != "*" && unquoted(*match) != object->etag)
        return error(412, "PreconditionFailed", {{"Condition", "If-Match"}});
    return std::nullopt;
}

std::string checksum_header(const std::string& algorithm) {
    std::string name = "x-amz-checksum-" + algorithm;
    std::transform(name.begin(), name.end(), name.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
    return name;
}

std::optional<std::pair<std::string, std::string>> sent_checksum(const Call& call) {
    for (const char* algorithm : algorithms)
        if (const auto value = call.header(checksum_header(algorithm)))
            return std::pair(std::string(algorithm), *value);
    return std::nullopt;
}

std::string checksum_value(const Content& content, const std::string& algorithm) {
    return base64(content.digest(algorithm));
}

Checksum full_object(const Content& content, const std::string& algorithm) {
    return {algorithm, checksum_value(content, algorithm), "FULL_OBJECT"};
}

Checksum composite(const std::vector<std::string>& part_values, const std::string& algorithm) {
    std::string all;
    for (const auto& value : part_values) all += from_base64(value);
    return {algorithm, base64(digest_of(algorithm, all)) + "-" + std::to_string(part_values.size()),
            "COMPOSITE"};
}

std::optional<Expected> check_digests(const Call& call, const Content& content) {
    const auto sent_md5 = call.header("content-md5");
    if (sent_md5 && from_base64(*sent_md5) != content.digest("MD5"))
        return error(400, "BadDigest",
                     {{"ExpectedDigest", any_value}, {"CalculatedDigest", any_value}});
    const auto sent = sent_checksum(call);
    if (sent && sent->second != checksum_value(content, sent->first))
        return error(400, "BadDigest");
    return std::nullopt;
}

std::optional<int> page_size(const std::optional<std::string>& text) {
    if (!text || text->empty()) return 1000;
    if (!all_digits(*text) || text->size() > 10 || std::stoull(*text) > 2147483647ULL)
        return std::nullopt;
    return static_cast<int>(std::min<std::uint64_t>(std::stoull(*text), 1000));
}

std::string group_of(const std::string& key, const std::string& prefix,
                     const std::string& delimiter) {
    if (delimiter.empty()) return "";
    const auto at = key.find(delimiter, prefix.size());
    return at == std::string::npos ? "" : key.substr(0, at + delimiter.size());
}

Page page_of(const std::vector<std::string>& keys, const std::string& prefix,
             const std::string& delimiter, const std::string& after, int limit) {
    Page page;
    for (const auto& key : keys) {
        if (key.rfind(prefix, 0) != 0 || key <= after) continue;
        const auto group = group_of(key, prefix, delimiter);
        if (!group.empty() && group == after) continue;
        const auto& name = group.empty() ? key : group;
        if (!group.empty() && !page.items.empty() && page.items.back().name == group) continue;
        if (page.items.size() == static_cast<std::size_t>(limit)) {
            page.truncated = limit > 0;
            break;
        }
        page.items.push_back({name, !group.empty()});
    }
    return page;
}

}  // namespace holdfast::model_test
