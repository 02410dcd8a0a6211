#include "server/s3/object_properties.h"

#include "model/storage_class.h"
#include "tests/catch.h"
#include "tests/unit/server/s3/requests.h"

using namespace holdfast::s3;
using namespace holdfast::s3::testing;

namespace {

const std::string owner(64, 'c');

records::Bucket a_bucket() {
    records::Bucket bucket;
    bucket.set_owner(owner);
    return bucket;
}

Options a_server() {
    Options options;
    options.root.account_id = "123456789012";
    options.root.canonical_id = owner;
    return options;
}

Result<records::Properties> parsed(HeaderList headers) {
    return parse_properties(with_headers(headers), a_server(), a_bucket());
}

/// What GET says of an object that was written with `headers`.
holdfast::http::Headers said(HeaderList headers) {
    const auto properties = parsed(headers);
    REQUIRE(properties);
    Response response;
    set_property_headers(*properties, response);
    return response.headers;
}

std::string encoding(const char* sent) {
    return header_of(said({{"content-encoding", sent}}), "Content-Encoding").value_or("absent");
}

}  // namespace

TEST_CASE("properties: content headers are said again byte for byte (MET-01, MET-04)",
          "[s3][metadata]") {
    const auto headers = said({{"cache-control", "max-age=1,  private"},
                               {"content-disposition", "attachment; filename=\"\xe4\xf6.txt\""},
                               {"content-language", "de, en"},
                               {"content-type", "text/plain; charset=utf-8"},
                               {"expires", "not a date"}});
    CHECK(header_of(headers, "Cache-Control") == "max-age=1,  private");
    CHECK(header_of(headers, "Content-Disposition") == "attachment; filename=\"\xe4\xf6.txt\"");
    CHECK(header_of(headers, "Content-Language") == "de, en");
    CHECK(header_of(headers, "Content-Type") == "text/plain; charset=utf-8");
    CHECK(header_of(headers, "Expires") == "not a date");
}

TEST_CASE("properties: without anything said there is a type and an owner (MET-03)",
          "[s3][metadata]") {
    CHECK(said({}) == holdfast::http::Headers{{"Content-Type", "binary/octet-stream"}});
    CHECK(said({{"content-type", ""}}) ==
          holdfast::http::Headers{{"Content-Type", "binary/octet-stream"}});
    CHECK(parsed({})->owner() == owner);
}

TEST_CASE("properties: aws-chunked is no encoding of the object (MET-02)", "[s3][metadata]") {
    CHECK(encoding("gzip") == "gzip");
    CHECK(encoding("aws-chunked") == "absent");
    CHECK(encoding("AWS-Chunked") == "absent");
    CHECK(encoding("aws-chunked,gzip") == "gzip");
    CHECK(encoding("gzip, aws-chunked") == "gzip");
    CHECK(encoding("gzip, aws-chunked, br") == "gzip, br");
    CHECK(encoding("aws-chunked, aws-chunked") == "absent");
    CHECK(encoding("my-aws-chunked") == "my-aws-chunked");
}

TEST_CASE("properties: user metadata, its names and repeated headers (MET-05)", "[s3][metadata]") {
    const auto headers = said({{"x-amz-meta-color", "red"},
                               {"x-amz-meta-empty", ""},
                               {"x-amz-meta-color", "blue"},
                               {"x-amz-meta-word", "=?UTF-8?B?w6Q=?="}});
    CHECK(header_of(headers, "x-amz-meta-color") == "red,blue");
    CHECK(header_of(headers, "x-amz-meta-empty") == "");
    CHECK(header_of(headers, "x-amz-meta-word") == "=?UTF-8?B?w6Q=?=");
    CHECK(header_of(said({{"x-amz-meta-a", "\xc3\xa4"}}), "x-amz-meta-a") == "=?UTF-8?B?w6Q=?=");
}

TEST_CASE("properties: user metadata has 2048 bytes (MET-06, LIM-07)", "[s3][metadata]") {
    CHECK(parsed({{"x-amz-meta-abc", "12345"}, {"x-amz-meta-name", std::string(2036, 'v')}})
              .has_value());
    const auto refused =
        parsed({{"x-amz-meta-abc", "12345"}, {"x-amz-meta-name", std::string(2037, 'v')}});
    CHECK(code_of(refused) == "MetadataTooLarge");
    CHECK(field(refused, "Size") == "2049");
    CHECK(field(refused, "MaxSizeAllowed") == "2048");
}

