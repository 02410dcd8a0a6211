#include "server/s3/request.h"

#include "tests/catch.h"
#include "tests/unit/server/s3/requests.h"

using namespace holdfast;
using namespace holdfast::s3;
using namespace holdfast::s3::testing;

namespace {

const std::vector<std::string> domains{"example.com", "s3.example.com"};

/// "bucket|key" of a request to `host`, or the code of the refusal.
std::string names_at(const std::string& host, const std::string& target) {
    http::RequestHead head;
    head.method = "GET";
    head.target = target;
    head.headers.emplace_back("host", host);
    const auto request = Request::parse(head, domains);
    return request ? request->bucket() + "|" + request->key() : code_of(request);
}

std::string names_of(const std::string& target) {
    return names_at("127.0.0.1:9000", target);
}

}  // namespace

TEST_CASE("Request: path style splits bucket and key (operations 2.1)", "[s3][request]") {
    CHECK(names_of("/") == "|");
    CHECK(names_of("/bucket") == "bucket|");
    CHECK(names_of("/bucket/") == "bucket|");
    CHECK(names_of("/bucket/key") == "bucket|key");
    CHECK(names_of("/bucket/a/b/") == "bucket|a/b/");
    CHECK(names_of("/bucket//b") == "bucket|/b");
    CHECK(names_of("/bucket/a//b") == "bucket|a//b");
    CHECK(names_of("/bucket/../x/./y") == "bucket|../x/./y");
}

TEST_CASE("Request: the level follows from what is named", "[s3][request]") {
    CHECK(Parsed("GET", "/")->level() == Level::service);
    CHECK(Parsed("GET", "/bucket/")->level() == Level::bucket);
    CHECK(Parsed("GET", "/bucket/k")->level() == Level::object);
}

TEST_CASE("Request: the host names the bucket in virtual-hosted style (section 2)",
          "[s3][request]") {
    CHECK(names_at("bucket.example.com", "/key") == "bucket|key");
    CHECK(names_at("bucket.example.com:9000", "/") == "bucket|");
    CHECK(names_at("bucket.EXAMPLE.com", "//key") == "bucket|/key");
    CHECK(names_at("my.bucket.example.com", "/a/b") == "my.bucket|a/b");
    CHECK(names_at("bucket.s3.example.com", "/key") == "bucket|key");
    CHECK(names_at("example.com", "/bucket/key") == "bucket|key");
    CHECK(names_at("s3.example.com", "/bucket/key") == "bucket|key");
    CHECK(names_at("notexample.com", "/bucket/key") == "bucket|key");
    CHECK(names_at("[::1]:9000", "/bucket/key") == "bucket|key");
    CHECK(names_at("x.example.com", "/key") == "InvalidBucketName");
}

TEST_CASE("Request: the key is split while encoded and decoded once (operations 2.1)",
          "[s3][request]") {
    CHECK(names_of("/bucket/a%2Fb") == "bucket|a/b");
    CHECK(names_of("/bucket/a%252Fb") == "bucket|a%2Fb");
    CHECK(names_of("/bucket/a+b%20c") == "bucket|a+b c");
    CHECK(names_of("/bucket/%C3%A4%F0%9F%98%80") == "bucket|\xc3\xa4\xf0\x9f\x98\x80");
    CHECK(names_of("/%62ucket/k") == "bucket|k");
    CHECK(names_of("/bucket/%01%1f") == std::string("bucket|\x01\x1f"));
    CHECK(names_of("/a%2Fbucket/k") == "InvalidBucketName");
}

TEST_CASE("Request: bad escapes, bad UTF-8 and NUL are InvalidURI (ORD-01, operations 3.3)",
          "[s3][request]") {
    for (const char* target : {"/bucket/%", "/bucket/%4", "/bucket/%zz", "/bucket/%ff",
                               "/bucket/%c3", "/bucket/%ed%a0%80", "/bucket/%00", "/bucket/a%00b",
                               "/bucket/k?a=%g1", "/%zz", "bucket", "*", ""}) {
        INFO(target);
        CHECK(names_of(target) == "InvalidURI");
    }
    CHECK(names_at("bucket.example.com", "/%00") == "InvalidURI");
}

TEST_CASE("Request: a key has at most 1024 bytes after decoding (LIM-09)", "[s3][request]") {
    std::string escaped;
    for (int i = 0; i < 1024; ++i) escaped += "%61";
    CHECK(names_of("/bucket/" + escaped) == "bucket|" + std::string(1024, 'a'));

    const auto head = a_head("GET", "/bucket/" + escaped + "b");
    const auto refused = Request::parse(head, {});
    CHECK(code_of(refused) == "KeyTooLongError");
    CHECK(field(refused, "Size") == "1025");
    CHECK(field(refused, "MaxSizeAllowed") == "1024");
    CHECK(names_of("/bucket/" + escaped + "%ff") == "InvalidURI");
}

TEST_CASE("Request: a bucket's name is checked on every request (operations 4)", "[s3][request]") {
    for (const char* name : {"ab", "Bucket", "a_b", "-ab", "ab-", "a..b", "a.-b", "192.168.1.1",
                             "xn--abc", "abc--x-s3", "abc-s3alias"}) {
        const auto head = a_head("GET", std::string("/") + name + "/key");
        const auto refused = Request::parse(head, {});
        INFO(name);
        CHECK(code_of(refused) == "InvalidBucketName");
        CHECK(field(refused, "BucketName") == name);
    }
    CHECK(names_of("//key") == "InvalidBucketName");
}

TEST_CASE("Request: query names are case-sensitive, the first value counts (operations 2.3)",
          "[s3][request]") {
    Parsed request("GET", "/bucket?prefix=a%2Fb+c&prefix=second&Uploads&uploads=&x;y=1");
    CHECK(request->query("prefix") == "a/b c");
    CHECK(request->query("uploads") == "");
    CHECK(request->query("Uploads") == "");
    CHECK(request->query("UPLOADS") == std::nullopt);
    CHECK(request->query("x;y") == "1");
    CHECK(request->raw_query() == "prefix=a%2Fb+c&prefix=second&Uploads&uploads=&x;y=1");
    CHECK(request->raw_path() == "/bucket");
}

TEST_CASE("Request: headers of a presigned URL's query count as headers (P-36)", "[s3][request]") {
    Parsed request("GET", "/bucket/key", {{"x-amz-acl", "private"}});
    request->apply_signature({{"x-amz-acl", "public-read"}, {"x-amz-storage-class", ""}}, {});
    CHECK(request->header("x-amz-acl") == "private");
    CHECK(request->header("x-amz-storage-class") == "");
    CHECK(request->header_with_value("x-amz-storage-class") == std::nullopt);
    std::vector<std::string> seen;
    request->for_each_header(
        [&](std::string_view name, std::string_view) { seen.emplace_back(name); });
    CHECK(seen ==
          std::vector<std::string>{"host", "x-amz-acl", "x-amz-acl", "x-amz-storage-class"});
}

TEST_CASE("Request: a header that is to be ignored cannot be read (P-04)", "[s3][request]") {
    const std::vector<std::string> ignored{"x-amz-acl"};
    Parsed request("GET", "/bucket/key", {{"x-amz-acl", "private"}});
    request->apply_signature({}, ignored);
    CHECK(request->header("x-amz-acl") == std::nullopt);
    bool seen = false;
    request->for_each_header(
        [&](std::string_view name, std::string_view) { seen = seen || name == "x-amz-acl"; });
    CHECK_FALSE(seen);
}
