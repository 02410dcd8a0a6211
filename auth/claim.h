/// What a request says about its own signature, in whichever place it says it. threads: any.
#pragma once

#include <string>
#include <string_view>

#include "auth/credential_scope.h"

namespace holdfast::auth {

/// Views into the request.
struct Claim {
    CredentialScope credential;
    std::string timestamp;  ///< ISO basic, as it goes into the string to sign
    std::string_view signed_headers;
    std::string_view signature;
    bool presigned = false;
};

}  // namespace holdfast::auth
