#include "server/s3/request_checks.h"

#include "tests/catch.h"
#include "tests/unit/server/s3/requests.h"

using namespace holdfast;
using namespace holdfast::s3;
using namespace holdfast::s3::testing;

namespace {

std::string refused_header(HeaderList headers) {
    return field(check_header_values(with_headers(headers)), "ArgumentName").value_or("");
}

}  // namespace

TEST_CASE("header values: what may have one value comes once (operations 2.3)", "[s3][request]") {
    for (const char* name :
         {"x-amz-acl", "x-amz-tagging", "x-amz-trailer", "x-amz-checksum-type",
          "x-amz-expected-bucket-owner", "content-type", "content-md5", "cache-control",
          "content-encoding", "if-match", "if-none-match", "range"}) {
        INFO(name);
        CHECK(refused_header({{name, "a"}, {name, "a"}}) == name);
        CHECK(refused_header({{name, "a"}}).empty());
    }
}

TEST_CASE("header values: what may be repeated", "[s3][request]") {
    CHECK(refused_header({{"x-amz-meta-a", "1"}, {"x-amz-meta-a", "2"}}).empty());
    CHECK(refused_header(
              {{"x-amz-object-attributes", "ETag"}, {"x-amz-object-attributes", "Checksum"}})
              .empty());
    CHECK(refused_header({{"x-amz-checksum-sha1", "1"}, {"x-amz-checksum-sha1", "2"}}).empty());
    CHECK(refused_header({{"via", "1"}, {"via", "2"}}).empty());
}

TEST_CASE("header values: a presigned query brings no control characters (S-32)", "[s3][request]") {
    Parsed request("PUT", "/bucket/key");
    request->apply_signature({{"x-amz-meta-a", "b\r\nevil: 1"}}, {});
    const auto refused = check_header_values(request);
    CHECK(code_of(refused) == "InvalidArgument");
    CHECK(field(refused, "ArgumentName") == "x-amz-meta-a");
}

TEST_CASE("is_header_safe: everything but control characters", "[s3][request]") {
    CHECK(is_header_safe("plain \t text \xc3\xa4"));
    CHECK(is_header_safe(""));
    for (const char* text : {"a\rb", "a\nb", "\x01", "\x7f"}) CHECK_FALSE(is_header_safe(text));
    CHECK_FALSE(is_header_safe(std::string_view("\0", 1)));
}

TEST_CASE("page sizes: absent, empty, clamped, refused (LP-01, LMU-02, operations 5)",
          "[s3][request]") {
    const auto page = [](const std::string& query) {
        return parse_page_size(Parsed("GET", "/bucket?" + query), "max-keys", "not so");
    };
    CHECK(*page("") == 1000);
    CHECK(*page("max-keys") == 1000);
    CHECK(*page("max-keys=") == 1000);
    CHECK(*page("max-keys=0") == 0);
    CHECK(*page("max-keys=7") == 7);
    CHECK(*page("max-keys=1001") == 1000);
    CHECK(*page("max-keys=2147483647") == 1000);
    for (const char* value :
         {"-1", "a", "1a", "1.0", "%201", "2147483648", "99999999999999999999"}) {
        const auto refused = page(std::string("max-keys=") + value);
        INFO(value);
        CHECK(code_of(refused) == "InvalidArgument");
        CHECK(message_of(refused) == "not so");
        CHECK(field(refused, "ArgumentName") == "max-keys");
    }
    CHECK(field(page("max-keys=-1"), "ArgumentValue") == "-1");
}

TEST_CASE("encoding-type: nothing or url (LMU-06, operations 5)", "[s3][request]") {
    CHECK_FALSE(*parse_url_encoding(Parsed("GET", "/bucket")));
    CHECK(*parse_url_encoding(Parsed("GET", "/bucket?encoding-type=url")));
    for (const char* value : {"", "URL", "base64"}) {
        const auto refused =
            parse_url_encoding(Parsed("GET", std::string("/bucket?encoding-type=") + value));
        CHECK(message_of(refused) == "Invalid Encoding Method specified in Request");
        CHECK(field(refused, "ArgumentValue") == value);
    }
}

TEST_CASE("versionId: null is the object, another id is none, a bad one an error (operations 6)",
          "[s3][request]") {
    const auto check = [](const std::string& query) {
        return check_version_id(Parsed("GET", "/bucket/key?" + query));
    };
    CHECK(check("").has_value());
    CHECK(check("versionId=null").has_value());
    const auto unknown = check("versionId=3sL4kqtJlcpXroDTDmJ.rmSpXd3-QfKbn_");
    CHECK(code_of(unknown) == "NoSuchVersion");
    CHECK(field(unknown, "Key") == "key");
    CHECK(field(unknown, "VersionId") == "3sL4kqtJlcpXroDTDmJ.rmSpXd3-QfKbn_");
    for (const auto& value :
         {std::string(), std::string("a%20b"), std::string("%C3%A4"), std::string(1025, 'v')}) {
        const auto refused = check("versionId=" + value);
        CHECK(code_of(refused) == "InvalidArgument");
        CHECK(message_of(refused) == "Invalid version id specified");
        CHECK(field(refused, "ArgumentName") == "versionId");
    }
}

TEST_CASE("parse_decimal: digits only, no overflow", "[s3][request]") {
    CHECK(parse_decimal("18446744073709551615") == 18446744073709551615U);
    CHECK(parse_decimal("007") == 7);
    for (const char* text : {"", "18446744073709551616", "-1", "+1", " 1", "1 ", "0x1"})
        CHECK(parse_decimal(text) == std::nullopt);
}
