// CreateMultipartUpload and the routes of the family: spec multipart 2, 3, 5 and 6.

#include "tests/component/s3/memory_endpoint.h"

namespace holdfast::test {

namespace {

constexpr const char* create = "/photos/cat.jpg?uploads";

Answer create_with(MemoryEndpoint& endpoint, const http::Headers& headers) {
    Request request("POST", create);
    for (const auto& [name, value] : headers) request.header(name, value);
    return endpoint.send(request);
}

}  // namespace

TEST_CASE("CreateMultipartUpload: answers with bucket, key and id in this order (CMU-03, GEN-01)",
          "[s3][multipart]") {
    MemoryEndpoint endpoint;
    const auto answer = endpoint.post("/photos/a%20%26%3Cb%3E/%2B?uploads");
    REQUIRE(answer.status == 200);
    CHECK(answer.header("Content-Type") == "application/xml");
    CHECK(answer.body.rfind("<?xml version=\"1.0\" encoding=\"UTF-8\"?>", 0) == 0);
    CHECK(answer.body.find("<InitiateMultipartUploadResult "
                           "xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Bucket>photos"
                           "</Bucket><Key>a &amp;&lt;b&gt;/+</Key><UploadId>") !=
          std::string::npos);
    CHECK(answer.header("x-amz-server-side-encryption") == "AES256");
    CHECK_FALSE(answer.has("x-amz-checksum-algorithm"));
    CHECK(answer.header("x-amz-request-id").size() == 16);
    CHECK(answer.has("x-amz-id-2"));
}

TEST_CASE(
    "CreateMultipartUpload: ids are fresh, of safe characters and in the order of making "
    "(CMU-05, GEN-06)",
    "[s3][multipart]") {
    MemoryEndpoint endpoint;
    std::string previous;
    for (int i = 0; i < 20; ++i) {
        const auto id = endpoint.start_upload("/photos/cat.jpg");
        CHECK(id.size() <= 200);
        CHECK(id.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
                                   "._-") == std::string::npos);
        CHECK(id > previous);
        previous = id;
        endpoint.clock.advance(std::chrono::milliseconds(1));
    }
}

TEST_CASE("CreateMultipartUpload: the checksum settings (CK-01 to CK-05)", "[s3][multipart]") {
    MemoryEndpoint endpoint;
    struct Row {
        std::string algorithm;
        std::string type;
        std::string outcome;
        std::string echo;  ///< algorithm/type
    };
    const Row rows[] = {
        {"CRC32", "", "200", "CRC32/COMPOSITE"},
        {"crc32c", "FULL_OBJECT", "200", "CRC32C/FULL_OBJECT"},
        {"CRC64NVME", "", "200", "CRC64NVME/FULL_OBJECT"},
        {"CRC64NVME", "COMPOSITE", "400 InvalidRequest", ""},
        {"SHA1", "", "200", "SHA1/COMPOSITE"},
        {"SHA256", "composite", "200", "SHA256/COMPOSITE"},
        {"SHA256", "FULL_OBJECT", "400 InvalidRequest", ""},
        {"SHA512", "", "200", "SHA512/COMPOSITE"},
        {"MD5", "", "200", "MD5/COMPOSITE"},
        {"XXHASH64", "", "200", "XXHASH64/COMPOSITE"},
        {"XXHASH3", "", "200", "XXHASH3/COMPOSITE"},
        {"XXHASH128", "FULL_OBJECT", "400 InvalidRequest", ""},
        {"CRC31", "", "400 InvalidRequest", ""},
        {"", "COMPOSITE", "400 InvalidRequest", ""},
        {"CRC32", "HALF", "400 InvalidRequest", ""},
    };
    for (const auto& row : rows) {
        INFO(row.algorithm << " " << row.type);
        http::Headers headers;
        if (!row.algorithm.empty()) headers.emplace_back("x-amz-checksum-algorithm", row.algorithm);
        if (!row.type.empty()) headers.emplace_back("x-amz-checksum-type", row.type);
        const auto before = endpoint.state();
        const auto answer = create_with(endpoint, headers);
        CHECK(answer.outcome() == row.outcome);
        if (answer.status == 200)
            CHECK(answer.header("x-amz-checksum-algorithm") + "/" +
                      answer.header("x-amz-checksum-type") ==
                  row.echo);
        else
            CHECK(endpoint.state() == before);
    }
    CHECK(create_with(endpoint, {{"x-amz-checksum-type", "COMPOSITE"}}).element("Message") ==
          "The x-amz-checksum-type header can only be used with the x-amz-checksum-algorithm "
          "header.");
    CHECK(create_with(endpoint, {{"x-amz-checksum-algorithm", "SHA1"},
                                 {"x-amz-checksum-type", "FULL_OBJECT"}})
              .element("Message") ==
          "The FULL_OBJECT checksum type cannot be used with the sha1 checksum algorithm.");
}

