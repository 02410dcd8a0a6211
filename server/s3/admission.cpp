#include "server/s3/admission.h"

#include <algorithm>

namespace holdfast::s3 {

namespace {

bool is_account_id(std::string_view text) {
    return text.size() == 12 &&
           std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

Result<base::Unit> check_owner(std::optional<std::string_view> expected,
                               const records::Bucket& bucket) {
    if (!expected) return base::Unit{};
    if (!is_account_id(*expected)) return S3Error(errors::invalid_bucket_owner);
    if (*expected != bucket.owner_account()) return S3Error(errors::access_denied);
    return base::Unit{};
}

}  // namespace

Result<base::Unit> admit_identity(const auth::Identity& identity, const Operation& operation) {
    if (!identity.anonymous()) return base::Unit{};
    if (operation.name == "CreateMultipartUpload")
        return S3Error(errors::access_denied,
                       "Anonymous users cannot initiate multipart uploads. Please authenticate.");
    if (operation.name == "CopyObject" || operation.name == "UploadPartCopy")
        return S3Error(errors::access_denied,
                       "Anonymous users cannot copy objects. Please authenticate.");
    if (operation.name == "CreateBucket" || operation.name == "PutBucketAcl" ||
        operation.name == "PutObjectAcl" || operation.name == "SelectObjectContent")
        return S3Error(errors::access_denied, "Anonymous users cannot invoke this API.");
    if (operation.handler == nullptr || !operation.needs_bucket)
        return S3Error(errors::access_denied);
    return base::Unit{};
}

Result<base::Unit> admit_owner(const Request& request, const records::Bucket& bucket) {
    return check_owner(request.header("x-amz-expected-bucket-owner"), bucket);
}

Result<base::Unit> admit_source_owner(const Request& request, const records::Bucket& bucket) {
    return check_owner(request.header("x-amz-source-expected-bucket-owner"), bucket);
}

Result<base::Unit> authorize(const auth::Identity& identity, const Operation& operation,
                             const Request& request, const records::Bucket& bucket) {
    const bool owner = identity.kind() == auth::Identity::Kind::root &&
                       identity.account_id() == bucket.owner_account();
    if (owner) return base::Unit{};
    S3Error denied(errors::access_denied);
    if (operation.actions != nullptr)
        for (const auto action : operation.actions(request))
            denied.cause.append(action).append(" ");
    if (operation.name == "HeadBucket")
        denied.headers.emplace_back("x-amz-bucket-region", bucket.region());
    return denied;
}

}  // namespace holdfast::s3
