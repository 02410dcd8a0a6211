/// The text a SigV4 signature is made over, from a request as it was sent. source: spec auth 1.3.
/// threads: any.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "auth/verifier.h"
#include "model/uri.h"

namespace holdfast::auth {

/// C-06: every "%" is followed by two hexadecimal digits.
bool escapes_are_valid(std::string_view text);

/// C-01 to C-05, C-07, C-19. REQUIRES: escapes_are_valid(raw_path).
void append_canonical_path(std::string& to, std::string_view raw_path);

/// C-08. With `presigned` the signature itself is left out.
void append_canonical_query(std::string& to, std::span<const model::QueryItem> items,
                            bool presigned);

/// C-09 to C-11, C-16: one line for each name. A name the request has no header for gets an empty
/// value. REQUIRES: `names` is sorted.
void append_canonical_headers(std::string& to, const HeaderList& headers,
                              std::span<const std::string_view> names);

/// The whole of it, from a query decoded before. REQUIRES: as above.
std::string canonical_request(const SignedRequest& request, std::span<const model::QueryItem> query,
                              std::span<const std::string_view> sorted_names,
                              std::string_view payload_hash, bool presigned);

}  // namespace holdfast::auth
