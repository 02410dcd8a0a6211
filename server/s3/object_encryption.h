/// Server-side encryption as headers ask for it and as answers say it.
/// source: spec multipart 5.3 (ENC-02, ENC-05, ENC-11 to ENC-20, ENC-48, ENC-49, ENC-60). threads:
/// any.
#pragma once

#include "server/s3/context.h"
#include "storage/crypto/frames.h"

namespace holdfast::s3 {

/// What a write may say: nothing or AES256, which mean the same, SSE-S3 (ENC-02, ENC-05).
/// errors: NotImplemented naming the header of KMS and of customer keys, InvalidArgument.
Result<base::Unit> check_encryption_headers(const Request& request);

/// What a read may say: nothing, as every object has SSE-S3. errors: InvalidArgument (ENC-48),
/// InvalidRequest (ENC-49).
Result<base::Unit> check_no_encryption_headers(const Request& request);

/// A fresh data key for an object or upload, and the record that remembers it wrapped.
struct NewKey {
    storage::crypto::DataKey key;
    records::Encryption encryption;
};
NewKey make_sse_s3_key(catalog::Store& store, const std::string& bucket_id, const std::string& key);

/// The header that says how something is encrypted (ENC-60).
void set_encryption_headers(const records::Encryption& encryption, Response& response);

}  // namespace holdfast::s3
