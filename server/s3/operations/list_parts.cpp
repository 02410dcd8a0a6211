#include "model/timestamp.h"
#include "server/s3/multipart.h"
#include "server/s3/operations/operations.h"
#include "server/s3/request_checks.h"
#include "server/s3/stored_checksum.h"

namespace holdfast::s3 {

namespace {

struct ListPartsRequest {
    std::uint32_t parts_max = 0;
    std::uint32_t marker = 0;

    static Result<ListPartsRequest> parse(const Request& request) {
        ListPartsRequest list;
        auto parts_max = parse_page_size(
            request, "max-parts", "Argument max-parts must be an integer between 0 and 2147483647");
        if (!parts_max) return std::move(parts_max).error();
        list.parts_max = *parts_max;
        auto marker = parse_query_number(
            request, "part-number-marker",
            "Argument part-number-marker must be an integer between 0 and 2147483647");
        if (!marker) return std::move(marker).error();
        list.marker = marker->value_or(0);
        return list;
    }
};

void write_part(const records::Part& part, XmlWriter& xml) {
    xml.open("Part");
    xml.element("PartNumber", std::uint64_t{part.number()});
    const base::WallTime modified{std::chrono::milliseconds(part.last_modified_ms())};
    xml.element("LastModified", model::to_xml_date(modified));
    xml.element("ETag", "\"" + base::to_hex(base::as_bytes(part.md5())) + "\"");
    xml.element("Size", part.body().plain_bytes());
    if (part.has_checksum())
        xml.element(checksum_element(algorithm_of(part.checksum())), digest_text(part.checksum()));
    xml.close();
}

std::string document(const Context& context, const ListPartsRequest& request,
                     const records::Upload& upload, const catalog::PartPage& page) {
    XmlWriter xml;
    xml.open_root("ListPartsResult");
    xml.element("Bucket", context.bucket->name());
    xml.element("Key", context.key());
    xml.element("UploadId", context.request.query("uploadId").value_or(""));
    write_upload_owner(context, upload, xml);
    xml.element("PartNumberMarker", std::uint64_t{request.marker});
    const auto next = page.parts.empty() ? 0 : page.parts.back().number();
    xml.element("NextPartNumberMarker", std::uint64_t{next});
    xml.element("MaxParts", std::uint64_t{request.parts_max});
    xml.element("IsTruncated", page.more);
    write_upload_checksum(upload, xml);
    for (const auto& part : page.parts) write_part(part, xml);
    xml.close();
    return std::move(xml).finish();
}

}  // namespace

Reply list_parts(Context& context) {
    auto request = ListPartsRequest::parse(context.request);
    if (!request) co_return std::move(request).error();
    auto upload = co_await find_upload(context);
    if (!upload) co_return std::move(upload).error();
    if (auto key = check_no_customer_key(context.request); !key) co_return std::move(key).error();
    catalog::PartPage page;
    if (request->parts_max > 0) {
        const auto named = upload_key(context);
        auto listed = co_await context.services.uploads.list_parts(named, request->marker,
                                                                   request->parts_max);
        if (!listed) co_return context.error(listed.error());
        page = std::move(*listed);
    }
    co_return xml_response(document(context, *request, upload->record, page));
}

}  // namespace holdfast::s3
