// UploadPart and UploadPartCopy: spec multipart 5.8, 7 and 8.

#include "tests/component/s3/memory_endpoint.h"

namespace holdfast::test {

namespace {

using auth::PayloadMode;

std::string part_target(const std::string& id, const std::string& number = "1") {
    return "/photos/k?partNumber=" + number + "&uploadId=" + id;
}

struct Refusal {
    Request request;
    std::string outcome;
    std::string message;  ///< a piece of it
};

void check_refusals(MemoryEndpoint& endpoint, const std::vector<Refusal>& refusals) {
    const auto before = endpoint.state();
    for (const auto& row : refusals) {
        const auto answer = endpoint.send(row.request);
        INFO(row.outcome << " " << row.message << ": " << answer.body);
        CHECK(answer.outcome() == row.outcome);
        CHECK(answer.element("Message").find(row.message) != std::string::npos);
        CHECK(endpoint.state() == before);
    }
}

}  // namespace

TEST_CASE("UploadPart: answers with the ETag and what was verified (UP-04, UP-06, UP-07, ENC-60)",
          "[s3][multipart]") {
    MemoryEndpoint endpoint;
    const auto id = endpoint.start_upload("/photos/k");
    for (const std::size_t size : {std::size_t{0}, std::size_t{1}, std::size_t{200'000}}) {
        const std::string body(size, 'p');
        const auto answer = endpoint.send(Request("PUT", part_target(id)).body(body));
        REQUIRE(answer.status == 200);
        CHECK(answer.body.empty());
        CHECK(answer.header("ETag") == "\"" + hex_md5(body) + "\"");
        CHECK(answer.header("x-amz-server-side-encryption") == "AES256");
        CHECK_FALSE(answer.has("x-amz-checksum-type"));
        CHECK_FALSE(answer.has("x-amz-checksum-crc64nvme"));
        CHECK_FALSE(answer.has("x-amz-version-id"));
    }
    for (const auto* name : {"CRC32", "CRC32C", "CRC64NVME", "SHA1", "SHA256", "SHA512", "MD5",
                             "XXHASH64", "XXHASH3", "XXHASH128"}) {
        INFO(name);
        const auto header = std::string("x-amz-checksum-") + name;
        const auto value = checksum_of(name, "abc");
        const auto answer =
            endpoint.send(Request("PUT", part_target(id)).header(header, value).body("abc"));
        CHECK(answer.outcome() == "200");
        CHECK(answer.header(header) == value);  // CK-28: any algorithm, verified and echoed
    }
    // And then forgotten.
    const auto listed = endpoint.get("/photos/k?uploadId=" + id);
    CHECK_FALSE(listed.has_element("ChecksumXXHASH128"));
    CHECK_FALSE(listed.has_element("ChecksumAlgorithm"));
}

TEST_CASE("UploadPart: the part number (UP-01, LIM-01)", "[s3][multipart]") {
    MemoryEndpoint endpoint;
    const auto id = endpoint.start_upload("/photos/k");
    const auto before = endpoint.state();
    for (const std::string number :
         {"0", "-1", "10001", "1.0", "one", "", "99999999999999999999"}) {
        INFO(number);
        const auto answer = endpoint.put(part_target(id, number), "abc");
        CHECK(answer.outcome() == "400 InvalidArgument");
        CHECK(answer.element("Message") ==
              "Part number must be an integer between 1 and 10000, inclusive");
        CHECK(answer.element("ArgumentName") == "partNumber");
        CHECK(answer.element("ArgumentValue") == number);
    }
    CHECK(endpoint.state() == before);
    CHECK(endpoint.put(part_target(id, "1"), "abc").status == 200);
    CHECK(endpoint.put(part_target(id, "10000"), "abc").status == 200);
}

TEST_CASE("UploadPart: lengths (UP-02, UP-03, CK-35, UP-09)", "[s3][multipart]") {
    EndpointOptions options;
    options.put_bytes_max = 100'000;
    MemoryEndpoint endpoint(options);
    const auto id = endpoint.start_upload("/photos/k");
    endpoint.put_part("/photos/k", id, 1, "kept");
    const auto before = endpoint.state();

    const auto large = endpoint.put(part_target(id), std::string(100'001, 'x'));
    CHECK(large.outcome() == "400 EntityTooLarge");
    CHECK(large.element("ProposedSize") == "100001");
    CHECK(large.element("MaxSizeAllowed") == "100000");
    const auto unannounced = endpoint.send(Request("PUT", part_target(id))
                                               .payload(PayloadMode::unsigned_payload)
                                               .body(std::string(100'001, 'x'))
                                               .without_length());
    CHECK(unannounced.outcome() == "400 EntityTooLarge");

    const auto cut =
        endpoint.send(Request("PUT", part_target(id)).body(std::string(90'000, 'x')).cut_after(40));
    CHECK(cut.outcome() == "400 IncompleteBody");
    const auto late = endpoint.send(
        Request("PUT", part_target(id)).body(std::string(90'000, 'x')).cut_after(89'999));
    CHECK(late.outcome() == "400 IncompleteBody");
    CHECK(endpoint.state() == before);
    // The earlier part is what Complete takes.
    const auto done = endpoint.post("/photos/k?uploadId=" + id, part_list({{1, hex_md5("kept")}}));
    CHECK(done.status == 200);
    CHECK(endpoint.get("/photos/k").body == "kept");
}

TEST_CASE(
    "UploadPart: what the client says of its bytes is checked (CK-20 to CK-24, CK-29 to "
    "CK-34)",
    "[s3][multipart][checksum]") {
    MemoryEndpoint endpoint;
    const auto id = endpoint.start_upload("/photos/k");
    const auto put = [&] { return Request("PUT", part_target(id)).body("abc"); };
    const auto crc = checksum_of("CRC32", "abc");
    const auto streamed = [&](PayloadMode mode) { return put().payload(mode); };
    const std::string several = "Expecting a single x-amz-checksum- header";
    check_refusals(
        endpoint,
        {
            {put()
                 .header("x-amz-checksum-crc32", crc)
                 .header("x-amz-checksum-sha1", checksum_of("SHA1", "abc")),
             "400 InvalidRequest", several},
            {put().header("x-amz-checksum-crc32", crc).header("x-amz-checksum-crc32", crc),
             "400 InvalidRequest", several},
            {put().header("x-amz-checksum-crc32", crc).header("x-amz-checksum-sha1", ""),
             "400 InvalidRequest", several},
            {streamed(PayloadMode::unsigned_chunks_trailer)
                 .header("x-amz-checksum-crc32", crc)
                 .trailer("x-amz-checksum-crc32", crc),
             "400 InvalidRequest", several},
            {put().header("x-amz-checksum-crc32", ""), "400 InvalidRequest",
             "Value for x-amz-checksum-crc32 header is invalid."},
            {put().header("x-amz-checksum-crc32", "!!!!"), "400 InvalidRequest",
             "Value for x-amz-checksum-crc32 header is invalid."},
            {put().header("x-amz-checksum-sha1", crc), "400 InvalidRequest",
             "Value for x-amz-checksum-sha1 header is invalid."},
            {streamed(PayloadMode::unsigned_chunks_trailer).trailer("x-amz-checksum-crc32", "no"),
             "400 InvalidRequest", "Value for x-amz-checksum-crc32 trailing header is invalid."},
            {put().header("x-amz-checksum-foo", crc), "400 InvalidRequest",
             "The algorithm type you specified in x-amz-checksum- header is invalid."},
            {put().header("x-amz-sdk-checksum-algorithm", "CRC32"), "400 InvalidRequest",
             "x-amz-sdk-checksum-algorithm specified, but no corresponding"},
            {put()
                 .header("x-amz-sdk-checksum-algorithm", "SHA1")
                 .header("x-amz-checksum-crc32", crc),
             "400 InvalidRequest", "Value for x-amz-sdk-checksum-algorithm header is invalid."},
            {put().header("x-amz-checksum-crc32", checksum_of("CRC32", "abd")), "400 BadDigest",
             "The CRC32 you specified did not match the calculated checksum."},
            {put().header("x-amz-checksum-md5", checksum_of("MD5", "abd")), "400 BadDigest",
             "The MD5 you specified did not match"},
            {put().header("x-amz-checksum-sha256", checksum_of("SHA256", "abd")), "400 BadDigest",
             "The SHA256 you specified did not match"},
            {streamed(PayloadMode::signed_chunks_trailer)
                 .trailer("x-amz-checksum-crc64nvme", checksum_of("CRC64NVME", "abd")),
             "400 BadDigest", "The CRC64NVME you specified did not match"},
            {streamed(PayloadMode::unsigned_chunks_trailer).trailer("x-amz-meta-x", "1"),
             "400 InvalidRequest",
             "The value specified in the x-amz-trailer header is not supported"},
            {streamed(PayloadMode::unsigned_chunks_trailer)
                 .header("x-amz-trailer", "x-amz-checksum-crc32"),
             "400 MalformedTrailerError", ""},
            {streamed(PayloadMode::unsigned_chunks_trailer)
                 .header("x-amz-trailer", "x-amz-checksum-crc32")
                 .sent_trailer("x-amz-checksum-sha1", checksum_of("SHA1", "abc")),
             "400 MalformedTrailerError", ""},
            {streamed(PayloadMode::unsigned_chunks_trailer)
                 .sent_trailer("x-amz-checksum-crc32", crc),
             "400 MalformedTrailerError", ""},
            {put().header("Content-MD5", "abc"), "400 InvalidDigest", ""},
            {put().header("Content-MD5", ""), "400 InvalidDigest", ""},
            {put().header("Content-MD5", base64_md5("abd")), "400 BadDigest",
             "The Content-MD5 you specified did not match"},
            {put().fault(Fault::bad_hash), "400 XAmzContentSHA256Mismatch", ""},
        });
    const auto md5 = endpoint.send(put().header("Content-MD5", base64_md5("abd")));
    CHECK(md5.has_element("ExpectedDigest"));
    CHECK(md5.has_element("CalculatedDigest"));
    CHECK(endpoint.send(put().header("Content-MD5", "abc")).element("Content-MD5") == "abc");
    const auto hash = endpoint.send(put().fault(Fault::bad_hash));
    CHECK(hash.element("ClientComputedContentSHA256") == hex_sha256("abc?"));
    CHECK(hash.element("S3ComputedContentSHA256") == hex_sha256("abc"));
    const auto crc_wrong =
        endpoint.send(put().header("x-amz-checksum-crc32", checksum_of("CRC32", "abd")));
    CHECK_FALSE(crc_wrong.has_element("ExpectedDigest"));
}

TEST_CASE("UploadPart: the upload's algorithm and the part's (CK-25 to CK-27)",
          "[s3][multipart][checksum]") {
    MemoryEndpoint endpoint;
    const auto composite =
        endpoint.start_upload("/photos/k", {{"x-amz-checksum-algorithm", "CRC32"}});
    check_refusals(
        endpoint,
        {{Request("PUT", part_target(composite))
              .header("x-amz-checksum-sha1", checksum_of("SHA1", "abc"))
              .body("abc"),
          "400 InvalidRequest",
          "Checksum Type mismatch occurred, expected checksum Type: crc32, actual checksum Type: "
          "sha1"},
         {Request("PUT", part_target(composite)).body("abc"), "400 InvalidRequest",
          "Checksum Type mismatch occurred, expected checksum Type: crc32, actual checksum Type: "
          "null"}});
    const auto given =
        endpoint.send(Request("PUT", part_target(composite))
                          .payload(PayloadMode::unsigned_chunks_trailer)
                          .trailer("x-amz-checksum-crc32", checksum_of("CRC32", "abc"))
                          .body("abc"));
    CHECK(given.status == 200);
    CHECK(given.header("x-amz-checksum-crc32") == checksum_of("CRC32", "abc"));

    const auto full = endpoint.start_upload("/photos/k", {{"x-amz-checksum-algorithm", "CRC32C"},
                                                          {"x-amz-checksum-type", "FULL_OBJECT"}});
    const auto computed = endpoint.put(part_target(full), "abc");
    CHECK(computed.status == 200);
    CHECK(computed.header("x-amz-checksum-crc32c") == checksum_of("CRC32C", "abc"));
    const auto listed = endpoint.get("/photos/k?uploadId=" + full);
    CHECK(listed.element("ChecksumCRC32C") == checksum_of("CRC32C", "abc"));
    CHECK(listed.element("ChecksumType") == "FULL_OBJECT");
}

TEST_CASE("UploadPart: encryption headers (ENC-40, ENC-42)", "[s3][multipart]") {
    MemoryEndpoint endpoint;
    const auto id = endpoint.start_upload("/photos/k");
    CHECK(endpoint
              .send(Request("PUT", part_target(id))
                        .header("x-amz-server-side-encryption", "aws:kms")
                        .header("x-amz-server-side-encryption-aws-kms-key-id", "any")
                        .body("abc"))
              .outcome() == "200");
    check_refusals(endpoint,
                   {{Request("PUT", part_target(id))
                         .header("x-amz-server-side-encryption-customer-algorithm", "AES256")
                         .body("abc"),
                     "400 InvalidRequest", "The multipart upload initiate requested encryption."}});
}

TEST_CASE("UploadPart: the last to finish replaces a part (UP-08, RACE-01)", "[s3][multipart]") {
    MemoryEndpoint endpoint;
    const auto id = endpoint.start_upload("/photos/k");
    // The first to start is the last to finish: another request runs before its commit.
    Answer quick;
    const Request fast = Request("PUT", part_target(id)).body("quick");
    endpoint.rows.before_commit = [&]() -> base::Awaitable<void> {
        auto answer = co_await endpoint.serve(fast);
        quick = std::move(answer);
    };
    const auto slow = endpoint.put(part_target(id), "slow");
    REQUIRE(slow.status == 200);
    REQUIRE(quick.status == 200);
    CHECK(quick.header("ETag") == "\"" + hex_md5("quick") + "\"");
    const auto listed = endpoint.get("/photos/k?uploadId=" + id);
    CHECK(listed.elements("ETag") == std::vector<std::string>{slow.header("ETag")});
    CHECK(endpoint.post("/photos/k?uploadId=" + id, part_list({{1, quick.header("ETag")}}))
              .outcome() == "400 InvalidPart");
    CHECK(endpoint.collect_garbage() == 1);
    CHECK(endpoint.blobs.live() == 1);
    CHECK(endpoint.post("/photos/k?uploadId=" + id, part_list({{1, slow.header("ETag")}})).status ==
          200);
    CHECK(endpoint.get("/photos/k").body == "slow");
}

TEST_CASE(
    "UploadPart: an upload that ends while the body comes takes the part with it (UP-10, "
    "ABT-05, RACE-02)",
    "[s3][multipart]") {
    for (const bool complete : {false, true}) {
        MemoryEndpoint endpoint;
        const auto id = endpoint.start_upload("/photos/k");
        const auto etag = endpoint.put_part("/photos/k", id, 1, "first");
        const Request end =
            complete ? Request("POST", "/photos/k?uploadId=" + id).body(part_list({{1, etag}}))
                     : Request("DELETE", "/photos/k?uploadId=" + id);
        Answer ended;
        endpoint.rows.before_commit = [&]() -> base::Awaitable<void> {
            auto answer = co_await endpoint.serve(end);
            ended = std::move(answer);
        };
        const auto late = endpoint.put(part_target(id, "2"), std::string(100'000, 'x'));
        CHECK(ended.status == (complete ? 200U : 204U));
        CHECK(late.outcome() == "404 NoSuchUpload");
        endpoint.collect_garbage();
        CHECK(endpoint.blobs.live() == (complete ? 1U : 0U));
        if (complete) CHECK(endpoint.get("/photos/k").body == "first");
    }
}

TEST_CASE("UploadPart: parts of one number at once are one of them whole (RACE-01)",
          "[s3][multipart]") {
    MemoryEndpoint endpoint;
    const auto id = endpoint.start_upload("/photos/k");
    std::vector<Request> requests;
    std::vector<std::string> bodies;
    for (char c = 'a'; c < 'i'; ++c) {
        bodies.emplace_back(50'000 + (c - 'a') * 1000, c);
        requests.push_back(Request("PUT", part_target(id)).body(bodies.back()).pieces_of(1000));
    }
    const auto answers = endpoint.race(requests);
    for (std::size_t i = 0; i < answers.size(); ++i) {
        CHECK(answers[i].status == 200);
        CHECK(answers[i].header("ETag") == "\"" + hex_md5(bodies[i]) + "\"");
    }
    const auto winner = endpoint.get("/photos/k?uploadId=" + id).element("ETag");
    CHECK(endpoint.post("/photos/k?uploadId=" + id, part_list({{1, winner}})).status == 200);
    CHECK("\"" + hex_md5(endpoint.get("/photos/k").body) + "\"" == winner);
    endpoint.collect_garbage();
    CHECK(endpoint.blobs.live() == 1);
}

TEST_CASE("UploadPartCopy: copies a whole object or a range (UPC-08, UPC-12, UPC-13, UPC-16)",
          "[s3][multipart][copy]") {
    MemoryEndpoint endpoint;
    REQUIRE(endpoint.put("/photos/source%20%2B", "0123456789").status == 200);
    REQUIRE(endpoint.put("/photos/k", "the old k").status == 200);
    const auto id = endpoint.start_upload("/photos/k", {{"x-amz-checksum-algorithm", "SHA256"}});
    struct Row {
        std::string source;
        std::string range;
        std::string bytes;
    };
    const Row rows[] = {
        {"photos/source%20%2B", "", "0123456789"},
        {"/photos/source%20%2B", "bytes=2-5", "2345"},
        {"%2Fphotos%2Fsource%20%2B", "bytes=0-0", "0"},
        {"/photos/source%20%2B?versionId=null", "bytes=9-9", "9"},
        {"/photos/k", "", "the old k"},
    };
    for (const auto& row : rows) {
        INFO(row.source << " " << row.range);
        Request request("PUT", part_target(id));
        request.header("x-amz-copy-source", row.source);
        if (!row.range.empty()) request.header("x-amz-copy-source-range", row.range);
        const auto answer = endpoint.send(request);
        INFO(answer.body);
        REQUIRE(answer.status == 200);
        CHECK(answer.body.find("<CopyPartResult ") != std::string::npos);
        CHECK(answer.element("LastModified") == "2023-11-14T22:13:20.000Z");
        CHECK(answer.element("ETag") == "\"" + hex_md5(row.bytes) + "\"");
        CHECK(answer.element("ChecksumSHA256") == checksum_of("SHA256", row.bytes));
        CHECK_FALSE(answer.has("x-amz-copy-source-version-id"));
        CHECK(answer.header("x-amz-server-side-encryption") == "AES256");
    }
    const auto plain = endpoint.start_upload("/photos/k");
    const auto copied =
        endpoint.send(Request("PUT", part_target(plain)).header("x-amz-copy-source", "/photos/k"));
    CHECK(copied.status == 200);
    CHECK(copied.body.find("Checksum") == std::string::npos);
}

TEST_CASE("UploadPartCopy: refusals (UPC-01 to UPC-07, UPC-11)", "[s3][multipart][copy]") {
    MemoryEndpoint endpoint;
    REQUIRE(endpoint.put("/photos/source", "0123456789").status == 200);
    const auto etag = "\"" + hex_md5("0123456789") + "\"";
    REQUIRE(endpoint
                .send(Request("PUT", "/photos/frozen")
                          .header("x-amz-storage-class", "GLACIER")
                          .body("ice"))
                .status == 200);
    const auto id = endpoint.start_upload("/photos/k");
    const auto from = [&](const std::string& source) {
        return Request("PUT", part_target(id)).header("x-amz-copy-source", source);
    };
    const auto ranged = [&](const std::string& range) {
        return from("/photos/source").header("x-amz-copy-source-range", range);
    };
    const auto when = [&](const std::string& name, const std::string& value) {
        return from("/photos/source").header("x-amz-copy-source-" + name, value);
    };
    const std::string form = "The x-amz-copy-source-range value must be of the form";
    const std::string past = "Tue, 14 Nov 2023 22:13:10 GMT";
    check_refusals(
        endpoint,
        {
            {Request("PUT", part_target(id, "0")).header("x-amz-copy-source", "%zz"),
             "400 InvalidArgument", "Part number"},
            {from("/photos/source%zz"), "400 InvalidArgument", "Invalid copy source encoding"},
            {from("/Photos_/source"), "400 InvalidArgument", "Invalid copy source bucket name"},
            {from("/photos"), "400 InvalidArgument", "Invalid copy source object key"},
            {from("/photos/"), "400 InvalidArgument", "Invalid copy source object key"},
            {from("/nowhere/source"), "404 NoSuchBucket", ""},
            {from("/photos/nothing"), "404 NoSuchKey", ""},
            {from("/photos/source?versionId=abc"), "404 NoSuchVersion", ""},
            {from("/photos/frozen"), "403 InvalidObjectState", ""},
            {from("/photos/source").header("x-amz-source-expected-bucket-owner", "999999999999"),
             "403 AccessDenied", ""},
            {from("/photos/source").header("x-amz-source-expected-bucket-owner", "me"),
             "400 InvalidBucketOwnerAWSAccountID", ""},
            {ranged("0-8"), "400 InvalidArgument", form},
            {ranged("bytes=1-"), "400 InvalidArgument", form},
            {ranged("bytes=-2"), "400 InvalidArgument", form},
            {ranged("bytes=1-0"), "400 InvalidArgument", form},
            {ranged("bytes=0-1,2-3"), "400 InvalidArgument", form},
            {ranged("bytes=5-10"), "400 InvalidArgument",
             "Range specified is not valid for source object of size: 10"},
            {ranged("bytes=10-20"), "400 InvalidRequest",
             "The specified copy range is invalid for the source object size"},
            {when("if-match", "\"other\""), "412 PreconditionFailed", ""},
            {when("if-none-match", etag), "412 PreconditionFailed", ""},
            {when("if-none-match", "*"), "412 PreconditionFailed", ""},
            {when("if-unmodified-since", past), "412 PreconditionFailed", ""},
            {when("if-modified-since", "Tue, 14 Nov 2023 22:13:20 GMT"), "412 PreconditionFailed",
             ""},
            {Request("PUT", part_target("unknown")).header("x-amz-copy-source", "/photos/nothing"),
             "404 NoSuchUpload", ""},
        });
    CHECK(endpoint.send(when("if-match", "x")).element("Condition") ==
          "x-amz-copy-source-If-Match");
    CHECK(endpoint.send(when("if-none-match", "*")).element("Condition") ==
          "x-amz-copy-source-If-None-Match");
    CHECK(endpoint.send(when("if-unmodified-since", past)).element("Condition") ==
          "x-amz-copy-source-If-Unmodified-Since");
    CHECK(
        endpoint.send(when("if-match", etag).header("x-amz-copy-source-if-unmodified-since", past))
            .outcome() == "200");
    CHECK(endpoint
              .send(when("if-none-match", "\"x\"")
                        .header("x-amz-copy-source-if-modified-since",
                                "Tue, 14 Nov 2023 22:13:20 GMT"))
              .outcome() == "200");
    CHECK(endpoint.send(when("if-modified-since", "Tue, 14 Nov 2033 22:13:20 GMT")).outcome() ==
          "200");
    CHECK(endpoint.send(ranged("bytes=5-10")).element("ArgumentValue") == "bytes=5-10");
}

TEST_CASE("UploadPartCopy: a source that is overwritten meanwhile is never mixed (UPC-15)",
          "[s3][multipart][copy]") {
    MemoryEndpoint endpoint;
    const std::string old_bytes(300'000, 'o');
    REQUIRE(endpoint.put("/photos/source", old_bytes).status == 200);
    const auto id = endpoint.start_upload("/photos/k");
    const Request overwrite = Request("PUT", "/photos/source").body(std::string(300'000, 'n'));
    endpoint.rows.after_get = [&]() -> base::Awaitable<void> {
        auto answer = co_await endpoint.serve(overwrite);
        REQUIRE(answer.status == 200);
    };
    const auto copied = endpoint.send(
        Request("PUT", part_target(id)).header("x-amz-copy-source", "/photos/source"));
    REQUIRE(copied.status == 200);
    const auto etag = copied.element("ETag");
    CHECK((etag == "\"" + hex_md5(old_bytes) + "\"" ||
           etag == "\"" + hex_md5(std::string(300'000, 'n')) + "\""));
}

}  // namespace holdfast::test
