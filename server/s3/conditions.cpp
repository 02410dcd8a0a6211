#include "server/s3/conditions.h"

#include "model/timestamp.h"

namespace holdfast::s3 {

namespace {

std::string_view trim(std::string_view text) {
    while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
    while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
    return text;
}

std::string_view bare_etag(std::string_view text) {
    text = trim(text);
    if (text.substr(0, 2) == "W/") text.remove_prefix(2);
    if (text.size() >= 2 && text.front() == '"' && text.back() == '"')
        text = text.substr(1, text.size() - 2);
    return text;
}

std::optional<base::WallTime> past_date(std::optional<std::string_view> header,
                                        base::WallTime now) {
    if (!header) return std::nullopt;
    const auto date = model::parse_header_date(*header);
    if (!date || *date > now) return std::nullopt;
    return date;
}

std::optional<std::string> owned(std::optional<std::string_view> text) {
    if (!text) return std::nullopt;
    return std::string(*text);
}

S3Error refused(std::string_view header, std::string message) {
    return not_implemented_header(header, std::move(message));
}

}  // namespace

bool etag_matches(std::string_view header, std::string_view etag) {
    if (trim(header) == "*") return true;
    std::size_t at = 0;
    for (;;) {
        const auto comma = header.find(',', at);
        if (bare_etag(header.substr(at, comma - at)) == etag) return true;
        if (comma == std::string_view::npos) return false;
        at = comma + 1;
    }
}

ReadConditions ReadConditions::parse(const Request& request, std::string_view prefix,
                                     base::WallTime now) {
    const auto header = [&](std::string_view name) {
        return request.header_with_value(std::string(prefix).append(name));
    };
    ReadConditions conditions;
    conditions.if_match = owned(header("if-match"));
    conditions.if_none_match = owned(header("if-none-match"));
    conditions.if_modified_since = past_date(header("if-modified-since"), now);
    conditions.if_unmodified_since = past_date(header("if-unmodified-since"), now);
    return conditions;
}

ConditionOutcome evaluate(const ReadConditions& conditions, std::string_view etag,
                          base::WallTime last_modified) {
    const auto modified = std::chrono::floor<std::chrono::seconds>(last_modified);
    if (conditions.if_match && !etag_matches(*conditions.if_match, etag))
        return {ConditionResult::failed, "If-Match"};
    if (!conditions.if_match && conditions.if_unmodified_since &&
        modified > *conditions.if_unmodified_since)
        return {ConditionResult::failed, "If-Unmodified-Since"};
    if (conditions.if_none_match && etag_matches(*conditions.if_none_match, etag))
        return {ConditionResult::not_modified, "If-None-Match"};
    if (!conditions.if_none_match && conditions.if_modified_since &&
        modified <= *conditions.if_modified_since)
        return {ConditionResult::not_modified, "If-Modified-Since"};
    return {};
}

Result<WriteConditions> parse_write_conditions(const Request& request, IfMatchAny any) {
    // An empty value is one that matches nothing: dropping it would overwrite.
    const auto if_match = request.header("if-match");
    const auto if_none_match = request.header("if-none-match");
    if (if_match && if_none_match)
        return refused("If-Match,If-None-Match",
                       "Multiple conditional request headers present in the request");
    if (if_none_match && trim(*if_none_match) != "*")
        return refused("If-None-Match",
                       "We don't accept the provided value of If-None-Match header for this API");
    const bool match_any = if_match && trim(*if_match) == "*";
    if (any == IfMatchAny::refused && match_any)
        return refused("If-Match",
                       "We don't accept the provided value of If-Match header for this API");
    WriteConditions conditions;
    conditions.if_none_match = if_none_match.has_value();
    conditions.if_match_any = match_any;
    if (if_match && !match_any) conditions.if_match = std::string(bare_etag(*if_match));
    return conditions;
}

Result<base::Unit> check(const WriteConditions& conditions, const catalog::FoundObject* current,
                         std::string_view key) {
    if (conditions.if_none_match && current != nullptr) return precondition_failed("If-None-Match");
    if (!conditions.if_match && !conditions.if_match_any) return base::Unit{};
    if (current == nullptr) return no_such_key(key);
    if (conditions.if_match && *conditions.if_match != current->record.etag())
        return precondition_failed("If-Match");
    return base::Unit{};
}

}  // namespace holdfast::s3
