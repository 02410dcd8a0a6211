// Every route, with every payload mode, signed in every way, well and badly: spec auth 1.5 to 1.9
// and S-02.

#include <functional>
#include <map>

#include "server/s3/operation.h"
#include "tests/component/s3/memory_endpoint.h"

namespace holdfast::test {

namespace {

using auth::PayloadMode;

struct Mode {
    PayloadMode mode;
    const char* name;
    bool streaming;
    bool signed_chunks;
};
constexpr Mode modes[] = {
    {PayloadMode::single_hash, "single hash", false, false},
    {PayloadMode::unsigned_payload, "unsigned", false, false},
    {PayloadMode::signed_chunks, "signed chunks", true, true},
    {PayloadMode::signed_chunks_trailer, "signed chunks and trailer", true, true},
    {PayloadMode::unsigned_chunks_trailer, "unsigned chunks and trailer", true, false},
};

/// A bucket with an object and an upload, and how each route is asked for so that it succeeds.
struct World : MemoryEndpoint {
    World() {
        REQUIRE(put("/photos/k", "object").status == 200);
        REQUIRE(put("/empty").status == 200);
        upload = start_upload("/photos/k");
        etag = put_part("/photos/k", upload, 1, "part");
    }

    struct Route {
        std::string target;
        unsigned status;
        std::string body;
        http::Headers headers;
    };
    /// Every built operation must stand here: a new one fails the test until it is listed.
    [[nodiscard]] std::map<std::string, Route, std::less<>> routes() const {
        const auto id = "uploadId=" + upload;
        const std::string document = "<Delete><Object><Key>other</Key></Object></Delete>";
        const http::Headers copy{{"x-amz-copy-source", "/photos/k"}};
        return {
            {"ListBuckets", {"/", 200, "", {}}},
            {"UploadPartCopy", {"/photos/k?partNumber=1&" + id, 200, "", copy}},
            {"UploadPart", {"/photos/k?partNumber=1&" + id, 200, "part", {}}},
            {"CopyObject", {"/photos/copy", 200, "", copy}},
            {"PutObject", {"/photos/k", 200, "object", {}}},
            {"GetObjectAttributes",
             {"/photos/k?attributes", 200, "", {{"x-amz-object-attributes", "ETag"}}}},
            {"GetObjectTagging", {"/photos/k?tagging", 200, "", {}}},
            {"ListParts", {"/photos/k?" + id, 200, "", {}}},
            {"GetObject", {"/photos/k", 200, "", {}}},
            {"HeadObject", {"/photos/k", 200, "", {}}},
            {"CompleteMultipartUpload", {"/photos/k?" + id, 200, part_list({{1, etag}}), {}}},
            {"CreateMultipartUpload", {"/photos/k?uploads", 200, "", {}}},
            {"AbortMultipartUpload", {"/photos/k?" + id, 204, "", {}}},
            {"DeleteObject", {"/photos/k", 204, "", {}}},
            {"GetBucketLocation", {"/photos?location", 200, "", {}}},
            {"ListMultipartUploads", {"/photos?uploads", 200, "", {}}},
            {"ListObjectsV2", {"/photos?list-type=2", 200, "", {}}},
            {"ListObjects", {"/photos", 200, "", {}}},
            {"HeadBucket", {"/photos", 200, "", {}}},
            {"CreateBucket", {"/fresh", 200, "", {}}},
            {"DeleteObjects",
             {"/photos?delete", 200, document, {{"Content-MD5", base64_md5(document)}}}},
            {"DeleteBucket", {"/empty", 204, "", {}}},
        };
    }