TEST_CASE("properties: storage classes (STC-01, STC-02, STC-03)", "[s3][metadata]") {
    for (const auto name : holdfast::model::storage_classes) {
        const auto headers = said({{"x-amz-storage-class", std::string(name)}});
        const auto shown = header_of(headers, "x-amz-storage-class");
        CHECK(shown == (name == "STANDARD" ? std::nullopt : std::optional(std::string(name))));
    }
    for (const char* name : {"", "standard", "OUTPOSTS", "SNOW", "EXPRESS_ONEZONE", "FSX_OPENZFS",
                             "FSX_ONTAP", "AWS_BACKUP_WARM"}) {
        const auto refused = parsed({{"x-amz-storage-class", name}});
        INFO(name);
        CHECK(code_of(refused) == "InvalidStorageClass");
        CHECK(field(refused, "StorageClassRequested") == name);
    }
}

TEST_CASE("properties: a website redirect (WEB-01, WEB-02)", "[s3][metadata]") {
    const std::string name = "x-amz-website-redirect-location";
    for (const char* location : {"/page", "http://example.com", "https://example.com/a"})
        CHECK(header_of(said({{name, location}}), name) == location);
    for (const char* location : {"", "page", "ftp://example.com", "HTTP://example.com", "http:/x"})
        CHECK(code_of(parsed({{name, location}})) == "InvalidRedirectLocation");
    CHECK(parsed({{name, "/" + std::string(2047, 'a')}}).has_value());
    CHECK(code_of(parsed({{name, "/" + std::string(2048, 'a')}})) == "InvalidArgument");
}

TEST_CASE("properties: no tags are no tags (TAG-07)", "[s3][metadata]") {
    CHECK(parsed({{"x-amz-tagging", ""}}).has_value());
    CHECK(parsed({{"x-amz-tagging", "&&"}}).has_value());
}

TEST_CASE("properties: every header that is not built is named", "[s3][metadata]") {
    for (const std::string name :
         {"x-amz-tagging", "x-amz-object-lock-mode", "x-amz-object-lock-retain-until-date",
          "x-amz-object-lock-legal-hold", "x-amz-write-offset-bytes",
          "x-amz-server-side-encryption-customer-key"}) {
        const auto refused = parsed({{name, "x"}});
        INFO(name);
        CHECK(code_of(refused) == "NotImplemented");
        CHECK(field(refused, "Header") == name);
    }
}

TEST_CASE("properties: the first of several mistakes answers (CMU-01)", "[s3][metadata]") {
    const auto first = [](HeaderList headers) { return code_of(parsed(headers)); };
    const std::string big(3000, 'v');
    CHECK(first({{"x-amz-acl", "x"}, {"x-amz-storage-class", "x"}, {"x-amz-meta-a", big}}) ==
          "InvalidStorageClass");
    CHECK(first({{"x-amz-acl", "x"}, {"x-amz-meta-a", big}}) == "MetadataTooLarge");
    CHECK(field(parsed({{"x-amz-server-side-encryption", "x"}, {"x-amz-acl", "x"}}),
                "ArgumentName") == "x-amz-acl");
    CHECK(first({{"x-amz-website-redirect-location", "x"},
                 {"x-amz-server-side-encryption", "aws:kms"}}) == "NotImplemented");
    CHECK(first({{"x-amz-acl", "private"}, {"x-amz-website-redirect-location", "x"}}) ==
          "InvalidRedirectLocation");
    CHECK(first({{"x-amz-acl", "private"}}) == "AccessControlListNotSupported");
}

TEST_CASE("properties: a copy takes content headers and metadata, and nothing else (operations 10)",
          "[s3][metadata][copy]") {
    auto source = *parsed({{"content-type", "text/plain"},
                           {"x-amz-meta-a", "b"},
                           {"x-amz-storage-class", "GLACIER_IR"},
                           {"x-amz-website-redirect-location", "/x"}});
    source.mutable_encryption()->set_kind(records::Encryption::SSE_S3);
    source.add_grants()->set_permission("READ");
    source.mutable_lock()->set_legal_hold(true);
    auto copy =
        parse_copy_properties(with_headers({{"content-type", "image/png"}, {"x-amz-meta-c", "d"}}),
                              a_server(), a_bucket());
    REQUIRE(copy);
    take_metadata(source, *copy);
    CHECK(copy->content_type() == "text/plain");
    REQUIRE(copy->user_metadata_size() == 1);
    CHECK(copy->user_metadata(0).name() == "a");
    CHECK(copy->storage_class() == "STANDARD");
    CHECK_FALSE(copy->has_website_redirect_location());
    CHECK_FALSE(copy->has_encryption());
    CHECK_FALSE(copy->has_lock());
    CHECK(copy->grants_size() == 0);
}
