#include "model/timestamp.h"
#include "model/uri.h"
#include "server/s3/multipart.h"
#include "server/s3/operations/operations.h"
#include "server/s3/request_checks.h"
#include "storage/catalog/listing.h"

namespace holdfast::s3 {

namespace {

struct ListUploadsRequest {
    std::string prefix;
    std::string delimiter;
    std::string key_marker;
    std::string upload_id_marker;
    std::uint32_t uploads_max = 0;
    bool url_encoding = false;

    static Result<ListUploadsRequest> parse(const Request& request) {
        ListUploadsRequest list;
        if (auto texts = check_listing_texts(request); !texts) return std::move(texts).error();
        auto uploads_max =
            parse_page_size(request, "max-uploads",
                            "Argument max-uploads must be an integer between 0 and 2147483647");
        if (!uploads_max) return std::move(uploads_max).error();
        list.uploads_max = *uploads_max;
        auto encoding = parse_url_encoding(request);
        if (!encoding) return std::move(encoding).error();
        list.url_encoding = *encoding;
        list.prefix = request.query("prefix").value_or("");
        list.delimiter = request.query("delimiter").value_or("");
        list.key_marker = request.query("key-marker").value_or("");
        // LMU-04: without a key it has no meaning.
        if (!list.key_marker.empty())
            list.upload_id_marker = request.query("upload-id-marker").value_or("");
        return list;
    }

    [[nodiscard]] std::string shown(std::string_view name) const {
        return url_encoding ? model::percent_encode(name, "/") : std::string(name);
    }
};

/// LMU-05: it names an upload of the key, or one that lately was.
base::Awaitable<Result<base::Unit>> check_upload_marker(Context& context,
                                                        const ListUploadsRequest& request) {
    if (request.upload_id_marker.empty()) co_return base::Unit{};
    catalog::UploadKey upload;
    upload.bucket_id = context.bucket->id();
    upload.key = request.key_marker;
    upload.upload_id = request.upload_id_marker;
    if (model::UploadId::parse(upload.upload_id)) {
        auto found = co_await context.services.uploads.find(upload);
        if (found) co_return base::Unit{};
        if (found.error().kind != catalog::CatalogError::Kind::no_such_upload)
            co_return context.error(found.error());
        auto ended = co_await context.services.uploads.ended(upload);
        if (!ended) co_return context.error(ended.error());
        if (*ended) co_return base::Unit{};
    }
    co_return invalid_argument("upload-id-marker", request.upload_id_marker,
                               "Invalid uploadId marker");
}

/// LMU-10, LMU-11: where the next page begins.
struct NextMarkers {
    std::string key;
    std::string upload_id;
};
NextMarkers next_markers(const catalog::UploadListing& listing) {
    if (listing.entries.empty()) return {};
    const auto& last = listing.entries.back();
    if (!last.upload_id.empty()) return {last.name, last.upload_id};
    if (listing.truncated) return {last.name, {}};
    for (auto entry = listing.entries.rbegin(); entry != listing.entries.rend(); ++entry)
        if (!entry->upload_id.empty()) return {entry->name, entry->upload_id};
    return {};
}

void write_upload(const Context& context, const ListUploadsRequest& request,
                  const catalog::ListedUpload& entry, XmlWriter& xml) {
    xml.open("Upload");
    xml.element("Key", request.shown(entry.name));
    xml.element("UploadId", entry.upload_id);
    write_upload_owner(context, entry.upload, xml);
    const base::WallTime initiated{std::chrono::milliseconds(entry.upload.initiated_ms())};
    xml.element("Initiated", model::to_xml_date(initiated));
    write_upload_checksum(entry.upload, xml);
    xml.close();
}

std::string document(const Context& context, const ListUploadsRequest& request,
                     const catalog::UploadListing& listing) {
    const auto next = next_markers(listing);
    XmlWriter xml;
    xml.open_root("ListMultipartUploadsResult");
    xml.element("Bucket", context.bucket->name());
    xml.element("KeyMarker", request.shown(request.key_marker));
    xml.element("UploadIdMarker", request.upload_id_marker);
    xml.element("NextKeyMarker", request.shown(next.key));
    xml.element("NextUploadIdMarker", next.upload_id);
    if (!request.delimiter.empty()) xml.element("Delimiter", request.shown(request.delimiter));
    if (!request.prefix.empty()) xml.element("Prefix", request.shown(request.prefix));
    if (request.url_encoding) xml.element("EncodingType", "url");
    xml.element("MaxUploads", std::uint64_t{request.uploads_max});
    xml.element("IsTruncated", listing.truncated);
    for (const auto& entry : listing.entries)
        if (!entry.upload_id.empty()) write_upload(context, request, entry, xml);
    for (const auto& entry : listing.entries) {
        if (!entry.upload_id.empty()) continue;
        xml.open("CommonPrefixes");
        xml.element("Prefix", request.shown(entry.name));
        xml.close();
    }
    xml.close();
    return std::move(xml).finish();
}

}  // namespace

Reply list_multipart_uploads(Context& context) {
    auto request = ListUploadsRequest::parse(context.request);
    if (!request) co_return std::move(request).error();
    auto marker = co_await check_upload_marker(context, *request);
    if (!marker) co_return std::move(marker).error();
    catalog::UploadListing listing;
    if (request->uploads_max > 0) {
        catalog::UploadListQuery query;
        query.keys.prefix = request->prefix;
        query.keys.delimiter = request->delimiter;
        query.keys.after = request->key_marker;
        query.keys.limit = request->uploads_max;
        query.after_upload_id = request->upload_id_marker;
        auto listed = co_await catalog::list_uploads(context.services.store, context.bucket->id(),
                                                     std::move(query));
        if (!listed) co_return context.error(listed.error());
        listing = std::move(*listed);
    }
    co_return xml_response(document(context, *request, listing));
}

}  // namespace holdfast::s3
