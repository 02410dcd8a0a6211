#include "server/s3/delete_conditions.h"

#include "model/timestamp.h"
#include "server/s3/conditions.h"
#include "server/s3/request_checks.h"

namespace holdfast::s3 {

Result<DeleteConditions> DeleteConditions::parse(const Request& request) {
    constexpr std::string_view size_header = "x-amz-if-match-size";
    constexpr std::string_view date_header = "x-amz-if-match-last-modified-time";
    DeleteConditions conditions;
    if (const auto etag = request.header("if-match")) conditions.etag = std::string(*etag);
    if (const auto text = request.header_with_value(size_header)) {
        conditions.size = parse_decimal(*text);
        if (!conditions.size) return invalid_argument(size_header, *text, "Not a size.");
    }
    if (const auto text = request.header_with_value(date_header)) {
        conditions.last_modified = model::parse_header_date(*text);
        if (!conditions.last_modified) return invalid_argument(date_header, *text, "Not a date.");
    }
    return conditions;
}

Result<DeleteConditions> DeleteConditions::parse(pugi::xml_node object) {
    DeleteConditions conditions;
    conditions.etag = child_text(object, "ETag");
    if (const auto text = child_text(object, "Size")) {
        conditions.size = parse_decimal(*text);
        if (!conditions.size) return S3Error(errors::malformed_xml);
    }
    if (const auto text = child_text(object, "LastModifiedTime")) {
        conditions.last_modified = model::parse_header_date(*text);
        if (!conditions.last_modified) return S3Error(errors::malformed_xml);
    }
    return conditions;
}

Result<base::Unit> DeleteConditions::check(const catalog::FoundObject* current,
                                           std::string_view key) const {
    if (current == nullptr) {
        if (etag) return no_such_key(key);
        return base::Unit{};
    }
    const auto& object = current->record;
    if (etag && !etag_matches(*etag, object.etag())) return precondition_failed("If-Match");
    if (size && *size != object.size()) return precondition_failed("If-Match-Size");
    const base::WallTime modified{std::chrono::milliseconds(object.last_modified_ms())};
    if (last_modified && std::chrono::floor<std::chrono::seconds>(modified) !=
                             std::chrono::floor<std::chrono::seconds>(*last_modified))
        return precondition_failed("If-Match-Last-Mod-Time");
    return base::Unit{};
}

Result<bool> names_current_object(std::optional<std::string_view> version_id,
                                  std::string_view key) {
    if (!version_id) return true;
    auto checked = check_version_id(*version_id, key);
    if (checked) return true;
    if (checked.error().spec == &errors::no_such_version) return false;
    return std::move(checked).error();
}

}  // namespace holdfast::s3
