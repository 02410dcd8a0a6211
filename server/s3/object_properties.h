/// What a client says about an object when it creates it: headers of PutObject,
/// CreateMultipartUpload and CopyObject, and how GET and HEAD say it again.
/// source: spec multipart 5.2, 5.4 to 5.7; operations 7. threads: any.
#pragma once

#include "server/s3/context.h"

namespace holdfast::s3 {

/// Checks in the order of CMU-01, up to and with object lock's syntax, then ACL-09. The encryption
/// is left to the caller. errors: those of the rules; NotImplemented naming tags, locks, customer
/// keys and KMS.
Result<records::Properties> parse_properties(const Request& request, const Options& options,
                                             const records::Bucket& bucket);

/// As parse_properties, but leaves content headers and user metadata to the source (CopyObject's
/// metadata directive COPY): take_metadata() fills them in once it is found.
Result<records::Properties> parse_copy_properties(const Request& request, const Options& options,
                                                  const records::Bucket& bucket);
/// What a copy takes over (operations 10): never ACL, redirect, storage class, lock or encryption.
void take_metadata(const records::Properties& source, records::Properties& properties);

/// Content headers, user metadata, storage class and redirect of an answer to GET or HEAD.
void set_property_headers(const records::Properties& properties, Response& response);

}  // namespace holdfast::s3
