// CompleteMultipartUpload and reading by part: spec multipart 9, 13 and 15.

#include <algorithm>
#include <map>

#include "tests/component/s3/memory_endpoint.h"

namespace holdfast::test {

namespace {

using Parts = std::vector<std::pair<int, std::string>>;

/// A part of 5 MiB, the smallest that need not be the last.
const std::string& big(char letter) {
    static std::map<char, std::string> made;
    return made.try_emplace(letter, five_mib, letter).first->second;
}

/// One part of a list, with a checksum.
std::string listed(int number, const std::string& etag, const std::string& name,
                   const std::string& value) {
    return "<Part><PartNumber>" + std::to_string(number) + "</PartNumber><ETag>" + etag +
           "</ETag><" + name + ">" + value + "</" + name + "></Part>";
}

std::string wrapped(const std::string& parts) {
    return "<CompleteMultipartUpload>" + parts + "</CompleteMultipartUpload>";
}

/// An upload of /photos/k and what is asked of it.
struct Upload {
    explicit Upload(MemoryEndpoint& on, const http::Headers& headers = {})
        : endpoint(on), id(on.start_upload("/photos/k", headers)) {}

    Upload& part(int number, const std::string& body, const std::string& algorithm = "") {
        Request request("PUT",
                        "/photos/k?partNumber=" + std::to_string(number) + "&uploadId=" + id);
        if (!algorithm.empty())
            request.header("x-amz-checksum-" + algorithm, checksum_of(algorithm, body));
        const auto answer = endpoint.send(request.body(body));
        INFO(answer.body);
        REQUIRE(answer.status == 200);
        parts.emplace_back(number, answer.header("ETag"));
        return *this;
    }
    [[nodiscard]] Request request(const std::string& document) const {
        return Request("POST", "/photos/k?uploadId=" + id).body(document);
    }
    [[nodiscard]] Request request() const { return request(part_list(parts)); }
    [[nodiscard]] Answer complete() const { return endpoint.send(request()); }
    [[nodiscard]] Answer complete(const std::string& document) const {
        return endpoint.send(request(document));
    }

