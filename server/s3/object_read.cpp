#include "server/s3/object_read.h"

#include <array>

#include "model/timestamp.h"
#include "server/s3/byte_range.h"
#include "server/s3/object_encryption.h"
#include "server/s3/object_properties.h"
#include "server/s3/request_checks.h"
#include "server/s3/stored_checksum.h"

namespace holdfast::s3 {

namespace {

struct Override {
    std::string_view query;
    std::string_view header;
};
constexpr std::array overrides{Override{"response-cache-control", "Cache-Control"},
                               Override{"response-content-disposition", "Content-Disposition"},
                               Override{"response-content-encoding", "Content-Encoding"},
                               Override{"response-content-language", "Content-Language"},
                               Override{"response-content-type", "Content-Type"},
                               Override{"response-expires", "Expires"}};

Result<http::Headers> parse_overrides(const Request& request) {
    http::Headers headers;
    for (const auto& row : overrides) {
        const auto value = request.query(row.query);
        if (!value) continue;
        if (!is_header_safe(*value))
            return invalid_argument(row.query, std::nullopt,
                                    "The value holds a control character.");
        headers.emplace_back(row.header, *value);
    }
    return headers;
}

base::WallTime last_modified(const records::Object& object) {
    return base::WallTime(std::chrono::milliseconds(object.last_modified_ms()));
}

std::string quoted(std::string_view etag) {
    return std::string("\"").append(etag).append("\"");
}

bool is_multipart(const records::Object& object) {
    return object.manifest_size() > 0;
}

std::uint32_t parts_count(const records::Object& object) {
    std::uint32_t count = 0;
    for (const auto& chunk : object.manifest()) count += chunk.parts();
    return count;
}

S3Error not_modified(const records::Object& object) {
    S3Error error(errors::not_modified);
    error.headers.emplace_back("ETag", quoted(object.etag()));
    error.headers.emplace_back("Last-Modified", model::to_http_date(last_modified(object)));
    const auto& properties = object.properties();
    if (properties.has_cache_control())
        error.headers.emplace_back("Cache-Control", properties.cache_control());
    if (properties.has_expires()) error.headers.emplace_back("Expires", properties.expires());
    return error;
}

Result<base::Unit> check_conditions(const ReadRequest& request, const records::Object& object) {
    const auto outcome = evaluate(request.conditions, object.etag(), last_modified(object));
    switch (outcome.result) {
        case ConditionResult::passed:
            break;
        case ConditionResult::failed:
            return precondition_failed(std::string(outcome.condition));
        case ConditionResult::not_modified:
            return not_modified(object);
    }
    return base::Unit{};
}

/// STC-04: archived objects can be looked at, not read.
Result<base::Unit> check_readable(const Context& context, const records::Object& object) {
    const auto& storage_class = object.properties().storage_class();
    const bool archived = storage_class == "GLACIER" || storage_class == "DEEP_ARCHIVE";
    if (!archived || context.request.method() == "HEAD") return base::Unit{};
    return S3Error(errors::invalid_object_state).with("StorageClass", storage_class);
}

void set_content_range(ReadAnswer& answer, std::uint64_t size) {
    answer.response.status = 206;
    answer.response.set("Content-Range", "bytes " + std::to_string(answer.first) + "-" +
                                             std::to_string(answer.first + answer.length - 1) +
                                             "/" + std::to_string(size));
}

/// RFC 9110 If-Range: a tag or date that does not fit makes the range void.
bool range_applies(const ReadRequest& request, const records::Object& object) {
    if (!request.if_range) return true;
    if (const auto date = model::parse_header_date(*request.if_range))
        return std::chrono::floor<std::chrono::seconds>(last_modified(object)) == *date;
    return *request.if_range == quoted(object.etag());  // a strong comparison
}

Result<base::Unit> apply_range(const ReadRequest& request, const records::Object& object,
                               ReadAnswer& answer) {
    answer.length = object.size();
    if (!request.range || !range_applies(request, object)) return base::Unit{};
    const auto decision = decide_range(request.range, object.size());
    switch (decision.kind) {
        case RangeKind::whole:
            return base::Unit{};
        case RangeKind::unsatisfiable:
            return S3Error(errors::invalid_range)
                .with("RangeRequested", *request.range)
                .with("ActualObjectSize", std::to_string(object.size()))
                .with_header("Content-Range", "bytes */" + std::to_string(object.size()));
        case RangeKind::part:
            break;
    }
    answer.first = decision.range.first;
    answer.length = decision.range.length;
    set_content_range(answer, object.size());
    return base::Unit{};
}

S3Error no_such_part(std::uint32_t count, model::PartNumber requested) {
    return S3Error(errors::invalid_part_number)
        .with("ActualPartCount", std::to_string(count))
        .with("PartNumberRequested", std::to_string(requested.value()));
}

/// GP-05, GP-06: an object that was put in one piece has part 1 only.
Result<base::Unit> apply_only_part(const ReadRequest& request, const records::Object& object,
                                   ReadAnswer& answer) {
    if (request.part_number->value() != 1) return no_such_part(1, *request.part_number);
    answer.length = object.size();
    if (answer.length > 0) set_content_range(answer, object.size());
    if (request.with_checksum && object.has_checksum())
        set_checksum_headers(object.checksum(), answer.response);
    return base::Unit{};
}

/// GP-08: what is known of one part's checksum.
void set_part_checksum(const records::Object& object, const records::ManifestPart& part,
                       std::uint32_t count, Response& response) {
    if (part.has_checksum())
        set_checksum_headers(part.checksum(), response);
    else if (count == 1 && object.has_checksum() &&
             type_of(object.checksum()) == model::ChecksumType::full_object)
        set_checksum_headers(object.checksum(), response);
}

/// GP-03, GP-04, GP-07. Nothing when the object was replaced meanwhile.
base::Awaitable<Result<bool>> apply_part(Context& context, const catalog::FoundObject& found,
                                         const ReadRequest& request, ReadAnswer& answer) {
    const auto& object = found.record;
    const auto count = parts_count(object);
    auto place = co_await context.services.objects.find_part(context.bucket->id(), context.key(),
                                                             found, request.part_number->value());
    if (!place && place.error().kind == catalog::CatalogError::Kind::no_such_key) co_return false;
    if (!place) co_return context.error(place.error());
    if (!*place) co_return no_such_part(count, *request.part_number);
    answer.first = (*place)->offset;
    answer.length = (*place)->part.body().plain_bytes();
    if (answer.length > 0) set_content_range(answer, object.size());
    answer.response.set("x-amz-mp-parts-count", std::to_string(count));
    if (request.with_checksum) set_part_checksum(object, (*place)->part, count, answer.response);
    co_return true;
}

void set_object_headers(const records::Object& object, const ReadRequest& request,
                        Response& response) {
    response.set("Accept-Ranges", "bytes");
    response.set("Last-Modified", model::to_http_date(last_modified(object)));
    response.set("ETag", quoted(object.etag()));
    set_property_headers(object.properties(), response);
    set_encryption_headers(object.properties().encryption(), response);
    for (const auto& replacement : request.overrides) {
        std::erase_if(response.headers,
                      [&](const auto& header) { return header.first == replacement.first; });
        response.set(replacement.first, replacement.second);
    }
}

}  // namespace

Result<ReadRequest> ReadRequest::parse(const Context& context) {
    const auto& request = context.request;
    ReadRequest read;
    if (auto version = check_version_id(request); !version) return std::move(version).error();
    if (const auto text = request.query("partNumber")) {
        read.part_number = model::PartNumber::parse(*text);
        if (!read.part_number)
            return invalid_argument(
                "partNumber", *text,
                "Part number must be an integer between 1 and 10000, inclusive");
    }
    if (const auto range = request.header("range")) read.range = std::string(*range);
    if (const auto if_range = request.header("if-range")) read.if_range = std::string(*if_range);
    if (read.part_number && read.range)
        return invalid_request("Cannot specify both Range header and partNumber query parameter");
    if (auto none = check_no_encryption_headers(request); !none) return std::move(none).error();
    read.with_checksum = to_lower(request.header("x-amz-checksum-mode").value_or("")) == "enabled";
    auto replaced = parse_overrides(request);
    if (!replaced) return std::move(replaced).error();
    read.overrides = std::move(*replaced);
    read.conditions = ReadConditions::parse(request, "", context.now());
    return read;
}

base::Awaitable<Result<std::optional<ReadAnswer>>> decide_read(Context& context,
                                                               const catalog::FoundObject& found,
                                                               const ReadRequest& request) {
    const auto& object = found.record;
    if (auto passed = check_conditions(request, object); !passed)
        co_return std::move(passed).error();
    if (auto readable = check_readable(context, object); !readable)
        co_return std::move(readable).error();
    std::optional<ReadAnswer> answer(std::in_place);
    if (request.part_number && is_multipart(object)) {
        auto applied = co_await apply_part(context, found, request, *answer);
        if (!applied) co_return std::move(applied).error();
        if (!*applied) co_return std::optional<ReadAnswer>{};
    } else if (request.part_number) {
        auto applied = apply_only_part(request, object, *answer);
        if (!applied) co_return std::move(applied).error();
    } else {
        auto applied = apply_range(request, object, *answer);
        if (!applied) co_return std::move(applied).error();
        const bool whole = answer->response.status == 200 && !request.range;
        if (request.with_checksum && whole && object.has_checksum())
            set_checksum_headers(object.checksum(), answer->response);
    }
    set_object_headers(object, request, answer->response);
    co_return answer;
}

}  // namespace holdfast::s3
