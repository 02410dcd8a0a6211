// Reading while others write, any range of any body, attributes and tags; and when a body is asked
// for. Spec operations 6, 7; multipart 13 (GOA-01 to GOA-07); durability P10.

#include <functional>

#include "tests/component/s3/memory_endpoint.h"

namespace holdfast::test {

namespace {

std::string text_of(std::size_t size, std::size_t seed) {
    std::string text(size, '\0');
    for (std::size_t i = 0; i < size; ++i)
        text[i] = static_cast<char>(i * 31 + (i >> 8) * 7 + seed * 101);
    return text;
}

/// /photos/k as three parts of these bodies; the whole.
std::string put_in_parts(MemoryEndpoint& endpoint, const std::vector<std::string>& bodies,
                         const std::string& algorithm = "") {
    http::Headers headers;
    if (!algorithm.empty()) headers.emplace_back("x-amz-checksum-algorithm", algorithm);
    const auto id = endpoint.start_upload("/photos/k", headers);
    std::string list;
    std::string whole;
    int number = 0;
    for (const auto& body : bodies) {
        const auto n = std::to_string(++number);
        Request request("PUT", "/photos/k?partNumber=" + n + "&uploadId=" + id);
        std::string sum;
        if (!algorithm.empty()) {
            const auto value = checksum_of(algorithm, body);
            request.header("x-amz-checksum-" + algorithm, value);
            sum = "<Checksum" + algorithm + ">" + value + "</Checksum" + algorithm + ">";
        }
        const auto answer = endpoint.send(request.body(body));
        REQUIRE(answer.status == 200);
        list += "<Part><PartNumber>" + n + "</PartNumber><ETag>" + answer.header("ETag") +
                "</ETag>" + sum + "</Part>";
        whole += body;
    }
    REQUIRE(endpoint
                .post("/photos/k?uploadId=" + id,
                      "<CompleteMultipartUpload>" + list + "</CompleteMultipartUpload>")
                .status == 200);
    return whole;
}

Answer attributes(MemoryEndpoint& endpoint, const std::string& names,
                  const http::Headers& headers = {}, const std::string& key = "k") {
    Request request("GET", "/photos/" + key + "?attributes");
    if (!names.empty()) request.header("x-amz-object-attributes", names);
    for (const auto& [name, value] : headers) request.header(name, value);
    return endpoint.send(request);
}

}  // namespace

TEST_CASE("GetObject: an object that is replaced while it is read is one of both, whole",
          "[s3][objects]") {
    const auto first = text_of(five_mib, 1);
    const auto second = text_of(five_mib, 2);
    const auto fresh = text_of(300'000, 3);
    for (const std::string query : {"", "?partNumber=1"}) {
        for (const bool parts : {false, true}) {
            INFO(query << parts);
            MemoryEndpoint endpoint;
            std::string old_body = first;
            if (parts)
                old_body = put_in_parts(endpoint, {first, second});
            else
                REQUIRE(endpoint.put("/photos/k", first).status == 200);
            const Request overwrite = Request("PUT", "/photos/k").body(fresh);
            endpoint.rows.after_get = [&]() -> base::Awaitable<void> {
                auto answer = co_await endpoint.serve(overwrite);
                REQUIRE(answer.status == 200);
            };
            const auto read = endpoint.get("/photos/k" + query);
            CHECK_FALSE(read.aborted);
            CHECK((read.body == fresh || read.body == old_body || read.body == first));
            CHECK(endpoint.get("/photos/k").body == fresh);
        }
    }
}

TEST_CASE("GetObject: any range of any body is that stretch of it (operations 6.1)",
          "[s3][objects]") {
    MemoryEndpoint endpoint;
    std::vector<std::pair<std::string, std::string>> bodies;
    bodies.emplace_back("/photos/k",
                        put_in_parts(endpoint, {text_of(five_mib + 17, 1), text_of(five_mib, 2),
                                                text_of(70'001, 3)}));
    for (const std::size_t size : {1U, 16'384U, 65'536U, 65'537U, 1'000'003U}) {
        const auto path = "/photos/" + std::to_string(size);
        bodies.emplace_back(path, text_of(size, size));
        REQUIRE(endpoint.put(path, bodies.back().second).status == 200);
    }
    std::uint64_t state = 12345;
    const auto random = [&](std::uint64_t below) {
        state = state * 6364136223846793005ULL + 1442695040888963407ULL;
        return (state >> 33) % below;
    };
    for (const auto& [path, body] : bodies) {
        for (int i = 0; i < 40; ++i) {
            const auto begin = random(body.size());
            const auto length = 1 + random(std::min<std::uint64_t>(body.size() - begin, 200'000));
            const auto range =
                "bytes=" + std::to_string(begin) + "-" + std::to_string(begin + length - 1);
            INFO(path << " " << range);
            const auto read = endpoint.send(Request("GET", path).header("Range", range));
            CHECK(read.status == 206);
            CHECK((read.body == body.substr(begin, length)));
        }
    }
}

TEST_CASE(
    "A body is asked for only when nothing else stands against the request (operations 3.2, "
    "\"Expect\")",
    "[s3][objects][multipart]") {
    MemoryEndpoint endpoint;
    REQUIRE(endpoint.put("/photos/k", "x").status == 200);
    const auto id = endpoint.start_upload("/photos/k", {{"x-amz-checksum-algorithm", "CRC32"}});
    const std::string part = "/photos/k?partNumber=1&uploadId=";
    const std::string body(1000, 'b');
    const auto put = [&](const std::string& target, const http::Headers& headers = {}) {
        Request request("PUT", target);
        for (const auto& [name, value] : headers) request.header(name, value);
        return request.body(body);
    };
    for (const auto& request :
         {put("/nowhere/k"), put("/photos/k").fault(Fault::bad_signature),
          put("/photos/k").signing(Signing::anonymous),
          put("/photos/k", {{"x-amz-expected-bucket-owner", "999999999999"}}),
          put("/photos/k", {{"If-None-Match", "*"}}), put("/photos/k", {{"If-Match", "\"x\""}}),
          put("/photos/k", {{"x-amz-storage-class", "odd"}}),
          put("/photos/k", {{"x-amz-tagging", "a=b"}}),
          put("/photos/k", {{"x-amz-checksum-crc32", "?"}}),
          put("/photos/k", {{"Content-MD5", "?"}}), put(part + "unknown"),
          put("/photos/k?partNumber=0&uploadId=" + id), put(part + id),
          put(part + id, {{"x-amz-checksum-sha1", checksum_of("SHA1", body)}}),
          put("/photos/k?acl")}) {
        const auto answer = endpoint.send(request);
        INFO(answer.body);
        CHECK(answer.status >= 400);
        CHECK_FALSE(answer.continued);
    }
    CHECK(endpoint.send(put("/photos/k")).continued);
}

TEST_CASE("GetObjectAttributes: what is asked for and nothing else (GOA-01 to GOA-06)",
          "[s3][multipart]") {
    MemoryEndpoint endpoint;
    REQUIRE(endpoint.put("/photos/plain", "plain").status == 200);
    const std::string all = "ETag, Checksum,ObjectParts ,StorageClass,ObjectSize";
    const auto plain = attributes(endpoint, all, {}, "plain");
    CHECK(plain.status == 200);
    CHECK(plain.body.find("<GetObjectAttributesResponse xmlns=\"http://s3.amazonaws.com/doc/"
                          "2006-03-01/\"><ETag>" +
                          hex_md5("plain") + "</ETag><Checksum><ChecksumCRC64NVME>" +
                          checksum_of("CRC64NVME", "plain") +
                          "</ChecksumCRC64NVME><ChecksumType>FULL_OBJECT</ChecksumType></Checksum>"
                          "<StorageClass>STANDARD</StorageClass><ObjectSize>5</ObjectSize></") !=
          std::string::npos);
    CHECK(plain.header("Last-Modified") == "Tue, 14 Nov 2023 22:13:20 GMT");
    CHECK_FALSE(attributes(endpoint, "ObjectSize", {}, "plain").has_element("ETag"));
    for (const std::string names : {"", " ", ","})
        CHECK(attributes(endpoint, names, {}, "plain").status == 400);
    const auto unknown = attributes(endpoint, "ETag,Colour", {}, "plain");
    CHECK(unknown.outcome() == "400 InvalidArgument");
    CHECK(unknown.element("Message") == "Invalid attribute name specified.");
    CHECK(unknown.element("ArgumentValue") == "Colour");
    CHECK(attributes(endpoint, "ETag", {}, "none").outcome() == "404 NoSuchKey");

    const std::vector<std::string> bodies{text_of(five_mib, 1), text_of(five_mib, 2), "tail"};
    put_in_parts(endpoint, bodies);
    const auto hidden = attributes(endpoint, all);
    CHECK(hidden.element("PartsCount") == "3");
    CHECK_FALSE(hidden.has_element("Part"));
    CHECK_FALSE(hidden.has_element("MaxParts"));

    put_in_parts(endpoint, bodies, "SHA1");
    const auto composite = attributes(endpoint, all);
    CHECK(composite.element("ChecksumSHA1").find('-') == std::string::npos);
    CHECK(composite.element("ChecksumType") == "COMPOSITE");
    CHECK(composite.element("PartsCount") == "3");
    CHECK(composite.elements("PartNumber") == std::vector<std::string>{"1", "2", "3"});
    CHECK(composite.elements("Size") == std::vector<std::string>{"5242880", "5242880", "4"});
    CHECK(composite.elements("ChecksumSHA1").at(3) == checksum_of("SHA1", "tail"));
    const auto page = attributes(endpoint, "ObjectParts",
                                 {{"x-amz-max-parts", "1"}, {"x-amz-part-number-marker", "1"}});
    CHECK(page.elements("PartNumber") == std::vector<std::string>{"2"});
    CHECK(page.element("PartNumberMarker") == "1");
    CHECK(page.element("NextPartNumberMarker") == "2");
    CHECK(page.element("MaxParts") == "1");
    CHECK(page.element("IsTruncated") == "true");
    const auto beyond = attributes(endpoint, "ObjectParts", {{"x-amz-part-number-marker", "3"}});
    CHECK(beyond.element("NextPartNumberMarker") == "0");
    CHECK(beyond.element("IsTruncated") == "false");
    for (const std::string name : {"x-amz-max-parts", "x-amz-part-number-marker"})
        for (const std::string value : {"-1", "x", "2147483648"})
            CHECK(attributes(endpoint, "ObjectParts", {{name, value}}).element("ArgumentName") ==
                  name);
}

TEST_CASE("GetObjectTagging: an object without tags has an empty set (operations 9)",
          "[s3][objects]") {
    MemoryEndpoint endpoint;
    REQUIRE(endpoint.put("/photos/k", "x").status == 200);
    const auto tags = endpoint.get("/photos/k?tagging");
    CHECK(tags.status == 200);
    CHECK(tags.has_element("TagSet"));
    CHECK_FALSE(tags.has_element("Tag"));
    CHECK(endpoint.get("/photos/none?tagging").outcome() == "404 NoSuchKey");
    CHECK(endpoint.get("/photos/k?tagging&versionId=abc").outcome() == "404 NoSuchVersion");
}

}  // namespace holdfast::test
