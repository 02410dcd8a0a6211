/// Comparing a signature with ours, and the answer when they differ. source: spec auth 1.2 #21,
/// A-10, K-08, S-37. threads: any.
#pragma once

#include <string_view>

#include "auth/error.h"
#include "auth/hashing.h"

namespace holdfast::auth {

/// `provided` is 64 lower-case hexadecimal digits and says the same bytes. In constant time.
bool signature_matches(std::string_view provided, const Hash& ours);

/// Only what came from the request, never what would have been right.
struct MismatchDetails {
    std::string_view access_key_id;  ///< empty: left out
    std::string_view string_to_sign;
    std::string_view signature_provided;
    std::string_view canonical_request;  ///< empty: left out
};
AuthError signature_mismatch(const MismatchDetails& details);

}  // namespace holdfast::auth
