/// Which headers a signature covers, and which it must. source: spec auth C-09, P-01 to P-08.
/// threads: any.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "auth/verifier.h"

namespace holdfast::auth {

struct SignedHeaders {
    std::vector<std::string_view> names;  ///< sorted by byte
    /// Not empty, each a lower-case token, none twice (C-09).
    bool well_formed = false;

    [[nodiscard]] bool has(std::string_view name) const;
};

/// `text` is "host;x-amz-date".
SignedHeaders parse_signed_headers(std::string_view text);

/// The headers that must be signed and are not, "a, b" in arrival order; empty when all are.
std::string unsigned_headers(const HeaderList& headers, const SignedHeaders& signed_headers,
                             const std::vector<std::string>& ignored, bool presigned);

}  // namespace holdfast::auth
