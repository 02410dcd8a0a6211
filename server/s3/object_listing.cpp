#include "server/s3/object_listing.h"

#include "model/timestamp.h"
#include "model/uri.h"
#include "server/s3/request_checks.h"
#include "server/s3/stored_checksum.h"

namespace holdfast::s3 {

namespace {

/// Nothing can be restored yet, so that there is never a status to show; other names are unknown.
Result<base::Unit> check_optional_attributes(const Request& request) {
    constexpr std::string_view header = "x-amz-optional-object-attributes";
    const auto value = request.header_with_value(header);
    if (!value || *value == "RestoreStatus") return base::Unit{};
    return invalid_argument(header, *value, "Invalid attribute name specified");
}

void write_contents(const Context& context, const ListingParameters& parameters,
                    const catalog::ListedObject& entry, WithOwner owner, XmlWriter& xml) {
    const auto& object = *entry.object;
    xml.open("Contents");
    xml.element("Key", parameters.shown(entry.name));
    const base::WallTime modified{std::chrono::milliseconds(object.last_modified_ms())};
    xml.element("LastModified", model::to_xml_date(modified));
    xml.element("ETag", "\"" + object.etag() + "\"");
    if (object.has_checksum()) {
        xml.element("ChecksumAlgorithm", model::name(algorithm_of(object.checksum())));
        xml.element("ChecksumType", model::name(type_of(object.checksum())));
    }
    xml.element("Size", object.size());
    xml.element("StorageClass", object.properties().storage_class());
    if (owner == WithOwner::yes) write_owner(context, object.properties().owner(), xml);
    xml.close();
}

}  // namespace

Result<ListingParameters> ListingParameters::parse(const Request& request) {
    ListingParameters parameters;
    if (auto texts = check_listing_texts(request); !texts) return std::move(texts).error();
    auto keys_max = parse_page_size(request, "max-keys",
                                    "Provided max-keys not an integer or within integer range");
    if (!keys_max) return std::move(keys_max).error();
    parameters.keys_max = *keys_max;
    auto encoding = parse_url_encoding(request);
    if (!encoding) return std::move(encoding).error();
    parameters.url_encoding = *encoding;
    if (auto attributes = check_optional_attributes(request); !attributes)
        return std::move(attributes).error();
    parameters.prefix = request.query("prefix").value_or("");
    parameters.delimiter = request.query("delimiter").value_or("");
    return parameters;
}

std::string ListingParameters::shown(std::string_view name) const {
    return url_encoding ? model::percent_encode(name, "/") : std::string(name);
}

base::Awaitable<Result<catalog::ObjectListing>> list_page(Context& context,
                                                          const ListingParameters& parameters,
                                                          std::string after) {
    if (parameters.keys_max == 0) co_return catalog::ObjectListing{};
    catalog::ListQuery query;
    query.prefix = parameters.prefix;
    query.delimiter = parameters.delimiter;
    query.after = std::move(after);
    query.limit = parameters.keys_max;
    auto listed = co_await catalog::list_objects(context.services.store, context.bucket->id(),
                                                 std::move(query));
    if (!listed) co_return context.error(listed.error());
    co_return std::move(*listed);
}

void write_listing_parameters(const ListingParameters& parameters, bool truncated, XmlWriter& xml) {
    xml.element("MaxKeys", std::uint64_t{parameters.keys_max});
    if (!parameters.delimiter.empty())
        xml.element("Delimiter", parameters.shown(parameters.delimiter));
    if (parameters.url_encoding) xml.element("EncodingType", "url");
    xml.element("IsTruncated", truncated);
}

void write_entries(const Context& context, const ListingParameters& parameters,
                   const catalog::ObjectListing& listing, WithOwner owner, XmlWriter& xml) {
    for (const auto& entry : listing.entries)
        if (entry.object) write_contents(context, parameters, entry, owner, xml);
    for (const auto& entry : listing.entries) {
        if (entry.object) continue;
        xml.open("CommonPrefixes");
        xml.element("Prefix", parameters.shown(entry.name));
        xml.close();
    }
}

void write_owner(const Context& context, std::string_view canonical_id, XmlWriter& xml) {
    const auto& root = context.services.options.root;
    xml.open("Owner");
    xml.element("ID", canonical_id);
    if (canonical_id == root.canonical_id) xml.element("DisplayName", root.display_name);
    xml.close();
}

}  // namespace holdfast::s3
