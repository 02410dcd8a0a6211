#include "server/s3/admission.h"

#include "tests/catch.h"
#include "tests/unit/auth/requests.h"
#include "tests/unit/server/s3/requests.h"

using namespace holdfast;
using namespace holdfast::s3;
using namespace holdfast::s3::testing;

namespace {

constexpr const char* owner_account = "123456789012";

records::Bucket a_bucket() {
    records::Bucket bucket;
    bucket.set_owner_account(owner_account);
    return bucket;
}

const Operation& row_of(std::string_view name) {
    for (const auto& row : operations())
        if (row.name == name) return row;
    FAIL("no such operation: " << name);
    return operations().front();
}

/// Only the verifier makes identities.
auth::Identity anonymous() {
    auto request = auth::testing::a_request();
    request.remove("x-amz-date").remove("x-amz-content-sha256");
    return auth::testing::Bench().verify(request)->identity;
}

auth::Identity root() {
    return auth::testing::Bench()
        .verify(auth::testing::signed_by_header(auth::testing::a_request()))
        ->identity;
}

}  // namespace

TEST_CASE("admission: what no bucket can allow anonymously, each with its words (A-31, ORD-03)",
          "[s3][admission]") {
    const auto said = [](std::string_view operation) {
        const auto refused = admit_identity(anonymous(), row_of(operation));
        CHECK(code_of(refused) == "AccessDenied");
        return message_of(refused);
    };
    CHECK(said("CreateMultipartUpload") ==
          "Anonymous users cannot initiate multipart uploads. Please authenticate.");
    for (const char* name : {"CopyObject", "UploadPartCopy"})
        CHECK(said(name) == "Anonymous users cannot copy objects. Please authenticate.");
    for (const char* name : {"CreateBucket", "PutBucketAcl", "PutObjectAcl", "SelectObjectContent"})
        CHECK(said(name) == "Anonymous users cannot invoke this API.");
    for (const char* name : {"ListBuckets", "GetObjectAcl", "PutBucketPolicy"})
        CHECK(said(name) == "Access Denied");
    // Whether the bucket exists is told first (ORD-04); then the bucket does not allow them either.
    for (const char* name : {"GetObject", "PutObject", "DeleteObjects", "HeadBucket"})
        CHECK(admit_identity(anonymous(), row_of(name)).has_value());
    for (const auto& row : operations()) CHECK(admit_identity(root(), row).has_value());
}

TEST_CASE("admission: the expected owner of the bucket (GEN-04)", "[s3][admission]") {
    const auto answer = [](const char* header, const char* value) {
        const auto request = with_headers({{header, value}});
        return std::pair(code_of(admit_owner(request, a_bucket())),
                         code_of(admit_source_owner(request, a_bucket())));
    };
    using Codes = std::pair<std::string, std::string>;
    const char* owner = "x-amz-expected-bucket-owner";
    const char* source = "x-amz-source-expected-bucket-owner";
    CHECK(answer("x-other", "1") == Codes{"", ""});
    CHECK(answer(owner, owner_account) == Codes{"", ""});
    CHECK(answer(owner, "999999999999") == Codes{"AccessDenied", ""});
    CHECK(answer(source, owner_account) == Codes{"", ""});
    CHECK(answer(source, "999999999999") == Codes{"", "AccessDenied"});
    for (const char* bad : {"", "12345678901", "1234567890123", "12345678901x", "123456789012 "}) {
        INFO(bad);
        CHECK(answer(owner, bad) == Codes{"InvalidBucketOwnerAWSAccountID", ""});
        CHECK(answer(source, bad) == Codes{"", "InvalidBucketOwnerAWSAccountID"});
    }
}

TEST_CASE("admission: the owner's account may do everything, others nothing (ORD-06)",
          "[s3][admission]") {
    const Parsed request("GET", "/bucket/key");
    const auto& row = row_of("GetObject");
    CHECK(authorize(root(), row, request, a_bucket()).has_value());
    CHECK(code_of(authorize(anonymous(), row, request, a_bucket())) == "AccessDenied");
    records::Bucket other;
    other.set_owner_account("999999999999");
    const auto refused = authorize(root(), row, request, other);
    CHECK(code_of(refused) == "AccessDenied");
    CHECK(refused.error().cause.find("s3:GetObject") != std::string::npos);
    CHECK(message_of(refused) == "Access Denied");
}
