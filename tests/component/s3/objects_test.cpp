// PutObject, GetObject, HeadObject, DeleteObject(s), CopyObject and buckets: spec operations 3 to
// 10 and 20.

#include "tests/component/s3/memory_endpoint.h"

namespace holdfast::test {

namespace {

const std::string hundred = [] {
    std::string text;
    for (int i = 0; i < 100; ++i) text.push_back(static_cast<char>('!' + i % 90));
    return text;
}();

Request with(const char* method, const std::string& target, const http::Headers& headers,
             const std::string& body = "") {
    Request request(method, target);
    for (const auto& [name, value] : headers) request.header(name, value);
    return request.body(body);
}

}  // namespace

TEST_CASE(
    "PutObject: is read again byte for byte, at every size where storage changes its way "
    "(operations 7)",
    "[s3][objects]") {
    MemoryEndpoint endpoint;
    for (const std::size_t size :
         {0U, 1U, 16'383U, 16'384U, 16'385U, 65'536U, 65'537U, 3'000'000U}) {
        INFO(size);
        std::string body;
        for (std::size_t i = 0; i < size; ++i) body.push_back(static_cast<char>(i ^ (i >> 7)));
        const auto put = endpoint.put("/photos/k", body);
        REQUIRE(put.status == 200);
        CHECK(put.body.empty());
        CHECK(put.header("ETag") == "\"" + hex_md5(body) + "\"");
        CHECK(put.header("x-amz-checksum-crc64nvme") == checksum_of("CRC64NVME", body));
        CHECK(put.header("x-amz-checksum-type") == "FULL_OBJECT");
        CHECK(put.header("x-amz-server-side-encryption") == "AES256");
        CHECK_FALSE(put.has("x-amz-version-id"));
        const auto got = endpoint.get("/photos/k");
        CHECK(got.status == 200);
        CHECK(got.body == body);
        CHECK(got.header("Content-Length") == std::to_string(size));
        CHECK(got.header("Content-Type") == "binary/octet-stream");
        CHECK(got.header("Last-Modified") == "Tue, 14 Nov 2023 22:13:20 GMT");
        CHECK(got.header("ETag") == put.header("ETag"));
        CHECK_FALSE(got.has("x-amz-checksum-crc64nvme"));
        const auto head = endpoint.head("/photos/k");
        CHECK(head.status == 200);
        CHECK(head.body.empty());
        CHECK(head.header("Content-Length") == std::to_string(size));
        endpoint.collect_garbage();
        CHECK(endpoint.blobs.live() <= 1);
    }
}

TEST_CASE("PutObject: every checksum is verified, kept and shown (CK-20 to CK-29, operations 20)",
          "[s3][objects][checksum]") {
    MemoryEndpoint endpoint;
    for (const std::string name : {"CRC32", "CRC32C", "CRC64NVME", "SHA1", "SHA256", "SHA512",
                                   "MD5", "XXHASH64", "XXHASH3", "XXHASH128"}) {
        INFO(name);
        const auto header = "x-amz-checksum-" + name;
        const auto value = checksum_of(name, hundred);
        const auto before = endpoint.state();
        CHECK(endpoint.send(with("PUT", "/photos/k", {{header, checksum_of(name, "x")}}, hundred))
                  .outcome() == "400 BadDigest");
        CHECK(endpoint.state() == before);
        const auto put =
            endpoint.send(with("PUT", "/photos/k",
                               {{header, value}, {"x-amz-sdk-checksum-algorithm", name}}, hundred));
        CHECK(put.outcome() == "200");
        CHECK(put.header(header) == value);
        const auto head =
            endpoint.send(with("HEAD", "/photos/k", {{"x-amz-checksum-mode", "ENABLED"}}));
        CHECK(head.header(header) == value);
        CHECK(head.header("x-amz-checksum-type") == "FULL_OBJECT");
        const auto range = endpoint.send(
            with("GET", "/photos/k", {{"x-amz-checksum-mode", "ENABLED"}, {"Range", "bytes=0-1"}}));
        CHECK_FALSE(range.has(header));
    }
}

TEST_CASE(
    "PutObject: properties come back on GET and HEAD, and wrong ones are refused "
    "(operations 7)",
    "[s3][objects]") {
    MemoryEndpoint endpoint;
    REQUIRE(endpoint
                .send(with("PUT", "/photos/k",
                           {{"Content-Type", "text/plain"},
                            {"Content-Encoding", "gzip, aws-chunked"},
                            {"Cache-Control", "no-cache"},
                            {"Expires", "Thu, 01 Jan 2032 00:00:00 GMT"},
                            {"x-amz-meta-Color", "red"},
                            {"x-amz-meta-color", "blue"},
                            {"x-amz-meta-empty", ""},
                            {"x-amz-meta-name", "\xC3\xA9"},
                            {"x-amz-website-redirect-location", "https://example.com/"},
                            {"x-amz-storage-class", "GLACIER_IR"}},
                           hundred))
                .status == 200);
    const auto head = endpoint.head("/photos/k");
    CHECK(head.header("Content-Type") == "text/plain");
    CHECK(head.header("Content-Encoding") == "gzip");
    CHECK(head.header("Cache-Control") == "no-cache");
    CHECK(head.header("Expires") == "Thu, 01 Jan 2032 00:00:00 GMT");
    CHECK(head.header("x-amz-meta-color") == "red,blue");
    CHECK(head.has("x-amz-meta-empty"));
    CHECK(head.header("x-amz-meta-name") == "=?UTF-8?B?w6k=?=");
    CHECK(head.header("x-amz-website-redirect-location") == "https://example.com/");
    CHECK(head.header("x-amz-storage-class") == "GLACIER_IR");
    const auto before = endpoint.state();
    const auto refused = [&](const http::Headers& headers, const std::string& outcome) {
        INFO(headers.front().first << ": " << headers.front().second);
        CHECK(endpoint.send(with("PUT", "/photos/k", headers, "x")).outcome() == outcome);
        CHECK(endpoint.state() == before);
    };
    refused({{"x-amz-storage-class", "SNOW"}}, "400 InvalidStorageClass");
    refused({{"x-amz-meta-a", std::string(1024, 'x')}, {"x-amz-meta-b", std::string(1023, 'x')}},
            "400 MetadataTooLarge");
    refused({{"x-amz-website-redirect-location", "x"}}, "400 InvalidRedirectLocation");
    refused({{"x-amz-acl", "public-read"}}, "400 AccessControlListNotSupported");
    refused({{"x-amz-acl", "public-read"}, {"x-amz-grant-read", "id=x"}}, "400 InvalidRequest");
    refused({{"x-amz-storage-class", "STANDARD"}, {"x-amz-storage-class", "STANDARD"}},
            "400 InvalidArgument");
    refused({{"Content-MD5", base64_md5("y")}}, "400 BadDigest");
    refused({{"x-amz-write-offset-bytes", "0"}}, "501 NotImplemented");
}

TEST_CASE("PutObject: conditions, before the body and in the commit (operations 7.1)",
          "[s3][objects]") {
    MemoryEndpoint endpoint;
    const auto put = [&](const http::Headers& headers) {
        return endpoint.send(with("PUT", "/photos/k", headers, "new")).outcome();
    };
    const auto none_before = endpoint.state();
    CHECK(put({{"If-Match", "\"x\""}}) == "404 NoSuchKey");
    CHECK(put({{"If-Match", "*"}}) == "404 NoSuchKey");
    CHECK(put({{"If-None-Match", "\"x\""}}) == "501 NotImplemented");
    CHECK(put({{"If-None-Match", "*"}, {"If-Match", "*"}}) == "501 NotImplemented");
    CHECK(endpoint.state() == none_before);
    CHECK(put({{"If-None-Match", "*"}}) == "200");
    const auto etag = endpoint.head("/photos/k").header("ETag");
    const auto before = endpoint.state();
    CHECK(put({{"If-None-Match", "*"}}) == "412 PreconditionFailed");
    CHECK(put({{"If-Match", "\"x\""}}) == "412 PreconditionFailed");
    CHECK(endpoint.state() == before);
    CHECK(put({{"If-Match", etag}}) == "200");
    CHECK(put({{"If-Match", etag.substr(1, 32)}}) == "200");
    CHECK(put({{"If-Match", "*"}}) == "200");

    // Another writer between the check and the commit.
    const Request other = Request("PUT", "/photos/late").body("theirs");
    endpoint.rows.before_commit = [&]() -> base::Awaitable<void> {
        auto answer = co_await endpoint.serve(other);
        REQUIRE(answer.status == 200);
    };
    CHECK(
        endpoint
            .send(with("PUT", "/photos/late", {{"If-None-Match", "*"}}, std::string(100'000, 'm')))
            .outcome() == "412 PreconditionFailed");
    CHECK(endpoint.get("/photos/late").body == "theirs");
    endpoint.collect_garbage();
    CHECK(endpoint.blobs.live() == 0);
    std::vector<Request> racers;
    for (int i = 0; i < 6; ++i)
        racers.push_back(
            with("PUT", "/photos/race", {{"If-None-Match", "*"}}, std::string(20'000 + i, 'r'))
                .pieces_of(500));
    int won = 0;
    for (const auto& answer : endpoint.race(racers)) won += answer.status == 200 ? 1 : 0;
    CHECK(won == 1);
}

TEST_CASE("PutObject: a bucket deleted meanwhile takes the object with it (operations 7)",
          "[s3][objects]") {
    MemoryEndpoint endpoint;
    const Request gone("DELETE", "/photos");
    endpoint.rows.before_commit = [&]() -> base::Awaitable<void> {
        auto answer = co_await endpoint.serve(gone);
        REQUIRE(answer.status == 204);
    };
    CHECK(endpoint.put("/photos/k", std::string(100'000, 'x')).outcome() == "404 NoSuchBucket");
    CHECK(endpoint.blobs.live() == 0);
}

TEST_CASE("GetObject: ranges (operations 6.1)", "[s3][objects]") {
    MemoryEndpoint endpoint;
    REQUIRE(endpoint.put("/photos/h", hundred).status == 200);
    REQUIRE(endpoint.put("/photos/e").status == 200);
    struct Row {
        std::string key;
        std::string range;
        unsigned status;
        std::size_t first;
        std::size_t length;
    };
    const Row rows[] = {
        {"h", "bytes=0-0", 206, 0, 1},       {"h", "bytes=50-", 206, 50, 50},
        {"h", "bytes=-10", 206, 90, 10},     {"h", "bytes=00-01", 206, 0, 2},
        {"h", "bytes=0-100", 206, 0, 100},   {"h", "bytes=0-999999", 206, 0, 100},
        {"h", "bytes=-100", 206, 0, 100},    {"h", "bytes=-101", 206, 0, 100},
        {"h", "bytes=100-100", 416, 0, 0},   {"h", "bytes=100-", 416, 0, 0},
        {"h", "bytes=100-110", 416, 0, 0},   {"h", "bytes=-0", 416, 0, 0},
        {"h", "bytes=10-5", 200, 0, 100},    {"h", "bytes=abc", 200, 0, 100},
        {"h", "bytes=100-x", 200, 0, 100},   {"h", "bytes=-", 200, 0, 100},
        {"h", "bytes=,", 200, 0, 100},       {"h", "bytes= -1", 200, 0, 100},
        {"h", "bytes=--1", 200, 0, 100},     {"h", "foo=0-1", 200, 0, 100},
        {"h", "bytes=0 -1", 200, 0, 100},    {"h", "bytes=0-0,1-2", 200, 0, 100},
        {"h", "bytes=150-100", 200, 0, 100}, {"h", "bytes=0-99999999999999999999", 416, 0, 0},
        {"e", "bytes=0-", 416, 0, 0},        {"e", "bytes=0-0", 416, 0, 0},
        {"e", "bytes=40-50", 416, 0, 0},     {"e", "bytes=-5", 200, 0, 0},
    };
    for (const auto& row : rows) {
        for (const auto* method : {"GET", "HEAD"}) {
            INFO(method << " " << row.key << " " << row.range);
            const auto total = row.key == "h" ? "100" : "0";
            const auto answer =
                endpoint.send(with(method, "/photos/" + row.key, {{"Range", row.range}}));
            CHECK(answer.status == row.status);
            if (row.status == 416) {
                CHECK(answer.header("Content-Range") == std::string("bytes */") + total);
                if (std::string(method) == "GET") {
                    CHECK(answer.element("Code") == "InvalidRange");
                    CHECK(answer.element("RangeRequested") == row.range);
                    CHECK(answer.element("ActualObjectSize") == total);
                }
                continue;
            }
            CHECK(answer.header("Content-Length") == std::to_string(row.length));
            CHECK(answer.has("Content-Range") == (row.status == 206));
            if (row.status == 206)
                CHECK(answer.header("Content-Range") ==
                      "bytes " + std::to_string(row.first) + "-" +
                          std::to_string(row.first + row.length - 1) + "/" + total);
            if (std::string(method) == "GET")
                CHECK(answer.body == (row.key == "h" ? hundred : "").substr(row.first, row.length));
        }
    }
    const auto etag = endpoint.head("/photos/h").header("ETag");
    CHECK(endpoint.send(with("GET", "/photos/h", {{"Range", "bytes=0-1"}, {"If-Range", etag}}))
              .status == 206);
    CHECK(endpoint.send(with("GET", "/photos/h", {{"Range", "bytes=0-1"}, {"If-Range", "\"x\""}}))
              .status == 200);
}

TEST_CASE("GetObject: conditions in their order (operations 6.2)", "[s3][objects]") {
    MemoryEndpoint endpoint;
    REQUIRE(
        endpoint.send(with("PUT", "/photos/k", {{"Cache-Control", "max-age=1"}}, hundred)).status ==
        200);
    endpoint.clock.advance(std::chrono::hours(1));
    const auto etag = endpoint.head("/photos/k").header("ETag");
    const auto bare = etag.substr(1, 32);
    const std::string at = "Tue, 14 Nov 2023 22:13:20 GMT";
    const std::string before = "Tue, 14 Nov 2023 22:13:19 GMT";
    const std::string future = "Tue, 14 Nov 2033 22:13:19 GMT";
    struct Row {
        http::Headers headers;
        unsigned status;
        std::string condition;
    };
    const Row rows[] = {
        {{{"If-Match", etag}}, 200, ""},
        {{{"If-Match", bare}}, 200, ""},
        {{{"If-Match", "*"}}, 200, ""},
        {{{"If-Match", "\"x\", " + etag}}, 200, ""},
        {{{"If-Match", "\"x\""}}, 412, "If-Match"},
        {{{"If-Unmodified-Since", at}}, 200, ""},
        {{{"If-Unmodified-Since", before}}, 412, "If-Unmodified-Since"},
        {{{"If-Unmodified-Since", "yesterday"}}, 200, ""},
        {{{"If-Match", etag}, {"If-Unmodified-Since", before}}, 200, ""},
        {{{"If-None-Match", etag}}, 304, ""},
        {{{"If-None-Match", "*"}}, 304, ""},
        {{{"If-None-Match", "W/" + etag}}, 304, ""},
        {{{"If-None-Match", "\"x\""}}, 200, ""},
        {{{"If-Modified-Since", at}}, 304, ""},
        {{{"If-Modified-Since", before}}, 200, ""},
        {{{"If-Modified-Since", future}}, 200, ""},
        {{{"If-None-Match", "\"x\""}, {"If-Modified-Since", at}}, 200, ""},
        {{{"If-Match", etag}, {"If-Modified-Since", at}}, 304, ""},
        {{{"If-Match", "\"x\""}, {"If-None-Match", etag}}, 412, "If-Match"},
        {{{"If-None-Match", etag}, {"Range", "bytes=200-"}}, 304, ""},
    };
    for (const auto& row : rows) {
        for (const auto* method : {"GET", "HEAD"}) {
            INFO(method << " " << row.headers.front().first << ": " << row.headers.front().second);
            const auto answer = endpoint.send(with(method, "/photos/k", row.headers));
            CHECK(answer.status == row.status);
            if (row.status == 304) {
                CHECK(answer.body.empty());
                CHECK(answer.header("ETag") == etag);
                CHECK(answer.header("Last-Modified") == at);
                CHECK(answer.header("Cache-Control") == "max-age=1");
            }
            if (row.status == 412 && std::string(method) == "GET")
                CHECK(answer.element("Condition") == row.condition);
        }
    }
    CHECK(endpoint.send(with("GET", "/photos/none", {{"If-Match", "*"}})).outcome() ==
          "404 NoSuchKey");
}

TEST_CASE("GetObject: overrides, version ids and what is missing (operations 6)", "[s3][objects]") {
    MemoryEndpoint endpoint;
    REQUIRE(
        endpoint.send(with("PUT", "/photos/a/b", {{"Content-Type", "text/plain"}}, "x")).status ==
        200);
    for (const auto* method : {"GET", "HEAD"}) {
        const auto answer = endpoint.send(
            Request(method,
                    "/photos/a/b?response-content-type=text%2Fcss&response-cache-control=no-store&"
                    "response-content-disposition=inline&response-content-encoding=br&"
                    "response-content-language=fr&response-expires=never"));
        CHECK(answer.status == 200);
        CHECK(answer.header("Content-Type") == "text/css");
        CHECK(answer.header("Cache-Control") == "no-store");
        CHECK(answer.header("Content-Disposition") == "inline");
        CHECK(answer.header("Content-Encoding") == "br");
        CHECK(answer.header("Content-Language") == "fr");
        CHECK(answer.header("Expires") == "never");
    }
    CHECK(endpoint.get("/photos/a/b?response-content-type=a%0D%0Ab").outcome() ==
          "400 InvalidArgument");
    CHECK(endpoint.get("/photos/a/b?versionId=null").status == 200);
    CHECK(endpoint.get("/photos/a/b?versionId=abc").outcome() == "404 NoSuchVersion");
    CHECK(endpoint.get("/photos/a/b?versionId=abc").element("VersionId") == "abc");
    CHECK(endpoint.get("/photos/a/b?versionId=").outcome() == "400 InvalidArgument");
    CHECK(endpoint.get("/photos/a/b?versionId=%20").outcome() == "400 InvalidArgument");
    CHECK(endpoint.get("/photos/a").outcome() == "404 NoSuchKey");
    CHECK(endpoint.get("/photos/a").element("Key") == "a");
    const auto head = endpoint.head("/photos/a");
    CHECK(head.status == 404);
    CHECK(head.body.empty());
    CHECK(head.has("x-amz-request-id"));
    CHECK(endpoint.get("/nowhere/a").outcome() == "404 NoSuchBucket");
    CHECK(endpoint.get("/photos/%zz").outcome() == "400 InvalidURI");
    CHECK(endpoint.get("/photos/%FF").outcome() == "400 InvalidURI");
    CHECK(endpoint.get("/photos/a%00b").outcome() == "400 InvalidURI");
    CHECK(endpoint.get("/UPPER_/a").outcome() == "400 InvalidBucketName");
    const auto error = endpoint.get("/photos/none");
    CHECK(error.element("RequestId") == error.header("x-amz-request-id"));
    CHECK(error.element("HostId") == error.header("x-amz-id-2"));
    CHECK(error.element("Resource") == "/photos/none");
    for (const auto& [header, status] : std::vector<std::pair<http::Headers, std::string>>{
             {{{"x-amz-server-side-encryption", "AES256"}}, "400 InvalidArgument"},
             {{{"x-amz-server-side-encryption-customer-algorithm", "AES256"}},
              "400 InvalidRequest"}})
        CHECK(endpoint.send(with("GET", "/photos/a/b", header)).outcome() == status);
}

TEST_CASE("Keys: opaque bytes that never meet each other (operations 3.3)", "[s3][objects]") {
    MemoryEndpoint endpoint;
    const std::vector<std::string> keys{
        "a",      "a/",           "a/b", "a//b", "/a",        "%2E",     "..",
        "a/../b", "a%20",         "%25", "%2B",  "+",         "a%3Fb",   "a%23",
        "%5C",    "%F0%9F%98%80", "%01", "%0D",  "%EF%BF%BF", "e%CC%81", "%C3%A9"};
    for (const auto& key : keys)
        REQUIRE(endpoint.put("/photos/" + key, "body of " + key).status == 200);
    for (const auto& key : keys) {
        // "+" and "%2B" name the same key; the later one was written last.
        const auto expected = key == "%2B" ? "+" : key;
        CHECK(endpoint.get("/photos/" + key).body == "body of " + expected);
    }
    CHECK(endpoint.get("/photos").elements("Key").size() == keys.size() - 1);
    CHECK(endpoint.put("/photos/" + std::string(1024, 'k'), "x").status == 200);
    const auto long_key = endpoint.put("/photos/" + std::string(1025, 'k'), "x");
    CHECK(long_key.outcome() == "400 KeyTooLongError");
    CHECK(long_key.element("Size") == "1025");
    CHECK(long_key.element("MaxSizeAllowed") == "1024");
}

TEST_CASE("DeleteObject: present, absent, by version and on condition (operations 8)",
          "[s3][objects]") {
    MemoryEndpoint endpoint;
    REQUIRE(endpoint.put("/photos/k", std::string(50'000, 'x')).status == 200);
    const auto etag = endpoint.head("/photos/k").header("ETag");
    const auto attempt = [&](const http::Headers& headers, const std::string& query = "") {
        return endpoint.send(with("DELETE", "/photos/k" + query, headers)).outcome();
    };
    const auto before = endpoint.state();
    CHECK(attempt({}, "?versionId=abc") == "204");
    CHECK(attempt({}, "?versionId=") == "400 InvalidArgument");
    CHECK(attempt({{"If-Match", "\"x\""}}) == "412 PreconditionFailed");
    CHECK(attempt({{"x-amz-if-match-size", "1"}}) == "412 PreconditionFailed");
    CHECK(attempt({{"x-amz-if-match-size", "many"}}) == "400 InvalidArgument");
    CHECK(attempt({{"x-amz-if-match-last-modified-time", "Tue, 14 Nov 2023 22:13:19 GMT"}}) ==
          "412 PreconditionFailed");
    CHECK(endpoint.state() == before);
    const auto done = endpoint.send(
        with("DELETE", "/photos/k",
             {{"If-Match", etag},
              {"x-amz-if-match-size", "50000"},
              {"x-amz-if-match-last-modified-time", "Tue, 14 Nov 2023 22:13:20 GMT"}}));
    CHECK(done.status == 204);
    CHECK_FALSE(done.has("x-amz-delete-marker"));
    CHECK(endpoint.get("/photos/k").status == 404);
    CHECK(endpoint.collect_garbage() == 1);
    CHECK(endpoint.blobs.live() == 0);
    CHECK(attempt({}) == "204");
    CHECK(attempt({{"If-Match", etag}}) == "404 NoSuchKey");
    CHECK(attempt({}, "?versionId=null") == "204");
}

TEST_CASE("DeleteObjects: answers for each key in order (operations 8)", "[s3][objects]") {
    MemoryEndpoint endpoint;
    for (const auto* key : {"a", "b", "c", "d"})
        REQUIRE(endpoint.put(std::string("/photos/") + key, "x").status == 200);
    const auto post = [&](const std::string& document, bool digest = true) {
        Request request("POST", "/photos?delete");
        if (digest) request.header("Content-MD5", base64_md5(document));
        return endpoint.send(request.body(document));
    };
    const auto before = endpoint.state();
    CHECK(post("<Delete><Object><Key>a</Key></Object></Delete>", false).outcome() ==
          "400 InvalidRequest");
    CHECK(post("").outcome() == "400 MissingRequestBodyError");
    CHECK(post("<Delete></Delete>").outcome() == "400 MalformedXML");
    CHECK(post("<Delete><Object><Key></Key></Object></Delete>").outcome() == "400 MalformedXML");
    CHECK(post("<Delete><Object/></Delete>").outcome() == "400 MalformedXML");
    std::string many;
    for (int i = 0; i < 1001; ++i) many += "<Object><Key>k</Key></Object>";
    CHECK(post("<Delete>" + many + "</Delete>").outcome() == "400 MalformedXML");
    CHECK(post(std::string(2 * 1024 * 1024 + 1, ' ')).outcome() == "400 MaxMessageLengthExceeded");
    CHECK(endpoint.state() == before);

    const auto done = post(
        "<Delete xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">"
        "<Object><Key>c</Key></Object><Object><Key>none</Key></Object>"
        "<Object><Key>a</Key><ETag>\"wrong\"</ETag></Object>"
        "<Object><Key>b</Key><VersionId>null</VersionId></Object>"
        "<Object><Key>c</Key></Object>"
        "<Object><Key>d</Key><Size>7</Size></Object></Delete>");
    CHECK(done.status == 200);
    CHECK(done.elements("Key") == std::vector<std::string>{"c", "none", "a", "b", "c", "d"});
    CHECK(done.elements("Code") ==
          std::vector<std::string>{"PreconditionFailed", "PreconditionFailed"});
    CHECK(endpoint.get("/photos").elements("Key") == std::vector<std::string>{"a", "d"});
    const auto quiet = post("<Delete><Quiet>true</Quiet><Object><Key>a</Key></Object></Delete>");
    CHECK(quiet.status == 200);
    CHECK_FALSE(quiet.has_element("Deleted"));
    CHECK(endpoint.get("/photos").elements("Key") == std::vector<std::string>{"d"});
}

TEST_CASE("CopyObject: metadata, conditions and refusals (operations 10)", "[s3][objects][copy]") {
    MemoryEndpoint endpoint;
    REQUIRE(endpoint
                .send(with("PUT", "/photos/source",
                           {{"Content-Type", "text/plain"},
                            {"x-amz-meta-color", "red"},
                            {"x-amz-storage-class", "STANDARD_IA"},
                            {"x-amz-checksum-sha1", checksum_of("SHA1", hundred)},
                            {"x-amz-website-redirect-location", "/x"}},
                           hundred))
                .status == 200);
    const auto etag = "\"" + hex_md5(hundred) + "\"";
    const auto copy = [&](const std::string& to, http::Headers headers,
                          const std::string& source = "/photos/source") {
        headers.emplace_back("x-amz-copy-source", source);
        return endpoint.send(with("PUT", to, headers));
    };
    const auto plain = copy("/photos/copy", {});
    REQUIRE(plain.status == 200);
    CHECK(plain.element("ETag") == etag);
    CHECK(plain.element("ChecksumSHA1") == checksum_of("SHA1", hundred));
    CHECK(plain.element("ChecksumType") == "FULL_OBJECT");
    auto read = endpoint.get("/photos/copy");
    CHECK(read.body == hundred);
    CHECK(read.header("Content-Type") == "text/plain");
    CHECK(read.header("x-amz-meta-color") == "red");
    CHECK_FALSE(read.has("x-amz-storage-class"));
    CHECK_FALSE(read.has("x-amz-website-redirect-location"));
    CHECK(copy("/photos/copy", {{"x-amz-metadata-directive", "REPLACE"},
                                {"x-amz-meta-color", "blue"},
                                {"x-amz-checksum-algorithm", "CRC32"}})
              .element("ChecksumCRC32") == checksum_of("CRC32", hundred));
    read = endpoint.get("/photos/copy");
    CHECK(read.header("Content-Type") == "binary/octet-stream");
    CHECK(read.header("x-amz-meta-color") == "blue");
    CHECK(copy("/photos/source", {{"x-amz-storage-class", "STANDARD"}}).outcome() == "200");

    struct Row {
        http::Headers headers;
        std::string source;
        std::string outcome;
        std::string message;
    };
    const std::string past = "Tue, 14 Nov 2023 22:13:10 GMT";
    const Row rows[] = {
        {{}, "/photos/x%zz", "400 InvalidArgument", "Invalid copy source encoding"},
        {{}, "/Ph_/x", "400 InvalidArgument", "Invalid copy source bucket name"},
        {{}, "/photos/", "400 InvalidArgument", "Invalid copy source object key"},
        {{}, "/nowhere/x", "404 NoSuchBucket", ""},
        {{}, "/photos/none", "404 NoSuchKey", ""},
        {{}, "/photos/source?versionId=abc", "404 NoSuchVersion", ""},
        {{}, "arn:aws:s3:us-east-1:1:accesspoint/x/object/y", "501 NotImplemented", ""},
        {{{"x-amz-metadata-directive", "MOVE"}},
         "/photos/source",
         "400 InvalidArgument",
         "Unknown metadata directive."},
        {{{"x-amz-tagging-directive", "MOVE"}},
         "/photos/source",
         "400 InvalidArgument",
         "Unknown tagging directive."},
        {{{"x-amz-copy-source-if-match", "\"x\""}}, "/photos/source", "412 PreconditionFailed", ""},
        {{{"x-amz-copy-source-if-none-match", etag}},
         "/photos/source",
         "412 PreconditionFailed",
         ""},
        {{{"x-amz-copy-source-if-unmodified-since", past}},
         "/photos/source",
         "412 PreconditionFailed",
         ""},
        {{{"x-amz-copy-source-if-modified-since", "Tue, 14 Nov 2023 22:13:20 GMT"}},
         "/photos/source",
         "412 PreconditionFailed",
         ""},
        {{{"If-None-Match", "*"}}, "/photos/source", "412 PreconditionFailed", ""},
        {{{"If-Match", "\"x\""}}, "/photos/source", "412 PreconditionFailed", ""},
        {{{"x-amz-source-expected-bucket-owner", "999999999999"}},
         "/photos/source",
         "403 AccessDenied",
         ""},
        {{}, "/photos/copy", "400 InvalidRequest", "to itself without changing"},
        {{{"x-amz-copy-source-server-side-encryption-customer-algorithm", "AES256"}},
         "/photos/source",
         "501 NotImplemented",
         ""},
        {{{"x-amz-acl", "public-read"}}, "/photos/source", "400 AccessControlListNotSupported", ""},
    };
    const auto before = endpoint.state();
    for (const auto& row : rows) {
        const auto answer = copy("/photos/copy", row.headers, row.source);
        INFO(row.source << " " << answer.body);
        CHECK(answer.outcome() == row.outcome);
        CHECK(answer.element("Message").find(row.message) != std::string::npos);
        CHECK(endpoint.state() == before);
    }
}

TEST_CASE("Buckets: create, look at, delete (operations 4)", "[s3][buckets]") {
    MemoryEndpoint endpoint;
    const auto made = endpoint.put("/films");
    CHECK(made.status == 200);
    CHECK(made.header("Location") == "/films");
    CHECK(endpoint.put("/films").status == 200);  // us-east-1 forgives
    const auto head = endpoint.head("/films");
    CHECK(head.status == 200);
    CHECK(head.header("x-amz-bucket-region") == "us-east-1");
    const auto location = endpoint.get("/films?location");
    CHECK(location.status == 200);
    CHECK(location.element("LocationConstraint").empty());
    CHECK(location.has_element("LocationConstraint"));
    const auto list = endpoint.get("/");
    CHECK(list.elements("Name") == std::vector<std::string>{"films", "photos"});
    CHECK(list.element("ID") == canonical_id);
    CHECK(list.element("CreationDate") == "2023-11-14T22:13:20.000Z");
    CHECK(endpoint.head("/nothing").status == 404);

    struct Row {
        Request request;
        std::string outcome;
    };
    const auto create = [](const std::string& name, const http::Headers& headers,
                           const std::string& body = "") {
        return with("PUT", "/" + name, headers, body);
    };
    const std::string configuration = "<CreateBucketConfiguration><LocationConstraint>";
    const std::string end = "</LocationConstraint></CreateBucketConfiguration>";
    const Row rows[] = {
        {create("ab", {}), "400 InvalidBucketName"},
        {create("Upper", {}), "400 InvalidBucketName"},
        {create("a..b", {}), "400 InvalidBucketName"},
        {create("a-.b", {}), "400 InvalidBucketName"},
        {create("192.168.0.1", {}), "400 InvalidBucketName"},
        {create("xn--a", {}), "400 InvalidBucketName"},
        {create("a-s3alias", {}), "400 InvalidBucketName"},
        {create(std::string(64, 'a'), {}), "400 InvalidBucketName"},
        {create("new", {}, "<Other/>"), "400 MalformedXML"},
        {create("new", {}, configuration + "mars" + end), "400 InvalidLocationConstraint"},
        {create("new", {}, configuration + "us-east-1" + end), "400 InvalidLocationConstraint"},
        {create("new", {{"x-amz-acl", "odd"}}), "400 InvalidArgument"},
        {create("new", {{"x-amz-acl", "private"}, {"x-amz-grant-read", "id=x"}}),
         "400 InvalidRequest"},
        {create("new", {{"x-amz-acl", "public-read"}}), "400 InvalidBucketAclWithObjectOwnership"},
        {create("new", {{"x-amz-object-ownership", "Nobody"}}), "400 InvalidArgument"},
        {create("new", {{"x-amz-object-ownership", "ObjectWriter"}}), "501 NotImplemented"},
        {create("new", {{"x-amz-bucket-object-lock-enabled", "true"}}), "501 NotImplemented"},
    };
    const auto before = endpoint.state();
    for (const auto& row : rows) {
        const auto answer = endpoint.send(row.request);
        INFO(answer.body);
        CHECK(answer.outcome() == row.outcome);
        CHECK(endpoint.state() == before);
    }
    REQUIRE(endpoint.put("/films/k", "x").status == 200);
    const auto full = endpoint.remove("/films");
    CHECK(full.outcome() == "409 BucketNotEmpty");
    CHECK(full.element("BucketName") == "films");
    REQUIRE(endpoint.remove("/films/k").status == 204);
    CHECK(endpoint.remove("/films").status == 204);
    CHECK(endpoint.remove("/films").outcome() == "404 NoSuchBucket");
    CHECK(endpoint.get("/").elements("Name") == std::vector<std::string>{"photos"});
}

TEST_CASE("DeleteObjects: names that XML cannot hold come as references (operations 8)",
          "[s3][objects]") {
    MemoryEndpoint endpoint;
    for (const auto* key : {"d%01", "c%0D", "a%26%3Cb"})
        REQUIRE(endpoint.put(std::string("/photos/") + key, "x").status == 200);
    const std::string document =
        "<Delete><Object><Key>d&#x1;</Key></Object><Object><Key>c&#13;</Key></Object>"
        "<Object><Key>a&amp;&lt;b</Key></Object></Delete>";
    const auto done = endpoint.send(
        with("POST", "/photos?delete", {{"Content-MD5", base64_md5(document)}}, document));
    CHECK(done.status == 200);
    CHECK_FALSE(done.has_element("Error"));
    CHECK(endpoint.get("/photos").elements("Key").empty());
}

TEST_CASE("CopyObject, UploadPartCopy: a source that is too large for one copy (UPC-09)",
          "[s3][objects][copy]") {
    MemoryEndpoint roomy;
    EndpointOptions options;
    options.put_bytes_max = 1000;
    Endpoint endpoint(roomy.rows, roomy.blobs, roomy.clock, options);
    REQUIRE(roomy.put("/photos/source", std::string(1001, 's')).status == 200);
    const auto id = endpoint.start_upload("/photos/k");
    const auto part = "/photos/k?partNumber=1&uploadId=" + id;
    const auto before = roomy.state();
    for (const auto& target : {std::string("/photos/copy"), part}) {
        const auto refused =
            endpoint.send(with("PUT", target, {{"x-amz-copy-source", "/photos/source"}}));
        CHECK(refused.outcome() == "400 InvalidRequest");
        CHECK(refused.element("Message") ==
              "The specified copy source is larger than the maximum allowable size for a copy "
              "source: 1000");
    }
    CHECK(roomy.state() == before);
    CHECK(endpoint
              .send(with("PUT", part,
                         {{"x-amz-copy-source", "/photos/source"},
                          {"x-amz-copy-source-range", "bytes=1-1000"}}))
              .outcome() == "200");
}

TEST_CASE("Lengths: what does not say how long it is (UP-02, operations 3.2)", "[s3][objects]") {
    MemoryEndpoint endpoint;
    const auto id = endpoint.start_upload("/photos/k");
    const auto before = endpoint.state();
    for (const auto& target : {std::string("/photos/k"), "/photos/k?partNumber=1&uploadId=" + id}) {
        auto wire = Request("PUT", target).wire(endpoint.clock.wall());
        wire.head.content_length.reset();
        CHECK(endpoint.send_wire(std::move(wire)).outcome() == "411 MissingContentLength");
    }
    CHECK(endpoint.state() == before);
    const auto chunked = endpoint.send(Request("PUT", "/photos/k").body(hundred).without_length());
    CHECK(chunked.status == 200);
    CHECK(endpoint.get("/photos/k").body == hundred);
}

TEST_CASE("Buckets: another region than us-east-1 (operations 4, ACL-07)", "[s3][buckets]") {
    EndpointOptions options;
    options.region = "eu-west-1";
    MemoryEndpoint endpoint(options);
    const auto again = endpoint.put("/photos");
    CHECK(again.outcome() == "409 BucketAlreadyOwnedByYou");
    CHECK(again.element("BucketName") == "photos");
    const auto located = [&](const std::string& name, const std::string& place) {
        return endpoint
            .put("/" + name, "<CreateBucketConfiguration><LocationConstraint>" + place +
                                 "</LocationConstraint></CreateBucketConfiguration>")
            .outcome();
    };
    CHECK(located("first", "eu-west-1") == "200");
    CHECK(located("second", "EU") == "200");
    CHECK(located("third", "us-west-2") == "400 InvalidLocationConstraint");
    CHECK(endpoint.get("/first?location").element("LocationConstraint") == "eu-west-1");
    CHECK(endpoint.head("/first").header("x-amz-bucket-region") == "eu-west-1");
    options.region = "eu-central-1";
    MemoryEndpoint elsewhere(options);
    CHECK(elsewhere
              .send(with("POST", "/photos/k?uploads",
                         {{"x-amz-grant-read", "emailAddress=a@example.com"}}))
              .outcome() == "405 MethodNotAllowed");
}

}  // namespace holdfast::test
