#include "server/s3/object_properties.h"

#include <algorithm>

#include "model/limits.h"
#include "model/names.h"
#include "model/storage_class.h"
#include "server/s3/acl_headers.h"
#include "server/s3/object_encryption.h"
#include "server/s3/request_checks.h"

namespace holdfast::s3 {

namespace {

constexpr std::string_view meta_prefix = "x-amz-meta-";

Result<std::string> parse_storage_class(const Request& request) {
    const auto given = request.header("x-amz-storage-class");
    if (!given) return std::string("STANDARD");
    if (model::is_storage_class(*given)) return std::string(*given);
    return S3Error(errors::invalid_storage_class)
        .with("StorageClassRequested", std::string(*given));
}

/// MET-05, MET-06: names in lower case, repeated headers joined.
Result<base::Unit> parse_user_metadata(const Request& request, records::Properties& properties) {
    request.for_each_header([&](std::string_view name, std::string_view value) {
        if (name.substr(0, meta_prefix.size()) != meta_prefix) return;
        name.remove_prefix(meta_prefix.size());
        auto* items = properties.mutable_user_metadata();
        const auto known = std::find_if(items->begin(), items->end(),
                                        [&](const auto& item) { return item.name() == name; });
        if (known != items->end()) {
            known->mutable_value()->append(",").append(value);
            return;
        }
        auto* item = items->Add();
        item->set_name(std::string(name));
        item->set_value(std::string(value));
    });
    std::size_t bytes = 0;
    for (const auto& item : properties.user_metadata())
        bytes += item.name().size() + item.value().size();
    if (bytes <= model::user_metadata_bytes_max) return base::Unit{};
    return S3Error(errors::metadata_too_large)
        .with("Size", std::to_string(bytes))
        .with("MaxSizeAllowed", std::to_string(model::user_metadata_bytes_max));
}

/// Without the token aws-chunked, whatever stands around it (MET-02); nothing when nothing is left.
std::optional<std::string> stored_content_encoding(std::string_view sent) {
    std::string kept;
    std::size_t at = 0;
    bool removed = false;
    for (;;) {
        const auto comma = sent.find(',', at);
        auto token = sent.substr(at, comma - at);
        auto bare = token;
        while (!bare.empty() && (bare.front() == ' ' || bare.front() == '\t'))
            bare.remove_prefix(1);
        while (!bare.empty() && (bare.back() == ' ' || bare.back() == '\t')) bare.remove_suffix(1);
        if (to_lower(bare) == "aws-chunked") {
            removed = true;
        } else {
            if (!kept.empty()) kept.push_back(',');
            kept.append(removed && kept.empty() ? bare : token);
        }
        if (comma == std::string_view::npos) break;
        at = comma + 1;
    }
    if (kept.empty()) return std::nullopt;
    return kept;
}

/// MET-01 to MET-04: byte for byte.
void parse_content_headers(const Request& request, records::Properties& properties) {
    const auto type = request.header_with_value("content-type");
    properties.set_content_type(std::string(type.value_or("binary/octet-stream")));
    if (const auto v = request.header_with_value("cache-control"))
        properties.set_cache_control(std::string(*v));
    if (const auto v = request.header_with_value("content-disposition"))
        properties.set_content_disposition(std::string(*v));
    if (const auto v = request.header_with_value("content-language"))
        properties.set_content_language(std::string(*v));
    if (const auto v = request.header_with_value("expires"))
        properties.set_expires(std::string(*v));
    if (const auto v = request.header_with_value("content-encoding"))
        if (auto kept = stored_content_encoding(*v))
            properties.set_content_encoding(std::move(*kept));
}

Result<base::Unit> parse_redirect(const Request& request, records::Properties& properties) {
    constexpr std::string_view header = "x-amz-website-redirect-location";
    const auto location = request.header(header);
    if (!location) return base::Unit{};
    if (location->size() > model::redirect_location_bytes_max)
        return invalid_argument(header, *location, "The redirect location is too long.");
    const bool absolute =
        location->substr(0, 7) == "http://" || location->substr(0, 8) == "https://";
    if (!absolute && location->substr(0, 1) != "/")
        return S3Error(errors::invalid_redirect_location);
    properties.set_website_redirect_location(std::string(*location));
    return base::Unit{};
}

/// Tags that are none ("", "&&") are no tags (TAG-07).
bool names_tags(const Request& request) {
    const auto tagging = request.header("x-amz-tagging").value_or("");
    return std::any_of(tagging.begin(), tagging.end(), [](char c) { return c != '&'; });
}

/// A copy takes its tags from the source unless it says REPLACE; the header then means nothing.
bool tags_are_copied(const Request& request) {
    return request.header("x-amz-copy-source") &&
           request.header("x-amz-tagging-directive").value_or("COPY") == "COPY";
}

/// Known to S3 but not to this server: named, before anything happens.
Result<base::Unit> refuse_what_is_not_built(const Request& request) {
    if (names_tags(request) && !tags_are_copied(request))
        return not_implemented_header("x-amz-tagging");
    for (const std::string_view name :
         {"x-amz-object-lock-mode", "x-amz-object-lock-retain-until-date",
          "x-amz-object-lock-legal-hold", "x-amz-write-offset-bytes"})
        if (request.header(name)) return not_implemented_header(name);
    return base::Unit{};
}

enum class Metadata { of_request, of_source };

Result<records::Properties> parse(const Request& request, const Options& options,
                                  const records::Bucket& bucket, Metadata metadata) {
    records::Properties properties;
    auto storage_class = parse_storage_class(request);
    if (!storage_class) return std::move(storage_class).error();
    if (metadata == Metadata::of_request) {
        if (auto meta = parse_user_metadata(request, properties); !meta)
            return std::move(meta).error();
        parse_content_headers(request, properties);
    }
    properties.set_storage_class(std::move(*storage_class));
    auto acl = parse_acl_headers(request, options);
    if (!acl) return std::move(acl).error();
    if (auto sse = check_encryption_headers(request); !sse) return std::move(sse).error();
    if (auto redirect = parse_redirect(request, properties); !redirect)
        return std::move(redirect).error();
    if (auto built = refuse_what_is_not_built(request); !built) return std::move(built).error();
    if (auto allowed = check_acl_allowed(*acl, bucket); !allowed) return std::move(allowed).error();
    properties.set_owner(bucket.owner());
    properties.set_canned_acl(acl->canned);
    for (auto& grant : acl->grants) *properties.add_grants() = std::move(grant);
    return properties;
}

/// RFC 2047.
std::string encoded_word(std::string_view text) {
    std::string word = model::is_utf8(text) ? "=?UTF-8?B?" : "=?ISO-8859-1?B?";
    return word.append(base::to_base64(base::as_bytes(text))).append("?=");
}

bool is_printable_ascii(std::string_view text) {
    return std::all_of(text.begin(), text.end(), [](char c) { return c >= 0x20 && c < 0x7f; });
}

}  // namespace

Result<records::Properties> parse_properties(const Request& request, const Options& options,
                                             const records::Bucket& bucket) {
    return parse(request, options, bucket, Metadata::of_request);
}

Result<records::Properties> parse_copy_properties(const Request& request, const Options& options,
                                                  const records::Bucket& bucket) {
    return parse(request, options, bucket, Metadata::of_source);
}

void take_metadata(const records::Properties& source, records::Properties& properties) {
    properties.set_content_type(source.content_type());
    if (source.has_cache_control()) properties.set_cache_control(source.cache_control());
    if (source.has_content_disposition())
        properties.set_content_disposition(source.content_disposition());
    if (source.has_content_encoding()) properties.set_content_encoding(source.content_encoding());
    if (source.has_content_language()) properties.set_content_language(source.content_language());
    if (source.has_expires()) properties.set_expires(source.expires());
    *properties.mutable_user_metadata() = source.user_metadata();
    *properties.mutable_tags() = source.tags();
}

void set_property_headers(const records::Properties& properties, Response& response) {
    response.set("Content-Type", properties.content_type());
    if (properties.has_cache_control()) response.set("Cache-Control", properties.cache_control());
    if (properties.has_content_disposition())
        response.set("Content-Disposition", properties.content_disposition());
    if (properties.has_content_encoding())
        response.set("Content-Encoding", properties.content_encoding());
    if (properties.has_content_language())
        response.set("Content-Language", properties.content_language());
    if (properties.has_expires()) response.set("Expires", properties.expires());
    for (const auto& item : properties.user_metadata()) {
        std::string name(meta_prefix);
        name.append(item.name());
        if (is_printable_ascii(item.value())) {
            response.set(std::move(name), item.value());
        } else {
            // RFC 2047: what a header cannot carry goes as an encoded word (MET-05).
            response.set(std::move(name), encoded_word(item.value()));
        }
    }
    if (properties.storage_class() != "STANDARD")
        response.set("x-amz-storage-class", properties.storage_class());
    if (properties.has_website_redirect_location())
        response.set("x-amz-website-redirect-location", properties.website_redirect_location());
}

}  // namespace holdfast::s3
