/// The security parameters of a presigned URL and what else its query says in place of headers.
/// source: spec auth 1.6. threads: any.
#pragma once

#include <array>
#include <optional>
#include <span>
#include <string_view>

#include "auth/claim.h"
#include "auth/error.h"
#include "auth/security_parameters.h"
#include "auth/verifier.h"
#include "model/uri.h"

namespace holdfast::auth {

struct PresignedQuery {
    std::array<std::optional<std::string_view>, security_parameters> values;

    [[nodiscard]] std::optional<std::string_view> find(SecurityParameter parameter) const {
        return values[static_cast<std::size_t>(parameter)];
    }
};

/// P-20, P-21.
Result<PresignedQuery> read_presigned_query(std::span<const model::QueryItem> query);

/// P-22 to P-31.
Result<Claim> check_presigned_query(const PresignedQuery& query, std::string_view region,
                                    base::WallTime now);

/// P-36, P-37: x-amz-* parameters that act as headers. One that is sent as a header as well is left
/// out.
Result<HeaderList> hoisted_headers(std::span<const model::QueryItem> query,
                                   const HeaderList& headers);

}  // namespace holdfast::auth