    std::string upload;
    std::string etag;
};

unsigned expected_status(const s3::Operation& operation, const World::Route& route,
                         const Mode& mode, Signing signing, Fault fault) {
    if (fault == Fault::unknown_key) return 403;
    if (signing == Signing::anonymous && mode.signed_chunks) return 400;
    if (mode.streaming && !operation.streaming_payload) return 400;
    if (signing == Signing::anonymous || fault == Fault::bad_signature) return 403;
    return route.status;
}

std::string expected_code(const s3::Operation& operation, const Mode& mode, Signing signing,
                          Fault fault) {
    if (fault == Fault::unknown_key) return "InvalidAccessKeyId";
    if (signing == Signing::anonymous && mode.signed_chunks) return "InvalidRequest";
    if (mode.streaming && !operation.streaming_payload) return "InvalidRequest";
    return signing == Signing::anonymous ? "AccessDenied" : "SignatureDoesNotMatch";
}

}  // namespace

TEST_CASE(
    "Every route: payload modes, ways to sign, good and bad (S-02, A-03 to A-05, A-30 to "
    "A-34)",
    "[s3][auth]") {
    std::size_t cells = 0;
    for (const auto& operation : s3::operations()) {
        if (operation.handler == nullptr) continue;
        for (const auto& mode : modes) {
            for (const auto signing : {Signing::header, Signing::presigned, Signing::anonymous}) {
                for (const auto fault : {Fault::none, Fault::bad_signature, Fault::unknown_key}) {
                    if (signing == Signing::anonymous && fault != Fault::none) continue;
                    World world;
                    const auto routes = world.routes();
                    const auto route = routes.find(operation.name);
                    INFO(operation.name << ", " << mode.name << ", signing "
                                        << static_cast<int>(signing) << ", fault "
                                        << static_cast<int>(fault));
                    REQUIRE(route != routes.end());
                    Request request(std::string(operation.method), route->second.target);
                    for (const auto& [name, value] : route->second.headers)
                        request.header(name, value);
                    request.body(route->second.body)
                        .payload(mode.mode)
                        .signing(signing)
                        .fault(fault);
                    if (mode.mode == PayloadMode::signed_chunks_trailer)
                        request.trailer("x-amz-checksum-crc32",
                                        checksum_of("CRC32", route->second.body));
                    const auto before = world.state();
                    const auto answer = world.send(request);
                    INFO(answer.body);
                    const auto status =
                        expected_status(operation, route->second, mode, signing, fault);
                    CHECK(answer.status == status);
                    if (status >= 400) {
                        CHECK(world.state() == before);
                        if (operation.method != "HEAD")
                            CHECK(answer.element("Code") ==
                                  expected_code(operation, mode, signing, fault));
                    }
                    ++cells;
                }
            }
        }
    }
    CHECK(cells == 22U * 5U * 7U);
}

TEST_CASE(
    "Every route: the expected owner decides before anything happens (GEN-04, GEN-05, "
    "operations 2.3)",
    "[s3][auth]") {
    for (const auto& operation : s3::operations()) {
        if (operation.handler == nullptr || !operation.needs_bucket) continue;
        INFO(operation.name);
        World world;
        const auto routes = world.routes();
        const auto& route = routes.find(operation.name)->second;
        const auto request = [&](const std::string& owner) {
            Request asked(std::string(operation.method), route.target);
            for (const auto& [name, value] : route.headers) asked.header(name, value);
            return asked.header("x-amz-expected-bucket-owner", owner)
                .header("x-amz-request-payer", "requester")
                .body(route.body);
        };
        const auto before = world.state();
        CHECK(world.send(request("999999999999")).status == 403);
        CHECK(world.send(request("1234")).status == 400);
        CHECK(world.send(request("")).status == 400);
        CHECK(world.state() == before);
        const auto answer = world.send(request(std::string(account_id)));
        CHECK(answer.status == route.status);
        CHECK_FALSE(answer.has("x-amz-request-charged"));
    }
}

TEST_CASE(
    "Every route: a HEAD or a GET of a bucket or object that is not there, and errors of a "
    "HEAD without a body (operations 3.2)",
    "[s3][auth]") {
    for (const auto& operation : s3::operations()) {
        if (operation.handler == nullptr || !operation.needs_bucket) continue;
        INFO(operation.name);
        World world;
        const auto routes = world.routes();
        const auto& route = routes.find(operation.name)->second;
        auto target = route.target;
        target.replace(0, target.find_first_of("/?", 1), "/nowhere");
        Request asked(std::string(operation.method), target);
        for (const auto& [name, value] : route.headers) asked.header(name, value);
        const auto before = world.state();
        const auto answer = world.send(asked.body(route.body));
        CHECK(answer.status == 404);
        CHECK(answer.has("x-amz-request-id"));
        CHECK(answer.body.empty() == (operation.method == "HEAD"));
        if (!answer.body.empty()) {
            CHECK(answer.element("Code") == "NoSuchBucket");
            CHECK(answer.element("BucketName") == "nowhere");
        }
        CHECK(world.state() == before);
    }
}

TEST_CASE("Payload: every mode stores exactly the bytes, however they are cut (K-03, K-06, K-10)",
          "[s3][auth]") {
    MemoryEndpoint endpoint;
    for (const auto& mode : modes) {
        for (const std::size_t size : {0, 1, 8191, 8192, 20'000, 300'000}) {
            for (const std::size_t piece : {7, 4096, 65536}) {
                if (size * piece == 300'000 * 7) continue;
                INFO(mode.name << ", " << size << " bytes in pieces of " << piece);
                std::string body;
                for (std::size_t i = 0; i < size; ++i)
                    body.push_back(static_cast<char>(i * 7 + (i >> 8)));
                Request request("PUT", "/photos/k");
                request.body(body).payload(mode.mode).pieces_of(piece).chunk_bytes(8192);
                if (mode.mode == PayloadMode::signed_chunks_trailer ||
                    mode.mode == PayloadMode::unsigned_chunks_trailer)
                    request.trailer("x-amz-checksum-crc32c", checksum_of("CRC32C", body));
                const auto answer = endpoint.send(request);
                REQUIRE(answer.outcome() == "200");
                CHECK(answer.header("ETag") == "\"" + hex_md5(body) + "\"");
                CHECK(endpoint.get("/photos/k").body == body);
            }
        }
    }
    endpoint.collect_garbage();
    CHECK(endpoint.blobs.live() == 1);
}

TEST_CASE(
    "Payload: bodies that are not what was signed are refused and leave nothing (A-20 to "
    "A-23, K-01 to K-18)",
    "[s3][auth]") {
    MemoryEndpoint endpoint;
    const auto id = endpoint.start_upload("/photos/k");
    REQUIRE(endpoint.put("/photos/k", "kept").status == 200);
    const std::string body(40'000, 'b');
    const auto crc = checksum_of("CRC32", body);
    struct Row {
        const char* what;
        std::string outcome;
        std::function<void(Request&)> spoil;
    };
    const auto mode = [&](PayloadMode m) {
        return [m](Request& r) -> Request& { return r.payload(m); };
    };
    const auto chunks = mode(PayloadMode::signed_chunks);
    const auto trailed = mode(PayloadMode::signed_chunks_trailer);
    const auto unsigned_trailed = mode(PayloadMode::unsigned_chunks_trailer);
    const Row rows[] = {
        {"another hash", "400 XAmzContentSHA256Mismatch",
         [](Request& r) { r.fault(Fault::bad_hash); }},
        {"another hash, presigned", "400 XAmzContentSHA256Mismatch",
         [](Request& r) { r.fault(Fault::bad_hash).signing(Signing::presigned); }},
        {"chunk signature", "403 SignatureDoesNotMatch",
         [&](Request& r) { chunks(r).fault(Fault::bad_chunk_signature); }},
        {"chunk signature, presigned", "403 SignatureDoesNotMatch",
         [&](Request& r) {
             chunks(r).fault(Fault::bad_chunk_signature).signing(Signing::presigned);
         }},
        {"trailer signature", "403 SignatureDoesNotMatch",
         [&](Request& r) {
             trailed(r).fault(Fault::bad_trailer_signature).trailer("x-amz-checksum-crc32", crc);
         }},
        {"trailer value, signed", "400 BadDigest",
         [&](Request& r) {
             trailed(r).trailer("x-amz-checksum-crc32", checksum_of("CRC32", "x"));
         }},
        {"trailer value, unsigned", "400 BadDigest",
         [&](Request& r) {
             unsigned_trailed(r).trailer("x-amz-checksum-crc32", checksum_of("CRC32", "x"));
         }},
        {"chunk size is no number", "400 IncompleteBody",
         [&](Request& r) { unsigned_trailed(r).fault(Fault::bad_framing); }},
        {"small chunk in the middle", "400 InvalidChunkSizeError",
         [&](Request& r) { unsigned_trailed(r).chunk_bytes(8191); }},
        {"small signed chunk in the middle", "400 InvalidChunkSizeError",
         [&](Request& r) { chunks(r).chunk_bytes(100); }},
        {"cut inside a chunk", "400 IncompleteBody",
         [&](Request& r) { chunks(r).cut_after(20'000); }},
        {"cut before the last chunk", "400 IncompleteBody",
         [&](Request& r) { unsigned_trailed(r).cut_after(40'008); }},
        {"cut unsigned", "400 IncompleteBody",
         [&](Request& r) { r.payload(PayloadMode::unsigned_payload).cut_after(39'999); }},
    };
    for (const auto& target : {std::string("/photos/k"), "/photos/k?partNumber=1&uploadId=" + id}) {
        for (const auto& row : rows) {
            INFO(row.what << " " << target);
            const auto before = endpoint.state();
            Request request("PUT", target);
            request.body(body);
            row.spoil(request);
            const auto answer = endpoint.send(request);
            INFO(answer.body);
            CHECK(answer.outcome() == row.outcome);
            CHECK(endpoint.state() == before);
        }
    }
    CHECK(endpoint.get("/photos/k").body == "kept");
    // K-01: the length before framing must be said, in decimal.
    for (const auto* length : {"", "x", "-1"}) {
        Request request("PUT", "/photos/k");
        request.payload(PayloadMode::unsigned_chunks_trailer).body(body).decoded_length(length);
        CHECK(endpoint.send(request).outcome() == "411 MissingContentLength");
    }
    for (const auto* length : {"39999", "40001", "8192"}) {  // K-03
        Request request("PUT", "/photos/k");
        request.payload(PayloadMode::unsigned_chunks_trailer).body(body).decoded_length(length);
        CHECK(endpoint.send(request).outcome() == "400 IncompleteBody");
    }
    CHECK(endpoint.get("/photos/k").body == "kept");
}

TEST_CASE("Presigned: a URL in its time, and outside of it (P-26 to P-31, P-33)", "[s3][auth]") {
    MemoryEndpoint endpoint;
    REQUIRE(endpoint.put("/photos/k", "object").status == 200);
    const auto presigned = [](const char* method) {
        return Request(method, "/photos/k")
            .payload(PayloadMode::unsigned_payload)
            .signing(Signing::presigned);
    };
    CHECK(endpoint.send(presigned("GET")).body == "object");
    CHECK(endpoint.send(presigned("PUT").body("new")).status == 200);
    CHECK(endpoint.send(presigned("GET")).body == "new");
    CHECK(endpoint.send(presigned("GET").expires_after("604801")).outcome() ==
          "400 AuthorizationQueryParametersError");
    CHECK(endpoint.send(presigned("GET").expires_after("soon")).outcome() ==
          "400 AuthorizationQueryParametersError");
    const auto now = endpoint.clock.wall();
    const auto sent_at = [&](base::WallTime signed_at) {
        return endpoint.send_wire(presigned("GET").wire(signed_at));
    };
    CHECK(sent_at(now - std::chrono::seconds(599)).status == 200);
    const auto expired = sent_at(now - std::chrono::seconds(700));
    CHECK(expired.outcome() == "403 AccessDenied");
    CHECK(expired.element("Message") == "Request has expired");
    CHECK(expired.has_element("X-Amz-Expires"));
    CHECK(sent_at(now + std::chrono::seconds(1000)).element("Message") ==
          "Request is not valid yet");
    // By header: 15 minutes either way.
    const auto by_header = [&](std::chrono::seconds off) {
        return endpoint.send_wire(Request("GET", "/photos/k").wire(now + off)).outcome();
    };
    CHECK(by_header(std::chrono::seconds(890)) == "200");
    CHECK(by_header(std::chrono::seconds(-1000)) == "403 RequestTimeTooSkewed");
    CHECK(by_header(std::chrono::seconds(1000)) == "403 RequestTimeTooSkewed");
}

TEST_CASE("Presigned: headers that travel in the query act as headers (P-36)", "[s3][auth]") {
    MemoryEndpoint endpoint;
    const auto put = endpoint.send(
        Request("PUT", "/photos/k?x-amz-meta-team=red&x-amz-storage-class=STANDARD_IA")
            .payload(PayloadMode::unsigned_payload)
            .signing(Signing::presigned)
            .body("x"));
    CHECK(put.status == 200);
    const auto read = endpoint.head("/photos/k");
    CHECK(read.header("x-amz-meta-team") == "red");
    CHECK(read.header("x-amz-storage-class") == "STANDARD_IA");
    const auto refused = endpoint.send(Request("PUT", "/photos/k?x-amz-tagging=a%3Db")
                                           .payload(PayloadMode::unsigned_payload)
                                           .signing(Signing::presigned)
                                           .body("x"));
    CHECK(refused.outcome() == "501 NotImplemented");
    CHECK(refused.element("Header") == "x-amz-tagging");
}

TEST_CASE("Authorization: headers that are malformed or hide something (1.2, 1.4, 1.11)",
          "[s3][auth]") {
    MemoryEndpoint endpoint;
    REQUIRE(endpoint.put("/photos/k", "object").status == 200);
    const auto with = [&](const std::function<void(Wire&)>& change) {
        auto wire = Request("GET", "/photos/k").wire(endpoint.clock.wall());
        change(wire);
        return endpoint.send_wire(std::move(wire)).outcome();
    };
    const auto authorization = [](Wire& wire) -> std::string& {
        for (auto& [name, value] : wire.head.headers)
            if (name == "authorization") return value;
        FAIL("no authorization");
        return wire.body;
    };
    CHECK(with([](Wire&) {}) == "200");
    CHECK(with([&](Wire& w) { authorization(w) = "AWS HAHAHA"; }) == "400 InvalidArgument");
    CHECK(with([&](Wire& w) { authorization(w) = "AWS AKIA:c2ln"; }) == "400 InvalidRequest");
    CHECK(with([&](Wire& w) { authorization(w) = "Basic abc"; }) == "400 InvalidArgument");
    CHECK(with([&](Wire& w) { authorization(w) = "AWS4-HMAC-SHA256 Credential=x"; }) ==
          "400 AuthorizationHeaderMalformed");
    // An x-amz-* header that the signature does not cover decides nothing: it is refused.
    CHECK(with([](Wire& w) { w.head.headers.emplace_back("x-amz-checksum-mode", "ENABLED"); }) ==
          "403 AccessDenied");
    CHECK(with([](Wire& w) { w.head.method = "DELETE"; }) == "403 SignatureDoesNotMatch");
    CHECK(with([](Wire& w) { w.head.target = "/photos/other"; }) == "403 SignatureDoesNotMatch");
    CHECK(with([](Wire& w) { w.head.target += "?versionId=null"; }) == "403 SignatureDoesNotMatch");
    CHECK(endpoint.get("/photos/k").body == "object");
}

}  // namespace holdfast::test
