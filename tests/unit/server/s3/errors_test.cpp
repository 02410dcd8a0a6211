#include "server/s3/errors.h"

#include "tests/catch.h"
#include "tests/unit/server/s3/requests.h"

using namespace holdfast;
using namespace holdfast::s3;
using namespace holdfast::s3::testing;

TEST_CASE("error_document: code, message, extra elements, ids (GEN-01, operations 3.1)",
          "[s3][errors]") {
    const auto error = no_such_key("a<b>\r");
    CHECK(error_document(error, "/bucket/a%3Cb%3E%0D", "REQUEST", "HOST") ==
          "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
          "<Error><Code>NoSuchKey</Code><Message>The specified key does not exist.</Message>"
          "<Key>a&lt;b&gt;&#13;</Key><Resource>/bucket/a%3Cb%3E%0D</Resource>"
          "<RequestId>REQUEST</RequestId><HostId>HOST</HostId></Error>");
}

TEST_CASE("errors: what was sent is named in the extra elements (operations 3.1)", "[s3][errors]") {
    CHECK(field(no_such_bucket("b"), "BucketName") == "b");
    CHECK(field(no_such_upload("u"), "UploadId") == "u");
    CHECK(field(precondition_failed("If-Match"), "Condition") == "If-Match");
    CHECK(field(not_implemented_query("torrent"), "Query") == "torrent");
    const auto header = not_implemented_header("x-amz-tagging", "why");
    CHECK(field(header, "Header") == "x-amz-tagging");
    CHECK(field(header, "additionalMessage") == "why");
    const auto argument = invalid_argument("name", std::nullopt, "no");
    CHECK(field(argument, "ArgumentName") == "name");
    CHECK(field(argument, "ArgumentValue") == std::nullopt);
    const auto method = method_not_allowed("PUT", "BUCKET", "GET");
    CHECK(field(method, "Method") == "PUT");
    CHECK(field(method, "ResourceType") == "BUCKET");
    CHECK(header_of(method.headers, "Allow") == "GET");
}

TEST_CASE("errors: storage says what happened, here it gets its code", "[s3][errors]") {
    using Kind = storage::StorageError::Kind;
    const auto mapped = [](Kind kind) {
        storage::StorageError error;
        error.kind = kind;
        error.detail = "the detail";
        const auto answer = from_storage(error);
        CHECK(answer.cause == "the detail");
        CHECK(answer.message.find("detail") == std::string::npos);
        return std::string(answer.spec->code);
    };
    CHECK(mapped(Kind::out_of_space) == "InsufficientStorage");
    CHECK(mapped(Kind::read_only) == "ServiceUnavailable");
    CHECK(mapped(Kind::unavailable) == "SlowDown");
    CHECK(mapped(Kind::conflict) == "OperationAborted");
    for (const auto kind : {Kind::corrupt, Kind::io, Kind::in_doubt, Kind::wrong_key, Kind::held})
        CHECK(mapped(kind) == "InternalError");
}

TEST_CASE("errors: the catalog's become S3's with their subject", "[s3][errors]") {
    using Kind = storage::catalog::CatalogError::Kind;
    const auto mapped = [](Kind kind) {
        return from_catalog(storage::catalog::CatalogError(kind), {"bucket", "key", "upload"});
    };
    CHECK(field(mapped(Kind::no_such_bucket), "BucketName") == "bucket");
    CHECK(mapped(Kind::bucket_exists).spec->code == "BucketAlreadyOwnedByYou");
    CHECK(mapped(Kind::bucket_not_empty).spec->code == "BucketNotEmpty");
    CHECK(field(mapped(Kind::no_such_key), "Key") == "key");
    CHECK(field(mapped(Kind::no_such_upload), "UploadId") == "upload");
    CHECK(mapped(Kind::refused).spec->status == 500);
}

TEST_CASE("errors: the verifier's keep their words and fields", "[s3][errors]") {
    const auto plain = from_auth({auth::AuthCode::signature_does_not_match, "", {}});
    CHECK(plain.spec->status == 403);
    CHECK(plain.message == errors::signature_does_not_match.message);
    const auto detailed =
        from_auth({auth::AuthCode::request_time_too_skewed, "late", {{"RequestTime", "t"}}});
    CHECK(detailed.message == "late");
    CHECK(field(detailed, "RequestTime") == "t");
}
