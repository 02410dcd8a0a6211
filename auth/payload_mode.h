/// x-amz-content-sha256: what is signed about the body and how it is checked. source: spec auth
/// 1.5, P-03, P-33 to P-35, P-37, A-33. threads: any.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "auth/error.h"
#include "auth/verifier.h"

namespace holdfast::auth {

struct PayloadClaim {
    std::string_view signed_value;  ///< the last line of the canonical request
    PayloadMode mode = PayloadMode::unsigned_payload;
    std::string sha256;  ///< lower case, with single_hash
};

bool is_streaming(PayloadMode mode);

/// #17. errors: InvalidArgument, NotImplemented for ECDSA.
Result<PayloadClaim> parse_payload_mode(std::string_view value);

/// #16 to #17 of a header-signed request.
Result<PayloadClaim> payload_of_header_signed(const HeaderList& headers);

/// Of a presigned one. `in_query` is its X-Amz-Content-Sha256.
Result<PayloadClaim> payload_of_presigned(const HeaderList& headers,
                                          std::optional<std::string_view> in_query,
                                          bool header_is_signed);

/// Of an anonymous one: a hash still has to be right.
Result<PayloadClaim> payload_of_anonymous(const HeaderList& headers);

}  // namespace holdfast::auth
