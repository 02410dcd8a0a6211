/// Why a request was not let in: the S3 code of spec auth 1.12 with its extra elements.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "base/result.h"

namespace holdfast::auth {

enum class AuthCode {
    access_denied,
    authorization_header_malformed,
    authorization_query_parameters_error,
    bad_digest,
    entity_too_large,
    expired_token,
    incomplete_body,
    invalid_access_key_id,
    invalid_argument,
    invalid_chunk_size_error,
    invalid_request,
    invalid_token,
    invalid_uri,
    malformed_trailer_error,
    missing_content_length,
    not_implemented,
    request_time_too_skewed,
    signature_does_not_match,
};

struct AuthError {
    AuthCode code = AuthCode::access_denied;
    std::string message;                                      ///< empty: the code's usual text
    std::vector<std::pair<std::string, std::string>> fields;  ///< extra XML elements, in order
};

template <class T>
using Result = base::Expected<T, AuthError>;

}  // namespace holdfast::auth
