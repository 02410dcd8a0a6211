#include "server/s3/completion_request.h"

#include "tests/catch.h"
#include "tests/unit/server/s3/requests.h"

using namespace holdfast;
using namespace holdfast::s3;
using namespace holdfast::s3::testing;

namespace {

Result<CompletionRequest> parsed(const std::string& document, HeaderList headers = {}) {
    const Parsed request("POST", "/bucket/key?uploadId=u", headers);
    return CompletionRequest::parse(request, document);
}

std::string with_parts(const std::string& parts) {
    return "<CompleteMultipartUpload>" + parts + "</CompleteMultipartUpload>";
}

const std::string one_part =
    with_parts("<Part><PartNumber>1</PartNumber><ETag>\"a\"</ETag></Part>");

}  // namespace

TEST_CASE("Complete's body: parts with any order of children, quotes and namespaces",
          "[s3][multipart]") {
    const auto request = parsed(
        "<?xml version=\"1.0\"?><CompleteMultipartUpload "
        "xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">\n"
        "  <Part><PartNumber>2</PartNumber><ETag>\"aB\"</ETag></Part>\n"
        "  <Part><ETag>&quot;cd&quot;</ETag><Other/><PartNumber>0007</PartNumber></Part>\n"
        "  <Part><PartNumber>-1</PartNumber><ETag>ef</ETag><ChecksumCRC32>x</ChecksumCRC32>"
        "<ChecksumSHA256>y</ChecksumSHA256></Part><Unknown/>\n"
        "</CompleteMultipartUpload>");
    REQUIRE(request);
    REQUIRE(request->parts.size() == 3);
    CHECK(request->parts[0].number == 2);
    CHECK(request->parts[0].etag == "aB");
    CHECK(request->parts[1].number == 7);
    CHECK(request->parts[1].etag == "cd");
    CHECK(request->parts[2].number == -1);
    CHECK(request->parts[2].etag == "ef");
    REQUIRE(request->parts[2].checksums.size() == 2);
    CHECK(request->parts[2].checksums[0].second == "x");
    CHECK(request->parts[2].checksums[1].first == model::ChecksumAlgorithm::sha256);
    CHECK_FALSE(request->object_bytes);
    CHECK_FALSE(request->checksum);
    CHECK_FALSE(request->type);
}

TEST_CASE("Complete: a form is no list of parts (CPL-01)", "[s3][multipart]") {
    for (const char* type :
         {"application/x-www-form-urlencoded", "Application/X-WWW-form-urlencoded; charset=a"})
        CHECK(code_of(parsed(one_part, {{"content-type", type}})) == "InvalidRequest");
    CHECK(parsed(one_part, {{"content-type", "text/plain"}}).has_value());
}

TEST_CASE("Complete: an empty body (CPL-02)", "[s3][multipart]") {
    const auto refused = parsed("");
    CHECK(code_of(refused) == "InvalidRequest");
    CHECK(message_of(refused) == "You must specify at least one part");
}

TEST_CASE("Complete: what is not a list of parts is MalformedXML (CPL-03)", "[s3][multipart]") {
    const std::string etag = "<ETag>a</ETag>";
    for (const auto& document :
         {std::string("x"), std::string("<Other/>"), with_parts(""), with_parts("<Part/>"),
          with_parts("<Part>" + etag + "</Part>"),
          with_parts("<Part><PartNumber>1</PartNumber></Part>"),
          with_parts("<Part><PartNumber>one</PartNumber>" + etag + "</Part>"),
          with_parts("<Part><PartNumber></PartNumber>" + etag + "</Part>"),
          with_parts("<Part><PartNumber>1.0</PartNumber>" + etag + "</Part>"),
          with_parts("<Part><PartNumber>99999999999999999999</PartNumber>" + etag + "</Part>"),
          "<!DOCTYPE a>" + one_part, one_part + one_part}) {
        INFO(document);
        CHECK(code_of(parsed(document)) == "MalformedXML");
    }
}

TEST_CASE("Complete: at most 10,000 parts (CPL-04)", "[s3][multipart]") {
    std::string parts;
    for (int i = 1; i <= 10'000; ++i)
        parts += "<Part><PartNumber>" + std::to_string(i) + "</PartNumber><ETag>a</ETag></Part>";
    CHECK(parsed(with_parts(parts)).has_value());
    parts += "<Part><PartNumber>10001</PartNumber><ETag>a</ETag></Part>";
    CHECK(code_of(parsed(with_parts(parts))) == "MalformedXML");
}

TEST_CASE("Complete: the whole's size must be a number (CPL-05)", "[s3][multipart]") {
    const auto message = [](const char* value) {
        return message_of(parsed(one_part, {{"x-amz-mp-object-size", value}}));
    };
    CHECK(message("abc") == "Value for x-amz-mp-object-size header is invalid: 'abc'");
    CHECK(message("") == "Value for x-amz-mp-object-size header is invalid: ''");
    CHECK(message("1.5") == "Value for x-amz-mp-object-size header is invalid: '1.5'");
    CHECK(message("-5") == "Value for x-amz-mp-object-size header is less than zero: '-5'");
    const auto request = parsed(one_part, {{"x-amz-mp-object-size", "15728640"}});
    REQUIRE(request);
    CHECK(request->object_bytes == 15728640);
}

TEST_CASE("Complete: one checksum of the whole and its type (CPL-06)", "[s3][multipart]") {
    const auto both =
        parsed(one_part, {{"x-amz-checksum-crc32", "a"}, {"x-amz-checksum-sha1", "b"}});
    CHECK(message_of(both) ==
          "Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed.");
    const auto type = parsed(one_part, {{"x-amz-checksum-type", "PART"}});
    CHECK(code_of(type) == "InvalidRequest");
    CHECK(message_of(type) == "Value for x-amz-checksum-type header is invalid.");
    const auto request =
        parsed(one_part, {{"x-amz-checksum-crc32", "a"}, {"x-amz-checksum-type", "full_object"}});
    REQUIRE(request);
    CHECK(request->checksum->algorithm == model::ChecksumAlgorithm::crc32);
    CHECK(request->checksum->text == "a");
    CHECK(request->type == model::ChecksumType::full_object);
}

TEST_CASE("Complete: a repeat is known by its parts alone (CPL-50)", "[s3][multipart]") {
    const auto digest = [](const std::string& document, HeaderList headers = {}) {
        const auto request = parsed(document, headers);
        REQUIRE(request);
        return request->part_list_digest();
    };
    const auto part = [](const std::string& number, const std::string& etag) {
        return "<Part><ETag>" + etag + "</ETag><PartNumber>" + number + "</PartNumber></Part>";
    };
    const auto first = digest(one_part);
    CHECK(first.size() == 32);
    CHECK(digest(with_parts(part("1", "A")), {{"if-none-match", "*"}}) == first);
    CHECK(digest(with_parts(part("2", "a"))) != first);
    CHECK(digest(with_parts(part("1", "b"))) != first);
    CHECK(digest(with_parts(part("1", "a") + part("2", "a"))) != first);
}
