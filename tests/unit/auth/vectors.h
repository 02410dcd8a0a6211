/// The vectors T1 to T15 of spec auth 1.13 that are requests.
#pragma once

#include <string>
#include <vector>

#include "tests/unit/auth/requests.h"

namespace holdfast::auth::testing {

struct Vector {
    std::string name;
    Request request;  ///< without its signature
    std::vector<std::string> unsigned_names;
    std::string payload_hash;
    std::string canonical_sha256;
    std::string signature;
    bool presigned = false;
    bool has_token = false;  ///< the verifier knows no tokens
};

std::vector<Vector> request_vectors();

/// The request with the vector's own signature, not one made here.
Request as_sent(const Vector& vector);
std::vector<std::string> signed_names(const Vector& vector);

}  // namespace holdfast::auth::testing
