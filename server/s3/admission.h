/// Whether a verified request may go on, before anybody looks at its parameters' syntax.
/// source: spec multipart ORD-03 to ORD-06, GEN-04, GEN-05; auth 1.9, 2.3. threads: any.
#pragma once

#include "server/s3/context.h"
#include "server/s3/operation.h"

namespace holdfast::s3 {

/// what is never allowed without credentials, whatever a bucket says, with the words AWS has
/// for it; and what no bucket could allow.
Result<base::Unit> admit_identity(const auth::Identity& identity, const Operation& operation);

/// x-amz-expected-bucket-owner of the request's bucket. errors: InvalidBucketOwnerAWSAccountID,
/// AccessDenied.
Result<base::Unit> admit_owner(const Request& request, const records::Bucket& bucket);

/// The same for the bucket a copy reads from (x-amz-source-expected-bucket-owner).
Result<base::Unit> admit_source_owner(const Request& request, const records::Bucket& bucket);

/// The identity against the bucket: the owner's account may do everything the operation needs.
Result<base::Unit> authorize(const auth::Identity& identity, const Operation& operation,
                             const Request& request, const records::Bucket& bucket);

}  // namespace holdfast::s3
