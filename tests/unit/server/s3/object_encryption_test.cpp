#include "server/s3/object_encryption.h"

#include "tests/catch.h"
#include "tests/unit/server/s3/requests.h"

using namespace holdfast::s3;
using namespace holdfast::s3::testing;

namespace {

const std::string sse = "x-amz-server-side-encryption";

Result<holdfast::base::Unit> checked(HeaderList headers) {
    return check_encryption_headers(with_headers(headers));
}

}  // namespace

TEST_CASE("encryption of a write: nothing and AES256 are the same (ENC-02, ENC-05)",
          "[s3][encryption]") {
    CHECK(checked({}).has_value());
    CHECK(checked({{sse, "AES256"}}).has_value());
}

TEST_CASE("encryption of a write: an unknown method (ENC-17)", "[s3][encryption]") {
    for (const char* method : {"", "aes256", "AES128", "aws:fsx", "aws:backup", "none"}) {
        const auto refused = checked({{sse, method}});
        INFO(method);
        CHECK(code_of(refused) == "InvalidArgument");
        CHECK(message_of(refused) == "The encryption method specified is not supported");
        CHECK(field(refused, "ArgumentName") == sse);
        CHECK(field(refused, "ArgumentValue") == method);
    }
}

TEST_CASE("encryption of a write: KMS parameters without KMS (ENC-18)", "[s3][encryption]") {
    for (const char* name : {"-aws-kms-key-id", "-context"}) {
        const auto absent = checked({{sse + name, "x"}});
        CHECK(code_of(absent) == "InvalidArgument");
        CHECK(field(absent, "ArgumentName") == sse);
        CHECK(field(absent, "ArgumentValue") == std::nullopt);
        CHECK(message_of(absent) ==
              "Server Side Encryption with AWS KMS managed key requires HTTP header "
              "x-amz-server-side-encryption : aws:kms");
        CHECK(field(checked({{sse, "AES256"}, {sse + name, "x"}}), "ArgumentValue") == "AES256");
    }
}

TEST_CASE(
    "encryption of a write: the bucket key flag is a truth, and has no effect without KMS "
    "(ENC-19, ENC-20)",
    "[s3][encryption]") {
    const std::string flag = sse + "-bucket-key-enabled";
    for (const char* value : {"true", "false", "True", "FALSE"})
        CHECK(checked({{flag, value}}).has_value());
    for (const char* value : {"", "yes", "1"}) {
        const auto refused = checked({{flag, value}});
        CHECK(code_of(refused) == "InvalidArgument");
        CHECK(field(refused, "ArgumentName") == flag);
        CHECK(field(refused, "ArgumentValue") == value);
    }
}

TEST_CASE("encryption of a write: what is not built is named (ENC-03, ENC-11 to ENC-16)",
          "[s3][encryption]") {
    for (const char* method : {"aws:kms", "aws:kms:dsse"}) {
        const auto refused = checked({{sse, method}, {sse + "-aws-kms-key-id", "k"}});
        CHECK(code_of(refused) == "NotImplemented");
        CHECK(field(refused, "Header") == sse);
    }
    for (const char* name : {"-customer-algorithm", "-customer-key", "-customer-key-md5"}) {
        CHECK(field(checked({{sse + name, "AES256"}}), "Header") == sse + name);
        CHECK(code_of(checked({{sse, "AES256"}, {sse + name, ""}})) == "NotImplemented");
    }
    const auto unknown = checked({{sse + "-future", "x"}});
    CHECK(code_of(unknown) == "NotImplemented");
    CHECK(field(unknown, "Header") == sse + "-future");
}

TEST_CASE("encryption of a read: the method cannot be said (ENC-48)", "[s3][encryption]") {
    CHECK(check_no_encryption_headers(with_headers({})).has_value());
    const auto refused = check_no_encryption_headers(with_headers({{sse, "AES256"}}));
    CHECK(code_of(refused) == "InvalidArgument");
    CHECK(field(refused, "ArgumentName") == sse);
    CHECK(field(refused, "ArgumentValue") == "AES256");
}

TEST_CASE("encryption of a read: a customer key does not apply (ENC-49)", "[s3][encryption]") {
    CHECK(code_of(check_no_encryption_headers(
              with_headers({{sse + "-customer-algorithm", "AES256"}}))) == "InvalidRequest");
}

TEST_CASE("encryption of an answer: SSE-S3 says AES256 (ENC-60)", "[s3][encryption]") {
    records::Encryption encryption;
    Response silent;
    set_encryption_headers(encryption, silent);
    CHECK(silent.headers.empty());
    encryption.set_kind(records::Encryption::SSE_S3);
    Response response;
    set_encryption_headers(encryption, response);
    CHECK(header_of(response.headers, sse) == "AES256");
}
