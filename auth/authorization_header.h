/// "Authorization: AWS4-HMAC-SHA256 Credential=..., SignedHeaders=..., Signature=...".
/// source: spec auth 1.2 #3 to #9. threads: any.
#pragma once

#include <string_view>

#include "auth/claim.h"
#include "auth/error.h"

namespace holdfast::auth {

/// The claim has no timestamp yet. `text` is what follows the
/// algorithm's name.
Result<Claim> parse_authorization(std::string_view text, std::string_view region);

}  // namespace holdfast::auth
