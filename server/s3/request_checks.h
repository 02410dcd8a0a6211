/// Checks that are the same for every operation, and small readers of query and header values.
/// threads: any.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "server/s3/request.h"

namespace holdfast::s3 {

/// A header that may have one value only comes once (operations 2.3), and none that a presigned URL
/// carries in its query holds a control character (auth S-32). errors: InvalidArgument.
Result<base::Unit> check_header_values(const Request& request);

/// A text that can be sent as a header's value.
bool is_header_safe(std::string_view text);

/// A count or marker of a query: empty counts as absent; decimal digits up to 2^31-1.
/// errors: InvalidArgument naming it, with `message`.
Result<std::optional<std::uint32_t>> parse_query_number(const Request& request,
                                                        std::string_view name,
                                                        std::string_view message);

/// A page size: absent or empty is 1000, more acts as 1000 (LP-01, LMU-02, operations 5).
Result<std::uint32_t> parse_page_size(const Request& request, std::string_view name,
                                      std::string_view message);

/// Listing parameters never hold a NUL: no key does, and no document could show it.
/// errors: InvalidArgument.
Result<base::Unit> check_listing_texts(const Request& request);

/// encoding-type: nothing or "url". errors: InvalidArgument (LMU-06).
Result<bool> parse_url_encoding(const Request& request);

/// versionId of a bucket that never had versioning: absent or "null" names the object.
/// errors: InvalidArgument (malformed), NoSuchVersion (every other id).
Result<base::Unit> check_version_id(const Request& request);
Result<base::Unit> check_version_id(std::string_view version_id, std::string_view key);

/// Decimal digits only, no overflow.
std::optional<std::uint64_t> parse_decimal(std::string_view text);

std::string to_lower(std::string_view text);

}  // namespace holdfast::s3