TEST_CASE(
    "CreateMultipartUpload: each wrong parameter has its own answer and leaves no trace "
    "(CMU-01, ORD-12)",
    "[s3][multipart]") {
    MemoryEndpoint endpoint;
    struct Row {
        http::Headers headers;
        std::string outcome;
        std::string field;
        std::string value;
    };
    const std::string sse = "x-amz-server-side-encryption";
    const Row rows[] = {
        {{{"x-amz-storage-class", "standard"}},
         "400 InvalidStorageClass",
         "StorageClassRequested",
         "standard"},
        {{{"x-amz-storage-class", "OUTPOSTS"}},
         "400 InvalidStorageClass",
         "StorageClassRequested",
         "OUTPOSTS"},
        {{{"x-amz-meta-a", std::string(2048, 'x')}},
         "400 MetadataTooLarge",
         "MaxSizeAllowed",
         "2048"},
        {{{"x-amz-acl", "everyone"}}, "400 InvalidArgument", "ArgumentName", "x-amz-acl"},
        {{{"x-amz-acl", "private"}, {"x-amz-grant-read", "id=1"}}, "400 InvalidRequest", "", ""},
        {{{"x-amz-grant-read", "nobody"}},
         "400 InvalidArgument",
         "ArgumentName",
         "x-amz-grant-read"},
        {{{"x-amz-grant-read", "id=\"unknown\""}}, "400 InvalidArgument", "ArgumentName", "id"},
        {{{"x-amz-grant-read", "uri=http://example.com/"}},
         "400 InvalidArgument",
         "ArgumentName",
         "uri"},
        {{{"x-amz-grant-read", "emailAddress=a@example.com"}},
         "400 UnresolvableGrantByEmailAddress",
         "",
         ""},
        {{{"x-amz-acl", "public-read"}}, "400 AccessControlListNotSupported", "", ""},
        {{{"x-amz-acl", "private"}}, "400 AccessControlListNotSupported", "", ""},
        {{{sse, "aws:fsx"}}, "400 InvalidArgument", "ArgumentValue", "aws:fsx"},
        {{{sse + "-aws-kms-key-id", "x"}}, "400 InvalidArgument", "ArgumentName", sse},
        {{{sse + "-bucket-key-enabled", "maybe"}},
         "400 InvalidArgument",
         "ArgumentName",
         sse + "-bucket-key-enabled"},
        {{{"x-amz-website-redirect-location", "ftp://x"}}, "400 InvalidRedirectLocation", "", ""},
        {{{"x-amz-website-redirect-location", "/" + std::string(2048, 'x')}},
         "400 InvalidArgument",
         "ArgumentName",
         "x-amz-website-redirect-location"},
        {{{"x-amz-storage-class", "nope"}, {"x-amz-acl", "everyone"}},
         "400 InvalidStorageClass",
         "",
         ""},
        {{{"x-amz-acl", "everyone"}, {sse, "none"}},
         "400 InvalidArgument",
         "ArgumentName",
         "x-amz-acl"},
        {{{"x-amz-acl", "public-read"}, {"x-amz-checksum-algorithm", "CRC31"}},
         "400 InvalidRequest",
         "",
         ""},
        {{{"x-amz-storage-class", "nope"}, {"x-amz-checksum-algorithm", "CRC31"}},
         "400 InvalidStorageClass",
         "",
         ""},
    };
    const auto before = endpoint.state();
    for (const auto& row : rows) {
        INFO(row.headers.front().first << ": " << row.headers.front().second);
        const auto answer = create_with(endpoint, row.headers);
        CHECK(answer.outcome() == row.outcome);
        if (!row.field.empty()) CHECK(answer.element(row.field) == row.value);
        CHECK(endpoint.state() == before);
    }
}

