/// x-amz-acl and x-amz-grant-*: their syntax, and what a bucket without ACLs says to them.
/// source: spec multipart 5.4 (ACL-01 to ACL-09), operations 7, 12. threads: any.
#pragma once

#include <string>
#include <vector>

#include "server/s3/context.h"

namespace holdfast::s3 {

struct AclHeaders {
    std::string canned;                  ///< empty: not given
    std::vector<records::Grant> grants;  ///< canonical ids and group uris
};

/// errors: InvalidArgument, InvalidRequest (both kinds at once), MethodNotAllowed and
/// UnresolvableGrantByEmailAddress (e-mail grantees).
Result<AclHeaders> parse_acl_headers(const Request& request, const Options& options);

/// ACL-09: every bucket has BucketOwnerEnforced, so that only the owner's full control may be said.
/// errors: AccessControlListNotSupported.
Result<base::Unit> check_acl_allowed(const AclHeaders& acl, const records::Bucket& bucket);

}  // namespace holdfast::s3
