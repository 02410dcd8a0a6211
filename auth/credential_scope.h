/// "<access key>/<date>/<region>/s3/aws4_request". source: spec auth 1.2 #5 to #9. threads: any.
#pragma once

#include <string>
#include <string_view>

#include "auth/error.h"

namespace holdfast::auth {

/// Views into the request.
struct CredentialScope {
    std::string_view whole;
    std::string_view access_key_id;
    std::string_view date;  ///< "20130524", a real date
    std::string_view region;
    std::string_view scope;  ///< whole without the access key
};

/// What is wrong with one. The header and the query answer with different codes.
struct ScopeFault {
    std::string text;
    bool wrong_region = false;
};

base::Expected<CredentialScope, ScopeFault> parse_credential_scope(std::string_view text,
                                                                   std::string_view region);

}  // namespace holdfast::auth
