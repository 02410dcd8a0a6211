#include <array>

#include "model/limits.h"
#include "model/timestamp.h"
#include "server/s3/object_encryption.h"
#include "server/s3/object_read.h"
#include "server/s3/operations/operations.h"
#include "server/s3/request_checks.h"
#include "server/s3/stored_checksum.h"
#include "server/s3/xml_writer.h"

namespace holdfast::s3 {

namespace {

constexpr std::string_view attributes_header = "x-amz-object-attributes";
constexpr std::string_view parts_max_header = "x-amz-max-parts";
constexpr std::string_view marker_header = "x-amz-part-number-marker";

struct AttributesRequest {
    bool etag = false;
    bool checksum = false;
    bool parts = false;
    bool storage_class = false;
    bool size = false;
    std::uint32_t parts_max = model::list_page_max;
    std::uint32_t marker = 0;

    static Result<AttributesRequest> parse(const Request& request);
    bool select(std::string_view name);
};

/// False for a name that is no attribute.
bool AttributesRequest::select(std::string_view name) {
    struct Attribute {
        std::string_view name;
        bool AttributesRequest::*member;
    };
    static constexpr std::array known{Attribute{"ETag", &AttributesRequest::etag},
                                      Attribute{"Checksum", &AttributesRequest::checksum},
                                      Attribute{"ObjectParts", &AttributesRequest::parts},
                                      Attribute{"StorageClass", &AttributesRequest::storage_class},
                                      Attribute{"ObjectSize", &AttributesRequest::size}};
    for (const auto& attribute : known) {
        if (attribute.name != name) continue;
        this->*attribute.member = true;
        return true;
    }
    return false;
}

std::string_view trim(std::string_view text) {
    while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
    while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
    return text;
}

/// Every value of the header: it may come in several lines, each a list.
std::string attribute_names(const Request& request) {
    std::string names;
    request.for_each_header([&](std::string_view name, std::string_view value) {
        if (name != attributes_header) return;
        if (!names.empty()) names.push_back(',');
        names.append(value);
    });
    return names;
}

Result<std::uint32_t> parse_count(const Request& request, std::string_view header,
                                  std::uint32_t absent) {
    const auto text = request.header_with_value(header);
    if (!text) return absent;
    const auto number = parse_decimal(*text);
    if (!number || *number > INT32_MAX)
        return invalid_argument(header, *text,
                                "Argument must be an integer between 0 and 2147483647");
    return static_cast<std::uint32_t>(*number);
}

Result<AttributesRequest> AttributesRequest::parse(const Request& request) {
    AttributesRequest attributes;
    if (auto version = check_version_id(request); !version) return std::move(version).error();
    const auto names = attribute_names(request);
    if (trim(names).empty())
        return invalid_request(
            "The x-amz-object-attributes header specifying the attributes to be "
            "retrieved is either missing or empty");
    for (std::size_t at = 0; at <= names.size();) {
        const auto comma = std::min(names.find(',', at), names.size());
        const auto name = trim(std::string_view(names).substr(at, comma - at));
        if (!attributes.select(name))
            return invalid_argument(attributes_header, name, "Invalid attribute name specified.");
        at = comma + 1;
    }
    auto parts_max = parse_count(request, parts_max_header, model::list_page_max);
    if (!parts_max) return std::move(parts_max).error();
    attributes.parts_max = std::min(*parts_max, model::list_page_max);
    auto marker = parse_count(request, marker_header, 0);
    if (!marker) return std::move(marker).error();
    attributes.marker = *marker;
    if (auto none = check_no_encryption_headers(request); !none) return std::move(none).error();
    return attributes;
}

/// GOA-02: without "-N".
void write_checksum_element(const records::Checksum& checksum, XmlWriter& xml) {
    xml.open("Checksum");
    xml.element(checksum_element(algorithm_of(checksum)), digest_text(checksum));
    xml.element("ChecksumType", model::name(type_of(checksum)));
    xml.close();
}

std::uint32_t parts_count(const records::Object& object) {
    std::uint32_t count = 0;
    for (const auto& chunk : object.manifest()) count += chunk.parts();
    return count;
}

bool lists_parts(const records::Object& object) {
    return object.has_checksum() && type_of(object.checksum()) == model::ChecksumType::composite;
}

/// GOA-04, GOA-05: a FULL_OBJECT only says how many parts there are.
void write_parts(const AttributesRequest& request, const records::Object& object,
                 const catalog::Objects::PartList& list, XmlWriter& xml) {
    xml.open("ObjectParts");
    xml.element("PartsCount", std::uint64_t{parts_count(object)});
    if (lists_parts(object)) {
        const auto next = list.parts.empty() ? 0 : list.parts.back().number();
        xml.element("PartNumberMarker", std::uint64_t{request.marker});
        xml.element("NextPartNumberMarker", std::uint64_t{next});
        xml.element("MaxParts", std::uint64_t{request.parts_max});
        xml.element("IsTruncated", list.more);
        for (const auto& part : list.parts) {
            xml.open("Part");
            xml.element("PartNumber", std::uint64_t{part.number()});
            xml.element("Size", part.body().plain_bytes());
            if (part.has_checksum())
                xml.element(checksum_element(algorithm_of(part.checksum())),
                            digest_text(part.checksum()));
            xml.close();
        }
    }
    xml.close();
}

Response answer(const AttributesRequest& request, const records::Object& object,
                const catalog::Objects::PartList& list) {
    XmlWriter xml;
    xml.open_root("GetObjectAttributesResponse");
    if (request.etag) xml.element("ETag", object.etag());
    if (request.checksum && object.has_checksum()) write_checksum_element(object.checksum(), xml);
    if (request.parts && object.manifest_size() > 0) write_parts(request, object, list, xml);
    if (request.storage_class) xml.element("StorageClass", object.properties().storage_class());
    if (request.size) xml.element("ObjectSize", object.size());
    xml.close();
    auto response = xml_response(std::move(xml).finish());
    const base::WallTime modified{std::chrono::milliseconds(object.last_modified_ms())};
    response.set("Last-Modified", model::to_http_date(modified));
    return response;
}

}  // namespace

Reply get_object_attributes(Context& context) {
    auto request = AttributesRequest::parse(context.request);
    if (!request) co_return std::move(request).error();
    auto& objects = context.services.objects;
    for (int attempt = 0; attempt < read_attempts_max; ++attempt) {
        auto found =
            co_await objects.find(context.bucket->id(), context.key(), catalog::Fetch::record);
        if (!found) co_return context.error(found.error());
        if (!*found) co_return no_such_key(context.key());
        const auto& object = (*found)->record;
        catalog::Objects::PartList list;
        const bool wanted = request->parts && request->parts_max > 0 && lists_parts(object);
        if (wanted && object.manifest_size() > 0) {
            auto listed = co_await objects.list_parts(context.bucket->id(), context.key(), **found,
                                                      request->marker, request->parts_max);
            const bool replaced =
                !listed && listed.error().kind == catalog::CatalogError::Kind::no_such_key;
            if (replaced) continue;
            if (!listed) co_return context.error(listed.error());
            list = std::move(*listed);
        }
        co_return answer(*request, object, list);
    }
    co_return slow_down("the object is replaced faster than it is read");
}

}  // namespace holdfast::s3
