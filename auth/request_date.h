/// When a header-signed request was signed. source: spec auth 1.2 #10 to #13. threads: any.
#pragma once

#include <string_view>

#include "auth/claim.h"
#include "auth/error.h"
#include "auth/verifier.h"

namespace holdfast::auth {

/// "2026-11-24T10:00:00Z": as times appear in error elements.
std::string to_error_date(base::WallTime time);

/// Puts the timestamp into the claim. errors: AccessDenied, AuthorizationHeaderMalformed,
/// RequestTimeTooSkewed.
Result<void> read_request_date(Claim& claim, const HeaderList& headers, base::WallTime now);

}  // namespace holdfast::auth
