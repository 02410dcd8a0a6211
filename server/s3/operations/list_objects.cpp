#include "server/s3/object_listing.h"
#include "server/s3/operations/operations.h"

namespace holdfast::s3 {

Reply list_objects(Context& context) {
    auto parameters = ListingParameters::parse(context.request);
    if (!parameters) co_return std::move(parameters).error();
    const std::string marker(context.request.query("marker").value_or(""));
    auto listing = co_await list_page(context, *parameters, marker);
    if (!listing) co_return std::move(listing).error();

    XmlWriter xml;
    xml.open_root("ListBucketResult");
    xml.element("Name", context.bucket->name());
    xml.element("Prefix", parameters->shown(parameters->prefix));
    xml.element("Marker", parameters->shown(marker));
    if (listing->truncated && !parameters->delimiter.empty())
        xml.element("NextMarker", parameters->shown(listing->entries.back().name));
    write_listing_parameters(*parameters, listing->truncated, xml);
    write_entries(context, *parameters, *listing, WithOwner::yes, xml);
    xml.close();
    co_return xml_response(std::move(xml).finish());
}

}  // namespace holdfast::s3