TEST_CASE("CreateMultipartUpload: what is not built is named and nothing happens (ORD-12)",
          "[s3][multipart][unbuilt]") {
    MemoryEndpoint endpoint;
    const auto before = endpoint.state();
    for (const auto& [name, value] :
         http::Headers{{"x-amz-tagging", "team=red"},
                       {"x-amz-object-lock-mode", "GOVERNANCE"},
                       {"x-amz-object-lock-retain-until-date", "2030-01-01T00:00:00Z"},
                       {"x-amz-object-lock-legal-hold", "ON"},
                       {"x-amz-server-side-encryption", "aws:kms"},
                       {"x-amz-server-side-encryption", "aws:kms:dsse"},
                       {"x-amz-server-side-encryption-customer-algorithm", "AES256"},
                       {"x-amz-server-side-encryption-customer-key", "a2V5"},
                       {"x-amz-server-side-encryption-something", "x"}}) {
        INFO(name << ": " << value);
        for (const auto* method : {"POST", "PUT"}) {
            const std::string target = std::string(method) == "POST" ? create : "/photos/cat.jpg";
            const auto answer = endpoint.send(Request(method, target).header(name, value).body(""));
            CHECK(answer.outcome() == "501 NotImplemented");
            CHECK(answer.element("Header") == name);
            CHECK(endpoint.state() == before);
        }
    }
}

TEST_CASE(
    "CreateMultipartUpload: accepted and without effect (ACL-09, TAG-07, ENC-02, ENC-20, "
    "CMU-02, GEN-05)",
    "[s3][multipart]") {
    MemoryEndpoint endpoint;
    for (const auto& header :
         http::Headers{{"x-amz-acl", "bucket-owner-full-control"},
                       {"x-amz-grant-full-control", "id=" + canonical_id},
                       {"x-amz-tagging", ""},
                       {"x-amz-tagging", "&&"},
                       {"x-amz-server-side-encryption", "AES256"},
                       {"x-amz-server-side-encryption-bucket-key-enabled", "TRUE"},
                       {"If-Match", "\"x\""},
                       {"If-None-Match", "*"},
                       {"x-amz-request-payer", "requester"},
                       {"x-amz-expected-bucket-owner", std::string(account_id)}}) {
        INFO(header.first << ": " << header.second);
        const auto answer = create_with(endpoint, {header});
        CHECK(answer.outcome() == "200");
        CHECK_FALSE(answer.has("x-amz-request-charged"));
    }
}