    MemoryEndpoint& endpoint;
    std::string id;
    Parts parts;
};

}  // namespace

TEST_CASE(
    "CompleteMultipartUpload: the object is the listed parts in order (CPL-41 to CPL-43, "
    "CPL-46, CPL-47)",
    "[s3][multipart]") {
    MemoryEndpoint endpoint;
    Upload upload(endpoint);
    upload.part(5, "tail").part(1, big('A')).part(3, big('B')).part(4, "not listed");
    endpoint.clock.advance(std::chrono::hours(1));
    const Parts chosen{
        {1, upload.parts[1].second}, {3, upload.parts[2].second}, {5, upload.parts[0].second}};
    const auto answer = endpoint.send(upload.request(part_list(chosen)));
    REQUIRE(answer.status == 200);
    const auto whole = big('A') + big('B') + "tail";
    std::string digests;
    for (const auto& piece : {big('A'), big('B'), std::string("tail")}) {
        const auto raw = base::from_hex(hex_md5(piece));
        digests += base::as_text(*raw);
    }
    const auto etag = "\"" + hex_md5(digests) + "-3\"";
    CHECK(answer.element("Location") == "http://127.0.0.1:9000/photos/k");
    CHECK(answer.element("Bucket") == "photos");
    CHECK(answer.element("Key") == "k");
    CHECK(answer.element("ETag") == etag);
    CHECK(answer.element("ChecksumCRC64NVME") == checksum_of("CRC64NVME", whole));
    CHECK(answer.element("ChecksumType") == "FULL_OBJECT");
    CHECK_FALSE(answer.has("x-amz-version-id"));

    const auto read = endpoint.get("/photos/k");
    CHECK(read.body == whole);
    CHECK(read.header("ETag") == etag);
    CHECK(read.header("Last-Modified") == "Tue, 14 Nov 2023 22:13:20 GMT");  // of the initiation
    CHECK(endpoint.collect_garbage() == 1);
    CHECK(endpoint.blobs.live() == 3);
    // Ranges over the seams.
    const auto range =
        endpoint.send(Request("GET", "/photos/k").header("Range", "bytes=5242879-10485760"));
    CHECK(range.status == 206);
    CHECK(range.body == "A" + big('B') + "t");
}

TEST_CASE("CompleteMultipartUpload: the location is encoded as AWS does (CPL-46)",
          "[s3][multipart]") {
    MemoryEndpoint endpoint;
    const std::string path = "/photos/a%20b/%C3%A4%2B";
    const auto id = endpoint.start_upload(path);
    const auto etag = endpoint.put_part(path, id, 1, "x");
    const auto answer = endpoint.post(path + "?uploadId=" + id, part_list({{1, etag}}));
    CHECK(answer.element("Location") == "http://127.0.0.1:9000/photos/a+b%2F%C3%A4%2B");
}

TEST_CASE("CompleteMultipartUpload: documents that are wrong (CPL-01 to CPL-06, LIM-13)",
          "[s3][multipart]") {
    MemoryEndpoint endpoint;
    Upload upload(endpoint);
    upload.part(1, "abc");
    const auto etag = upload.parts[0].second;
    std::string many = "<CompleteMultipartUpload>";
    for (int i = 1; i <= 10'001; ++i)
        many += "<Part><PartNumber>" + std::to_string(i) + "</PartNumber><ETag>e</ETag></Part>";
    many += "</CompleteMultipartUpload>";
    struct Row {
        Request request;
        std::string outcome;
        std::string message;
    };
    const auto good = [&] { return upload.request(); };
    const Row rows[] = {
        {good().header("Content-Type", "application/x-www-form-urlencoded"), "400 InvalidRequest",
         ""},
        {upload.request(""), "400 InvalidRequest", "You must specify at least one part"},
        {upload.request("<CompleteMultipartUpload>"), "400 MalformedXML", ""},
        {upload.request("<Complete></Complete>"), "400 MalformedXML", ""},
        {upload.request(wrapped("")), "400 MalformedXML", ""},
        {upload.request(wrapped("<Part><PartNumber>1</PartNumber></Part>")), "400 MalformedXML",
         ""},
        {upload.request(wrapped("<Part><ETag>e</ETag></Part>")), "400 MalformedXML", ""},
        {upload.request(wrapped("<Part><PartNumber>x</PartNumber><ETag>e</ETag></Part>")),
         "400 MalformedXML", ""},
        {upload.request("<!DOCTYPE x [<!ENTITY e \"1\">]>" + part_list({{1, etag}})),
         "400 MalformedXML", ""},
        {upload.request(many), "400 MalformedXML", ""},
        {upload.request(std::string(8 * 1024 * 1024 + 1, ' ')), "400 MaxMessageLengthExceeded", ""},
        {good().header("x-amz-mp-object-size", "three"), "400 InvalidRequest",
         "Value for x-amz-mp-object-size header is invalid: 'three'"},
        {good().header("x-amz-mp-object-size", "-3"), "400 InvalidRequest",
         "is less than zero: '-3'"},
        {good()
             .header("x-amz-checksum-crc32", checksum_of("CRC32", ""))
             .header("x-amz-checksum-sha1", checksum_of("SHA1", "")),
         "400 InvalidRequest", "Expecting a single x-amz-checksum- header"},
        {good().header("x-amz-checksum-type", "HALF"), "400 InvalidRequest",
         "Value for x-amz-checksum-type header is invalid."},
        {good().header("Content-MD5", base64_md5("other")), "400 BadDigest", ""},
        {good().fault(Fault::bad_hash), "400 XAmzContentSHA256Mismatch", ""},
        {good().cut_after(10), "400 IncompleteBody", ""},
        {good().header("x-amz-server-side-encryption-customer-algorithm", "AES256"),
         "400 InvalidRequest", ""},
    };
    const auto before = endpoint.state();
    for (const auto& row : rows) {
        const auto answer = endpoint.send(row.request);
        INFO(answer.body);
        CHECK(answer.outcome() == row.outcome);
        CHECK(answer.element("Message").find(row.message) != std::string::npos);
        CHECK(endpoint.state() == before);
    }
    // What looks unusual and is fine: order, unknown elements, a namespace, quotes as a reference.
    const auto bare = etag.substr(1, etag.size() - 2);
    CHECK(upload
              .complete("<?xml version=\"1.0\"?><CompleteMultipartUpload "
                        "xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Other/><Part><ETag>"
                        "&quot;" +
                        bare +
                        "&quot;</ETag><Size>3</Size><PartNumber>1</PartNumber></Part>"
                        "</CompleteMultipartUpload>")
              .outcome() == "200");
}

TEST_CASE(
    "CompleteMultipartUpload: the list against the parts (CPL-10, CPL-11, CPL-20, CPL-22, "
    "CPL-25, CPL-27, CPL-28, CPL-37)",
    "[s3][multipart]") {
    MemoryEndpoint endpoint;
    Upload upload(endpoint);
    upload.part(1, "small").part(2, big('B')).part(3, "tail");
    const auto& p = upload.parts;
    const auto e = [&](int i) { return p[static_cast<std::size_t>(i - 1)].second; };
    struct Row {
        Request request;
        std::string outcome;
        std::string field;
        std::string value;
    };
    const Row rows[] = {
        {upload.request(part_list({{0, e(1)}})), "400 InvalidArgument", "ArgumentName",
         "PartNumber"},
        {upload.request(part_list({{-7, e(1)}})), "400 InvalidArgument", "ArgumentValue", "-7"},
        {upload.request(part_list({{2, e(2)}, {1, e(1)}})), "400 InvalidPartOrder", "UploadId",
         upload.id},
        {upload.request(part_list({{4, e(3)}})), "400 InvalidPart", "PartNumber", "4"},
        {upload.request(part_list({{3, e(2)}})), "400 InvalidPart", "ETag", e(2).substr(1, 32)},
        {upload.request(part_list({{3, "abc"}})), "400 InvalidPart", "UploadId", upload.id},
        {upload.request(part_list({{20000, "abc"}})), "400 InvalidPart", "PartNumber", "20000"},
        {upload.request(
             wrapped(listed(3, e(3), "ChecksumCRC64NVME", checksum_of("CRC64NVME", "tail")))),
         "400 InvalidPart", "PartNumber", "3"},
        {upload.request(wrapped(listed(3, e(3), "ChecksumCRC32", "!"))), "400 InvalidArgument",
         "ArgumentValue", "!"},
        {upload.request(part_list({{1, e(1)}, {2, e(2)}})), "400 EntityTooSmall", "ProposedSize",
         "5"},
        {upload.request(part_list({{1, e(1)}, {3, e(3)}})), "400 EntityTooSmall", "PartNumber",
         "1"},
        {upload.request(part_list({{1, e(1)}, {3, e(3)}})), "400 EntityTooSmall", "MinSizeAllowed",
         "5242880"},
        {upload.request(part_list({{1, e(1)}, {3, e(3)}})), "400 EntityTooSmall", "ETag",
         e(1).substr(1, 32)},
        // In list order: the missing part 1 is told before the small part 2 would be.
        {upload.request(part_list({{1, "no"}, {3, e(3)}, {4, "no"}})), "400 InvalidPart",
         "PartNumber", "1"},
        {upload.request(part_list({{3, e(3)}})).header("x-amz-mp-object-size", "5"),
         "400 InvalidRequest", "Message",
         "The provided 'x-amz-mp-object-size' header value 5 does not match what was computed: 4"},
        {upload.request(part_list({{3, e(3)}})).header("x-amz-checksum-type", "FULL_OBJECT"),
         "400 InvalidRequest", "Message",
         "The upload was created using the null checksum mode. The complete request must use the "
         "same checksum mode."},
    };
    const auto before = endpoint.state();
    for (const auto& row : rows) {
        const auto answer = endpoint.send(row.request);
        INFO(answer.body);
        CHECK(answer.outcome() == row.outcome);
        CHECK(answer.element(row.field) == row.value);
        CHECK(endpoint.state() == before);
    }
    auto upper = e(3);
    std::transform(upper.begin(), upper.end(), upper.begin(), ::toupper);
    CHECK(endpoint
              .send(upload.request(part_list({{2, e(2)}, {3, upper}}))
                        .header("x-amz-mp-object-size", "5242884")
                        .header("x-amz-checksum-crc32", checksum_of("CRC32", "ignored")))
              .outcome() == "200");
}

TEST_CASE("CompleteMultipartUpload: a number twice in the list (CPL-11)", "[s3][multipart]") {
    for (const bool last_wins : {true, false}) {
        EndpointOptions options;
        options.duplicate_parts_last_wins = last_wins;
        MemoryEndpoint endpoint(options);
        Upload upload(endpoint);
        upload.part(1, "first").part(1, "second");
        const auto answer = upload.complete();
        CHECK(answer.outcome() == (last_wins ? "200" : "400 InvalidPartOrder"));
        if (last_wins) CHECK(endpoint.get("/photos/k").body == "second");
    }
}

TEST_CASE("CompleteMultipartUpload: an object larger than allowed (CPL-26)", "[s3][multipart]") {
    EndpointOptions options;
    options.object_bytes_max = 10;
    MemoryEndpoint endpoint(options);
    Upload upload(endpoint);
    upload.part(1, std::string(11, 'x'));
    const auto before = endpoint.state();
    const auto answer = upload.complete();
    CHECK(answer.outcome() == "400 EntityTooLarge");
    CHECK(answer.element("ProposedSize") == "11");
    CHECK(answer.element("MaxSizeAllowed") == "10");
    CHECK(endpoint.state() == before);
}

TEST_CASE(
    "CompleteMultipartUpload: composite checksums (CK-10, CPL-21 to CPL-24, CPL-28a, "
    "CPL-28b, CPL-47, GP-08, GP-09)",
    "[s3][multipart][checksum]") {
    MemoryEndpoint endpoint;
    Upload upload(endpoint, {{"x-amz-checksum-algorithm", "SHA256"}});
    upload.part(1, big('A'), "SHA256").part(2, big('B'), "SHA256").part(3, big('C'), "SHA256");
    const auto e = [&](int i) { return upload.parts[static_cast<std::size_t>(i - 1)].second; };
    const auto sha = [](char c) { return checksum_of("SHA256", big(c)); };
    const auto list = [&](const std::string& third) {
        return wrapped(listed(1, e(1), "ChecksumSHA256", sha('A')) +
                       listed(2, e(2), "ChecksumSHA256", sha('B')) + third);
    };
    const auto good = list(listed(3, e(3), "ChecksumSHA256", sha('C')));
    const std::string value = "uWBwpe1dxI4Vw8Gf0X9ynOdw/SS6VBzfWm9giiv1sf4=";  // section 17
    struct Row {
        Request request;
        std::string outcome;
        std::string message;
    };
    const std::string mismatch = "The sha256 you specified did not match the calculated checksum.";
    const auto with = [&](const std::string& text) {
        return upload.request(good).header("x-amz-checksum-sha256", text);
    };
    const Row rows[] = {
        {upload.request(list("<Part><PartNumber>3</PartNumber><ETag>" + e(3) + "</ETag></Part>")),
         "400 InvalidRequest",
         "The upload was created using a sha256 checksum. The complete request must include the "
         "checksum for each part. It was missing for part 3 in the request."},
        {upload.request(list(listed(3, e(3), "ChecksumCRC32", checksum_of("CRC32", "x")))),
         "400 BadDigest", "The sha256 you specified for part 3 did not match what we received."},
        {upload.request(list(listed(3, e(3), "ChecksumSHA256", sha('A')))), "400 InvalidPart", ""},
        {upload.request(wrapped(listed(1, e(1), "ChecksumSHA256", sha('A')) +
                                listed(3, e(3), "ChecksumSHA256", sha('C')))),
         "400 InvalidPartOrder", ""},
        {upload.request(good).header("x-amz-checksum-type", "FULL_OBJECT"), "400 InvalidRequest",
         "The upload was created using the COMPOSITE checksum mode."},
        {with(sha('A')), "400 BadDigest", mismatch},
        {with(value + "-2"), "400 BadDigest", mismatch},
        {with("short"), "400 InvalidRequest", "Value for x-amz-checksum-sha256 header is invalid."},
        {upload.request(good).header("x-amz-checksum-crc32", checksum_of("CRC32", "x")),
         "400 BadDigest", mismatch},
    };
    const auto before = endpoint.state();
    for (const auto& row : rows) {
        const auto answer = endpoint.send(row.request);
        INFO(answer.body);
        CHECK(answer.outcome() == row.outcome);
        CHECK(answer.element("Message").find(row.message) != std::string::npos);
        CHECK(endpoint.state() == before);
    }
    const auto done = endpoint.send(with(value + "-3").header("x-amz-checksum-type", "COMPOSITE"));
    CHECK(done.outcome() == "200");
    CHECK(done.element("ChecksumSHA256") == value + "-3");
    CHECK(done.element("ChecksumType") == "COMPOSITE");
    CHECK(done.element("ETag") == "\"b2add96cc9702bbf4efb0ccdfc6b7747-3\"");
    // The value without its count is the same request (CPL-28b, CPL-50).
    CHECK(endpoint.send(with(value)).outcome() == "200");

    const auto whole =
        endpoint.send(Request("HEAD", "/photos/k").header("x-amz-checksum-mode", "ENABLED"));
    CHECK(whole.header("x-amz-checksum-sha256") == value + "-3");
    CHECK(whole.header("x-amz-checksum-type") == "COMPOSITE");
    CHECK_FALSE(whole.has("x-amz-mp-parts-count"));
    const auto part = endpoint.send(
        Request("GET", "/photos/k?partNumber=2").header("x-amz-checksum-mode", "enabled"));
    CHECK(part.header("x-amz-checksum-sha256") == sha('B'));
    CHECK(part.header("x-amz-checksum-type") == "COMPOSITE");
    const auto range = endpoint.send(Request("GET", "/photos/k")
                                         .header("x-amz-checksum-mode", "ENABLED")
                                         .header("Range", "bytes=0-1"));
    CHECK_FALSE(range.has("x-amz-checksum-sha256"));
    CHECK_FALSE(endpoint.head("/photos/k").has("x-amz-checksum-sha256"));
}

TEST_CASE("CompleteMultipartUpload: full-object checksums (CK-11, CK-12, CPL-23a, CPL-28a, GP-08)",
          "[s3][multipart][checksum]") {
    for (const std::string algorithm : {"CRC32", "CRC32C", "CRC64NVME"}) {
        INFO(algorithm);
        MemoryEndpoint endpoint;
        Upload upload(endpoint, {{"x-amz-checksum-algorithm", algorithm},
                                 {"x-amz-checksum-type", "FULL_OBJECT"}});
        upload.part(1, big('A'), algorithm).part(2, "tail");
        const auto value = checksum_of(algorithm, big('A') + "tail");
        const auto header = "x-amz-checksum-" + algorithm;
        const auto before = endpoint.state();
        // The value without its type, and a wrong value with it.
        CHECK(endpoint.send(upload.request().header(header, value)).outcome() == "400 BadDigest");
        CHECK(endpoint
                  .send(upload.request()
                            .header(header, checksum_of(algorithm, "x"))
                            .header("x-amz-checksum-type", "FULL_OBJECT"))
                  .outcome() == "400 BadDigest");
        CHECK(endpoint.state() == before);
        const auto done = endpoint.send(
            upload.request().header(header, value).header("x-amz-checksum-type", "FULL_OBJECT"));
        CHECK(done.outcome() == "200");
        CHECK(done.element("Checksum" + algorithm) == value);
        CHECK(done.element("ChecksumType") == "FULL_OBJECT");
        const auto part = endpoint.send(
            Request("GET", "/photos/k?partNumber=1").header("x-amz-checksum-mode", "ENABLED"));
        CHECK_FALSE(part.has(header));
        CHECK(endpoint.send(Request("HEAD", "/photos/k").header("x-amz-checksum-mode", "ENABLED"))
                  .header(header) == value);
    }
}

TEST_CASE("CompleteMultipartUpload: the recorded vectors (spec multipart 17)",
          "[s3][multipart][checksum]") {
    struct Row {
        std::string type;
        std::string checksum;
    };
    const std::string part(5'242'881, 'a');
    for (const Row& row : {Row{"COMPOSITE", "5FRUiw==-3"}, Row{"FULL_OBJECT", "qSEQSA=="}}) {
        MemoryEndpoint endpoint;
        Upload upload(endpoint,
                      {{"x-amz-checksum-algorithm", "CRC32"}, {"x-amz-checksum-type", row.type}});
        upload.part(1, part, "CRC32").part(2, part, "CRC32").part(3, "aaaaaaaaaa", "CRC32");
        std::string document;
        for (const auto& [number, etag] : upload.parts)
            document +=
                listed(number, etag, "ChecksumCRC32", number == 3 ? "TBHN8A==" : "NRU+Sw==");
        const auto done = upload.complete(wrapped(document));
        CHECK(done.element("ChecksumCRC32") == row.checksum);
        CHECK(done.element("ETag") == "\"4d45984fc3feb2ac9b22683c49674b56-3\"");
    }
    MemoryEndpoint endpoint;
    Upload upload(endpoint);
    upload.part(1, "aaa");
    const auto done = upload.complete();
    CHECK(done.element("ChecksumCRC64NVME") == "Rnr2/5P7Gsk=");
    CHECK(done.element("ETag") == "\"e2c3da976e66ec9e7dc128fbc782fc91-1\"");
    // GP-08: with one part the part's checksum is the object's.
    const auto read = endpoint.send(
        Request("GET", "/photos/k?partNumber=1").header("x-amz-checksum-mode", "ENABLED"));
    CHECK(read.header("x-amz-checksum-crc64nvme") == "Rnr2/5P7Gsk=");
    CHECK(read.header("x-amz-mp-parts-count") == "1");
}

TEST_CASE("CompleteMultipartUpload: conditions (CPL-30 to CPL-35, CPL-37)", "[s3][multipart]") {
    MemoryEndpoint endpoint;
    const auto object_etag = [&] { return endpoint.head("/photos/k").header("ETag"); };
    Upload early(endpoint);  // no object existed
    early.part(1, "early");
    const auto refused = [&](const Upload& upload, const http::Headers& headers,
                             const std::string& outcome, const std::string& field,
                             const std::string& value) {
        const auto before = endpoint.state();
        auto request = upload.request();
        for (const auto& [name, text] : headers) request.header(name, text);
        const auto answer = endpoint.send(request);
        INFO(answer.body);
        CHECK(answer.outcome() == outcome);
        CHECK(answer.element(field) == value);
        CHECK(endpoint.state() == before);
    };
    refused(early, {{"If-Match", "x"}, {"If-None-Match", "*"}}, "501 NotImplemented", "Header",
            "If-Match,If-None-Match");
    refused(early, {{"If-Match", "x"}, {"If-None-Match", "*"}}, "501 NotImplemented",
            "additionalMessage", "Multiple conditional request headers present in the request");
    refused(early, {{"If-None-Match", "\"x\""}}, "501 NotImplemented", "Header", "If-None-Match");
    refused(early, {{"If-Match", "*"}}, "501 NotImplemented", "Header", "If-Match");
    refused(early, {{"If-Match", "x"}}, "404 NoSuchKey", "Key", "k");

    REQUIRE(endpoint.put("/photos/k", "one").status == 200);
    refused(early, {{"If-None-Match", "*"}}, "412 PreconditionFailed", "Condition",
            "If-None-Match");
    refused(early, {{"If-Match", "x"}}, "412 PreconditionFailed", "Condition", "If-Match");
    refused(early, {{"If-Match", object_etag()}}, "409 ConditionalRequestConflict", "Condition",
            "If-Match");
    Upload later(endpoint);  // an object existed
    later.part(1, "later");
    REQUIRE(endpoint.put("/photos/k", "one").status == 200);  // byte for byte the same
    refused(later, {{"If-Match", object_etag()}}, "409 ConditionalRequestConflict", "Key", "k");
    REQUIRE(endpoint.remove("/photos/k").status == 204);
    refused(later, {{"If-None-Match", "*"}}, "409 ConditionalRequestConflict", "Condition",
            "If-None-Match");
    CHECK(endpoint.send(early.request().header("If-None-Match", "*")).outcome() == "200");
    Upload last(endpoint);
    last.part(1, "last");
    CHECK(endpoint.send(last.request().header("If-Match", object_etag())).outcome() == "200");
    CHECK(endpoint.get("/photos/k").body == "last");
}

TEST_CASE("CompleteMultipartUpload: conditions are decided in the commit (CPL-36, RACE-06)",
          "[s3][multipart]") {
    MemoryEndpoint endpoint;
    Upload upload(endpoint);
    upload.part(1, "mine");
    const Request other = Request("PUT", "/photos/k").body("theirs");
    endpoint.rows.before_commit = [&]() -> base::Awaitable<void> {
        auto answer = co_await endpoint.serve(other);
        REQUIRE(answer.status == 200);
    };
    const auto lost = endpoint.send(upload.request().header("If-None-Match", "*"));
    CHECK(lost.outcome() == "412 PreconditionFailed");
    CHECK(endpoint.get("/photos/k").body == "theirs");
    CHECK(endpoint.get("/photos/k?uploadId=" + upload.id).status == 200);

    REQUIRE(endpoint.remove("/photos/k").status == 204);
    Upload a(endpoint);
    Upload b(endpoint);
    a.part(1, "a");
    b.part(1, "b");
    auto first = a.request();
    auto second = b.request();
    first.header("If-None-Match", "*").pieces_of(7);
    second.header("If-None-Match", "*").pieces_of(7);
    const auto answers = endpoint.race({first, second});
    CHECK(answers[0].status + answers[1].status == 200 + 412);
}

TEST_CASE(
    "CompleteMultipartUpload: again after success it says the same (CPL-50, CPL-51, "
    "RACE-04)",
    "[s3][multipart]") {
    MemoryEndpoint endpoint;
    Upload upload(endpoint, {{"x-amz-checksum-algorithm", "CRC32"}});
    upload.part(1, "abc", "CRC32");
    const auto list =
        wrapped(listed(1, upload.parts[0].second, "ChecksumCRC32", checksum_of("CRC32", "abc")));
    const auto answers = endpoint.race({upload.request(list).pieces_of(9), upload.request(list),
                                        upload.request(list).pieces_of(30)});
    for (const auto& answer : answers) {
        CHECK(answer.outcome() == "200");
        CHECK(answer.body == answers[0].body);
    }
    CHECK(endpoint.get("/photos/k?uploadId=" + upload.id).outcome() == "404 NoSuchUpload");
    CHECK(endpoint.put("/photos/k?partNumber=1&uploadId=" + upload.id, "x").outcome() ==
          "404 NoSuchUpload");
    CHECK_FALSE(endpoint.get("/photos?uploads").has_element("UploadId"));
    const auto state = endpoint.state();
    CHECK(upload.complete(list).body == answers[0].body);
    CHECK(endpoint.send(upload.request(list).header("If-None-Match", "*")).outcome() == "200");
    CHECK(upload.complete(part_list({{1, "other"}})).outcome() == "404 NoSuchUpload");
    CHECK(endpoint.state() == state);
    // Also when the object was overwritten, then deleted.
    REQUIRE(endpoint.put("/photos/k", "new").status == 200);
    CHECK(upload.complete(list).body == answers[0].body);
    CHECK(endpoint.get("/photos/k").body == "new");
    REQUIRE(endpoint.remove("/photos/k").status == 204);
    CHECK(upload.complete(list).body == answers[0].body);
    CHECK(endpoint.get("/photos/k").status == 404);
    // ABT-03: an Abort says done and does nothing.
    CHECK(endpoint.remove("/photos/k?uploadId=" + upload.id).status == 204);
}

TEST_CASE(
    "CompleteMultipartUpload: against an Abort, and another upload of the key (RACE-03, "
    "RACE-05, CPL-42b)",
    "[s3][multipart]") {
    {
        MemoryEndpoint endpoint;
        Upload upload(endpoint);
        upload.part(1, "abc");
        const Request abort("DELETE", "/photos/k?uploadId=" + upload.id);
        endpoint.rows.before_commit = [&]() -> base::Awaitable<void> {
            auto answer = co_await endpoint.serve(abort);
            REQUIRE(answer.status == 204);
        };
        CHECK(upload.complete().outcome() == "404 NoSuchUpload");
        CHECK(endpoint.get("/photos/k").status == 404);
        endpoint.collect_garbage();
        CHECK(endpoint.blobs.live() == 0);
    }
    {
        MemoryEndpoint endpoint;
        Upload upload(endpoint);
        upload.part(1, "abc");
        const auto complete = upload.request();
        endpoint.rows.before_commit = [&]() -> base::Awaitable<void> {
            auto answer = co_await endpoint.serve(complete);
            REQUIRE(answer.status == 200);
        };
        CHECK(endpoint.remove("/photos/k?uploadId=" + upload.id).status == 204);
        CHECK(endpoint.get("/photos/k").body == "abc");
    }
    MemoryEndpoint endpoint;
    Upload a(endpoint);
    Upload b(endpoint);
    a.part(1, "from a");
    b.part(1, "from b");
    const auto answers = endpoint.race({a.request().pieces_of(5), b.request().pieces_of(11)});
    CHECK(answers[0].status == 200);
    CHECK(answers[1].status == 200);
    const auto read = endpoint.get("/photos/k");
    CHECK((read.body == "from a" || read.body == "from b"));
    CHECK(read.header("ETag") == (read.body == "from a" ? answers[0] : answers[1]).element("ETag"));
    endpoint.collect_garbage();
    CHECK(endpoint.blobs.live() == 1);
}

TEST_CASE("GetObject by part (GP-01 to GP-05, GP-07, GP-10, GP-11)", "[s3][multipart]") {
    MemoryEndpoint endpoint;
    Upload upload(endpoint);
    upload.part(1, big('A')).part(3, big('B')).part(5, "tail");
    REQUIRE(upload.complete().status == 200);
    const auto total = std::to_string(2 * five_mib + 4);
    const auto etag = endpoint.head("/photos/k").header("ETag");
    for (const auto* method : {"GET", "HEAD"}) {
        const auto part = endpoint.send(Request(method, "/photos/k?partNumber=3&versionId=null"));
        CHECK(part.status == 206);
        CHECK(part.header("Content-Range") == "bytes 5242880-10485759/" + total);
        CHECK(part.header("Content-Length") == "5242880");
        CHECK(part.header("x-amz-mp-parts-count") == "3");
        CHECK(part.header("ETag") == etag);
        CHECK(part.header("Accept-Ranges") == "bytes");
        if (part.body.size() > 0) CHECK(part.body == big('B'));
        for (const auto* number : {"2", "4", "6", "10000"}) {
            const auto none =
                endpoint.send(Request(method, std::string("/photos/k?partNumber=") + number));
            CHECK(none.status == 416);
            if (none.body.empty()) continue;
            CHECK(none.element("Code") == "InvalidPartNumber");
            CHECK(none.element("ActualPartCount") == "3");
            CHECK(none.element("PartNumberRequested") == number);
        }
        for (const auto* number : {"0", "10001", "x", ""})
            CHECK(endpoint.send(Request(method, std::string("/photos/k?partNumber=") + number))
                      .status == 400);
    }
    CHECK(endpoint.get("/photos/k?partNumber=5").body == "tail");
    CHECK(endpoint.send(Request("GET", "/photos/k?partNumber=5").header("Range", "bytes=0-1"))
              .element("Message") ==
          "Cannot specify both Range header and partNumber query parameter");
    CHECK(endpoint.send(Request("GET", "/photos/k?partNumber=5").header("If-Match", "\"x\""))
              .outcome() == "412 PreconditionFailed");
    CHECK(endpoint.send(Request("GET", "/photos/k?partNumber=5").header("If-Match", etag)).status ==
          206);
}

TEST_CASE("GetObject by part: objects put in one piece (GP-05, GP-06)", "[s3][multipart]") {
    MemoryEndpoint endpoint;
    REQUIRE(endpoint.put("/photos/one", "0123456789").status == 200);
    REQUIRE(endpoint.put("/photos/empty").status == 200);
    const auto one = endpoint.get("/photos/one?partNumber=1");
    CHECK(one.status == 206);
    CHECK(one.body == "0123456789");
    CHECK(one.header("Content-Range") == "bytes 0-9/10");
    CHECK_FALSE(one.has("x-amz-mp-parts-count"));
    const auto two = endpoint.get("/photos/one?partNumber=2");
    CHECK(two.outcome() == "416 InvalidPartNumber");
    CHECK(two.element("ActualPartCount") == "1");
    const auto empty = endpoint.get("/photos/empty?partNumber=1");
    CHECK(empty.status == 200);
    CHECK(empty.header("Content-Length") == "0");
    CHECK_FALSE(empty.has("Content-Range"));
}

TEST_CASE("CopyObject: a multipart object becomes one piece (GP-12)", "[s3][multipart][copy]") {
    MemoryEndpoint endpoint;
    Upload upload(endpoint, {{"x-amz-checksum-algorithm", "SHA256"}});
    upload.part(1, big('A'), "SHA256").part(2, "tail", "SHA256");
    REQUIRE(upload
                .complete(wrapped(listed(1, upload.parts[0].second, "ChecksumSHA256",
                                         checksum_of("SHA256", big('A'))) +
                                  listed(2, upload.parts[1].second, "ChecksumSHA256",
                                         checksum_of("SHA256", "tail"))))
                .status == 200);
    const auto copied =
        endpoint.send(Request("PUT", "/photos/copy").header("x-amz-copy-source", "/photos/k"));
    INFO(copied.body);
    REQUIRE(copied.status == 200);
    const auto whole = big('A') + "tail";
    CHECK(copied.element("ETag") == "\"" + hex_md5(whole) + "\"");
    CHECK(copied.element("ChecksumType") == "FULL_OBJECT");
    CHECK(copied.element("ChecksumSHA256") == checksum_of("SHA256", whole));
    CHECK(endpoint.get("/photos/copy?partNumber=2").status == 416);
    CHECK_FALSE(endpoint.get("/photos/copy?partNumber=1").has("x-amz-mp-parts-count"));
}

}  // namespace holdfast::test
