/// What ListObjects and ListObjectsV2 share: parameters and entries. source: spec operations 5.
/// threads: any.
#pragma once

#include "server/s3/context.h"
#include "server/s3/xml_writer.h"
#include "storage/catalog/listing.h"

namespace holdfast::s3 {

struct ListingParameters {
    std::string prefix;
    std::string delimiter;
    std::uint32_t keys_max = 0;
    bool url_encoding = false;

    /// errors: InvalidArgument.
    static Result<ListingParameters> parse(const Request& request);

    /// A name as the answer says it: percent-encoded when that was asked for.
    [[nodiscard]] std::string shown(std::string_view name) const;
};

enum class WithOwner { yes, no };

/// Nothing is listed for a page of no keys (operations 5, "max-keys").
base::Awaitable<Result<catalog::ObjectListing>> list_page(Context& context,
                                                          const ListingParameters& parameters,
                                                          std::string after);

/// MaxKeys, Delimiter, EncodingType, IsTruncated.
void write_listing_parameters(const ListingParameters& parameters, bool truncated, XmlWriter& xml);
/// Contents, then CommonPrefixes.
void write_entries(const Context& context, const ListingParameters& parameters,
                   const catalog::ObjectListing& listing, WithOwner owner, XmlWriter& xml);

void write_owner(const Context& context, std::string_view canonical_id, XmlWriter& xml);

}  // namespace holdfast::s3
