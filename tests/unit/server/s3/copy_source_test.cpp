#include "server/s3/copy_source.h"

#include "tests/catch.h"
#include "tests/unit/server/s3/requests.h"

using namespace holdfast::s3;
using namespace holdfast::s3::testing;

namespace {

/// "bucket|key|version", or the message of the refusal.
std::string parts_of(const std::string& header) {
    const auto source = CopySource::parse(header);
    if (!source) return message_of(source);
    return source->bucket + "|" + source->key + "|" + source->version_id;
}

}  // namespace

TEST_CASE("copy source: bucket and key, with or without a leading slash (UPC-02)", "[s3][copy]") {
    CHECK(parts_of("bucket/key") == "bucket|key|");
    CHECK(parts_of("/bucket/key") == "bucket|key|");
    CHECK(parts_of("bucket/a/b") == "bucket|a/b|");
    CHECK(parts_of("bucket//b") == "bucket|/b|");
    CHECK(parts_of("bucket/../x") == "bucket|../x|");
}

TEST_CASE("copy source: decoded once, also as a whole (UPC-02)", "[s3][copy]") {
    CHECK(parts_of("bucket%2Fkey") == "bucket|key|");
    CHECK(parts_of("%2Fbucket%2Fa%20b") == "bucket|a b|");
    CHECK(parts_of("bucket/a+b%252F") == "bucket|a+b%2F|");
    CHECK(parts_of("bucket/%C3%A4") == "bucket|\xc3\xa4|");
}

TEST_CASE("copy source: the last literal separator begins the version (operations 10)",
          "[s3][copy]") {
    CHECK(parts_of("bucket/key?versionId=null") == "bucket|key|null");
    CHECK(parts_of("bucket/foo%3Fbar?versionId=v1") == "bucket|foo?bar|v1");
    CHECK(parts_of("bucket/a?versionId=b?versionId=c") == "bucket|a?versionId=b|c");
    CHECK(parts_of("bucket/a%3FversionId%3Db") == "bucket|a?versionId=b|");
    CHECK(parts_of("bucket/a?b") == "bucket|a?b|");
    CHECK(parts_of("bucket/key?versionId=") == "Invalid version id specified");
}

TEST_CASE("copy source: what cannot be read is named (UPC-02)", "[s3][copy]") {
    struct Row {
        std::string header;
        const char* message;
        std::string piece;
    };
    const std::string long_key(1025, 'k');
    for (const auto& row :
         {Row{"bucket/%zz", "Invalid copy source encoding", "bucket/%zz"},
          Row{"bucket/%", "Invalid copy source encoding", "bucket/%"},
          Row{"Bad_Name/key", "Invalid copy source bucket name", "Bad_Name"},
          Row{"", "Invalid copy source bucket name", ""},
          Row{"//bucket/key", "Invalid copy source bucket name", ""},
          Row{"bucket", "Invalid copy source object key", ""},
          Row{"bucket/", "Invalid copy source object key", ""},
          Row{"bucket/%ff", "Invalid copy source object key", "\xff"},
          Row{"bucket/" + long_key, "Invalid copy source object key", long_key}}) {
        INFO(row.header);
        const auto refused = CopySource::parse(row.header);
        CHECK(code_of(refused) == "InvalidArgument");
        CHECK(message_of(refused) == row.message);
        CHECK(field(refused, "ArgumentName") == "x-amz-copy-source");
        CHECK(field(refused, "ArgumentValue") == row.piece);
    }
}

TEST_CASE("copy source: access points are not built (operations 10)", "[s3][copy]") {
    const auto refused =
        CopySource::parse("arn:aws:s3:us-east-1:123456789012:accesspoint/a/object/k");
    CHECK(code_of(refused) == "NotImplemented");
    CHECK(field(refused, "Header") == "x-amz-copy-source");
}