TEST_CASE("CreateMultipartUpload: a body must be empty or white space (RT-16)", "[s3][multipart]") {
    MemoryEndpoint endpoint;
    CHECK(endpoint.post(create, " \r\n\t").outcome() == "200");
    const auto before = endpoint.state();
    const auto answer = endpoint.post(create, "<x/>");
    CHECK(answer.outcome() == "400 InvalidRequest");
    CHECK(answer.element("Message").find("must not include a non-empty body") != std::string::npos);
    CHECK(endpoint.post(create, std::string(100'000, ' ')).status == 400);
    CHECK(endpoint.state() == before);
}

TEST_CASE("Multipart: routes that look like an operation and are none (RT-10 to RT-15)",
          "[s3][multipart]") {
    MemoryEndpoint endpoint;
    const auto before = endpoint.state();
    const auto alone = endpoint.put("/photos/k?partNumber=1");
    CHECK(alone.outcome() == "400 InvalidArgument");
    CHECK(alone.element("Message") == "This operation does not accept partNumber without uploadId");
    CHECK(alone.element("ArgumentName") == "partNumber");

    const auto numberless = endpoint.put("/photos/k?uploadId=x");
    CHECK(numberless.outcome() == "405 MethodNotAllowed");
    CHECK(numberless.header("Allow") == "DELETE, POST, GET");
    CHECK(numberless.element("Method") == "PUT");
    CHECK(numberless.element("ResourceType") == "UPLOAD");

    const auto listed = endpoint.get("/photos/k?uploads");
    CHECK(listed.outcome() == "400 InvalidRequest");
    CHECK(listed.element("Message") ==
          "Key is not expected for the GET method ?uploads subresource");

    const auto copied = endpoint.send(
        Request("POST", "/photos/k?uploadId=x").header("x-amz-copy-source", "/photos/other"));
    CHECK(copied.outcome() == "400 InvalidArgument");
    CHECK(copied.element("ArgumentName") == "x-amz-copy-source");
    CHECK(copied.element("ArgumentValue") == "/photos/other");

    CHECK(endpoint.post("/photos?uploads").outcome() == "405 MethodNotAllowed");
    CHECK(endpoint.get("/photos/k?uploadId=").outcome() == "404 NoSuchUpload");
    CHECK(endpoint.remove("/photos/k?uploadId").outcome() == "404 NoSuchUpload");
    CHECK(endpoint.state() == before);
}

TEST_CASE("Multipart: the virtual-hosted style behaves as the path style (RT-01 to RT-07)",
          "[s3][multipart]") {
    MemoryEndpoint endpoint;
    const auto hosted = [&](const char* method, const std::string& target, std::string body = "") {
        return endpoint.send(Request(method, target)
                                 .header("Host", "photos.s3.example.test:9000")
                                 .body(std::move(body)));
    };
    const auto made = hosted("POST", "/cat.jpg?uploads=");
    REQUIRE(made.status == 200);
    CHECK(made.element("Bucket") == "photos");
    const auto id = made.element("UploadId");
    const auto part = hosted("PUT", "/cat.jpg?partNumber=1&uploadId=" + id, "abc");
    REQUIRE(part.status == 200);
    CHECK(endpoint.get("/photos/cat.jpg?uploadId=" + id).elements("PartNumber").size() == 1);
    CHECK(hosted("GET", "/?uploads").element("UploadId") == id);
    const auto done =
        hosted("POST", "/cat.jpg?uploadId=" + id, part_list({{1, part.header("ETag")}}));
    CHECK(done.status == 200);
    CHECK(done.element("Location") == "http://photos.s3.example.test:9000/cat.jpg");
    CHECK(hosted("GET", "/cat.jpg").body == "abc");
}

TEST_CASE("Multipart: the order of double faults (ORD-01 to ORD-10)", "[s3][multipart]") {
    MemoryEndpoint endpoint;
    const auto long_key = "/photos/" + std::string(1025, 'k');
    struct Row {
        Request request;
        std::string outcome;
    };
    const std::string strangers = "999999999999";
    const Row rows[] = {
        // The key's length before the route and the signature.
        {Request("PUT", long_key + "?uploadId=x").fault(Fault::bad_signature),
         "400 KeyTooLongError"},
        // The route before the signature.
        {Request("PUT", "/photos/k?uploadId=x").fault(Fault::bad_signature),
         "405 MethodNotAllowed"},
        // The signature before the bucket.
        {Request("POST", "/nowhere/k?uploads").fault(Fault::bad_signature),
         "403 SignatureDoesNotMatch"},
        // The bucket before the copy source's syntax and the expected owner.
        {Request("PUT", "/nowhere/k?partNumber=1&uploadId=x").header("x-amz-copy-source", "%zz"),
         "404 NoSuchBucket"},
        {Request("POST", "/nowhere/k?uploads").header("x-amz-expected-bucket-owner", "abc"),
         "404 NoSuchBucket"},
        // The owner before the syntax.
        {Request("POST", create)
             .header("x-amz-expected-bucket-owner", strangers)
             .header("x-amz-storage-class", "nope"),
         "403 AccessDenied"},
        {Request("POST", create).header("x-amz-expected-bucket-owner", "12345"),
         "400 InvalidBucketOwnerAWSAccountID"},
        // The part number before the upload.
        {Request("PUT", "/photos/k?partNumber=0&uploadId=x"), "400 InvalidArgument"},
        // A bad document before the upload.
        {Request("POST", "/photos/k?uploadId=x").body("<x"), "400 MalformedXML"},
        {Request("POST", "/photos/k?uploadId=x").body(part_list({{1, "\"e\""}})),
         "404 NoSuchUpload"},
    };
    const auto before = endpoint.state();
    for (const auto& row : rows) {
        const auto answer = endpoint.send(row.request);
        INFO(answer.body);
        CHECK(answer.outcome() == row.outcome);
        CHECK(endpoint.state() == before);
    }
    CHECK(endpoint.send(Request("POST", create).signing(Signing::anonymous)).element("Message") ==
          "Anonymous users cannot initiate multipart uploads. Please authenticate.");
    CHECK(endpoint
              .send(Request("PUT", "/photos/k?partNumber=1&uploadId=x")
                        .header("x-amz-copy-source", "/photos/x")
                        .signing(Signing::anonymous))
              .element("Message") == "Anonymous users cannot copy objects. Please authenticate.");
}

TEST_CASE("Multipart: an upload belongs to its bucket and its key (GEN-07, GEN-08, ABT-02)",
          "[s3][multipart]") {
    MemoryEndpoint endpoint;
    REQUIRE(endpoint.put("/films").status == 200);
    const auto id = endpoint.start_upload("/photos/cat.jpg");
    const auto etag = endpoint.put_part("/photos/cat.jpg", id, 1, "abc");
    REQUIRE(endpoint.put("/photos/source", "0123456789").status == 200);
    for (const std::string path : {"/photos/dog.jpg", "/films/cat.jpg"}) {
        const Request requests[] = {
            Request("PUT", path + "?partNumber=1&uploadId=" + id).body("x"),
            Request("PUT", path + "?partNumber=1&uploadId=" + id)
                .header("x-amz-copy-source", "/photos/source"),
            Request("POST", path + "?uploadId=" + id).body(part_list({{1, etag}})),
            Request("GET", path + "?uploadId=" + id),
            Request("DELETE", path + "?uploadId=" + id),
        };
        for (const auto& request : requests) {
            const auto answer = endpoint.send(request);
            CHECK(answer.outcome() == "404 NoSuchUpload");
            CHECK(answer.element("UploadId") == id);
        }
    }
    CHECK(endpoint.post("/photos/cat.jpg?uploadId=" + id, part_list({{1, etag}})).status == 200);
}

TEST_CASE(
    "CreateMultipartUpload: what was said comes back with the object (MET-01 to MET-05, "
    "STC-03, WEB-03, GEN-09, MET-07)",
    "[s3][multipart]") {
    MemoryEndpoint endpoint;
    const auto id = endpoint.start_upload(
        "/photos/cat.jpg", {{"Cache-Control", "max-age=60"},
                            {"Content-Disposition", "attachment; filename=\"c.jpg\""},
                            {"Content-Encoding", "aws-chunked,gzip"},
                            {"Content-Language", "de"},
                            {"Content-Type", "image/jpeg"},
                            {"Expires", "soon"},
                            {"x-amz-meta-Team", "red"},
                            {"x-amz-meta-team", "blue"},
                            {"x-amz-storage-class", "STANDARD_IA"},
                            {"x-amz-website-redirect-location", "/elsewhere"}});
    const auto part = endpoint.send(Request("PUT", "/photos/cat.jpg?partNumber=1&uploadId=" + id)
                                        .header("x-amz-meta-late", "1")
                                        .header("Content-Type", "text/plain")
                                        .body("abc"));
    REQUIRE(part.status == 200);
    REQUIRE(endpoint
                .send(Request("POST", "/photos/cat.jpg?uploadId=" + id)
                          .header("x-amz-meta-later", "1")
                          .header("Cache-Control", "no-store")
                          .header("x-amz-acl", "public-read")
                          .body(part_list({{1, part.header("ETag")}})))
                .status == 200);
    for (const auto* method : {"GET", "HEAD"}) {
        const auto read = endpoint.send(Request(method, "/photos/cat.jpg"));
        CHECK(read.status == 200);
        CHECK(read.header("Cache-Control") == "max-age=60");
        CHECK(read.header("Content-Disposition") == "attachment; filename=\"c.jpg\"");
        CHECK(read.header("Content-Encoding") == "gzip");
        CHECK(read.header("Content-Language") == "de");
        CHECK(read.header("Content-Type") == "image/jpeg");
        CHECK(read.header("Expires") == "soon");
        CHECK(read.header("x-amz-meta-team") == "red,blue");
        CHECK(read.header("x-amz-storage-class") == "STANDARD_IA");
        CHECK(read.header("x-amz-website-redirect-location") == "/elsewhere");
        CHECK(read.header("x-amz-server-side-encryption") == "AES256");
        CHECK_FALSE(read.has("x-amz-meta-late"));
        CHECK_FALSE(read.has("x-amz-meta-later"));
    }
}

TEST_CASE("CreateMultipartUpload: a key is untouched until Complete (CMU-06)", "[s3][multipart]") {
    MemoryEndpoint endpoint;
    const auto id = endpoint.start_upload("/photos/new");
    endpoint.put_part("/photos/new", id, 1, "abc");
    CHECK(endpoint.get("/photos/new").outcome() == "404 NoSuchKey");
    CHECK(endpoint.get("/photos").elements("Contents").empty());
    REQUIRE(endpoint.put("/photos/old", "old").status == 200);
    const auto other = endpoint.start_upload("/photos/old");
    endpoint.put_part("/photos/old", other, 1, "new");
    CHECK(endpoint.get("/photos/old").body == "old");
}

}  // namespace holdfast::test
