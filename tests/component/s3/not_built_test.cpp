// What S3 has and this server has not (yet), and rows of the error table that nothing else
// provokes: every answer names the culprit and nothing changes.

#include "server/s3/operation.h"
#include "tests/component/s3/memory_endpoint.h"

namespace holdfast::test {

namespace {

std::string target_of(const s3::Operation& operation) {
    std::string target = operation.level == s3::Level::object ? "/photos/k" : "/photos";
    if (operation.level == s3::Level::service) target = "/";
    char mark = '?';
    for (const auto selector : {operation.selector, operation.second_selector}) {
        if (selector.empty()) continue;
        target.append(1, mark).append(selector);
        mark = '&';
    }
    return target;
}

}  // namespace

TEST_CASE(
    "Operations that are not built: 501 with the name, and nothing happens (operations 2.3, "
    "ORD-12)",
    "[s3][unbuilt]") {
    MemoryEndpoint endpoint;
    REQUIRE(endpoint.put("/photos/k", "kept").status == 200);
    const auto before = endpoint.state();
    int seen = 0;
    for (const auto& operation : s3::operations()) {
        if (operation.handler != nullptr) continue;
        ++seen;
        for (const auto* value : {"", "=", "=x"}) {
            auto target = target_of(operation);
            if (operation.second_selector.empty()) target += value;
            INFO(operation.name << " " << target);
            const auto answer =
                endpoint.send(Request(std::string(operation.method), target).body("<x/>"));
            CHECK(answer.outcome() == "501 NotImplemented");
            CHECK(answer.element("Operation") == operation.name);
            CHECK(
                endpoint
                    .send(
                        Request(std::string(operation.method), target).fault(Fault::bad_signature))
                    .outcome() == "403 SignatureDoesNotMatch");
            CHECK(endpoint.state() == before);
        }
    }
    CHECK(seen > 50);
    CHECK(endpoint.get("/photos/k").body == "kept");
}

TEST_CASE(
    "Sub-resources with a method that S3 does not give them: 405, never the plain operation "
    "(operations 2.3)",
    "[s3][unbuilt]") {
    MemoryEndpoint endpoint;
    REQUIRE(endpoint.put("/photos/k", "kept").status == 200);
    const auto before = endpoint.state();
    for (const auto& [method, target] :
         std::vector<std::pair<const char*, std::string>>{{"DELETE", "/photos?acl"},
                                                          {"PUT", "/photos?location"},
                                                          {"DELETE", "/photos?versioning"},
                                                          {"PUT", "/photos?uploads"},
                                                          {"DELETE", "/photos?uploads"},
                                                          {"PUT", "/fresh?versions"},
                                                          {"DELETE", "/photos/k?acl"},
                                                          {"DELETE", "/photos/k?uploads"},
                                                          {"PUT", "/photos/k?uploads"},
                                                          {"PUT", "/photos/k?attributes"},
                                                          {"DELETE", "/photos/k?retention"},
                                                          {"POST", "/photos/k"},
                                                          {"POST", "/"},
                                                          {"PUT", "/"},
                                                          {"DELETE", "/"},
                                                          {"PATCH", "/photos/k"},
                                                          {"TRACE", "/photos"}}) {
        INFO(method << " " << target);
        const auto answer = endpoint.send(Request(method, target).body("x"));
        CHECK(answer.outcome() == "405 MethodNotAllowed");
        CHECK(answer.has("Allow"));
        CHECK(answer.element("Method") == method);
        CHECK(answer.has_element("ResourceType"));
        CHECK(endpoint.state() == before);
    }
    CHECK(endpoint.post("/photos", "x").outcome() == "412 PreconditionFailed");
    const auto form = endpoint.send(
        Request("POST", "/photos").header("Content-Type", "multipart/form-data; boundary=b"));
    CHECK(form.outcome() == "501 NotImplemented");
    CHECK(endpoint.send(Request("OPTIONS", "/photos/k")).outcome() == "501 NotImplemented");
    // HEAD ignores sub-resources, and unknown query keys are nothing at all.
    CHECK(endpoint.head("/photos/k?acl").status == 200);
    CHECK(endpoint.get("/photos/k?x-id=GetObject&junk=1").body == "kept");
    CHECK(endpoint.state() == before);
}

TEST_CASE("Errors that belong to no one operation (auth 1.12, operations 3.1)", "[s3][errors]") {
    MemoryEndpoint endpoint;
    struct Row {
        Request request;
        std::string outcome;
        std::string field;
        std::string value;
    };
    const auto put = [] { return Request("PUT", "/photos/k").body("abc"); };
    const auto sha = [](std::string value) {
        return Request("GET", "/photos/k")
            .signing(Signing::anonymous)
            .header("x-amz-content-sha256", std::move(value));
    };
    const Row rows[] = {
        {put().header("x-amz-security-token", "t"), "400 InvalidToken", "", ""},
        {put().header("x-amz-expected-bucket-owner", "me"), "400 InvalidBucketOwnerAWSAccountID",
         "", ""},
        {put().header("x-amz-expected-bucket-owner", "999999999999"), "403 AccessDenied", "", ""},
        {put().stall_after(1), "400 RequestTimeout", "", ""},
        {put().header("x-amz-meta-a", "x\x01y"), "400 InvalidArgument", "ArgumentName",
         "x-amz-meta-a"},
        {put()
             .header("x-amz-decoded-content-length", "3")
             .header("x-amz-decoded-content-length", "3"),
         "400 InvalidArgument", "ArgumentName", "x-amz-decoded-content-length"},
        {sha("HALF-PAYLOAD"), "400 InvalidArgument", "", ""},
    };
    const auto before = endpoint.state();
    for (const auto& row : rows) {
        const auto answer = endpoint.send(row.request);
        INFO(answer.body);
        CHECK(answer.outcome() == row.outcome);
        if (!row.field.empty()) CHECK(answer.element(row.field) == row.value);
        CHECK(endpoint.state() == before);
    }
    const auto large = endpoint.refuse(400, "RequestHeaderSectionTooLarge");
    CHECK(large.outcome() == "400 RequestHeaderSectionTooLarge");
    CHECK(large.element("MaxSizeAllowed") == "8192");
    CHECK(large.has("x-amz-request-id"));
    CHECK(endpoint.refuse(503, "SlowDown").header("Retry-After") == "1");
}

TEST_CASE("GetObject: an archived object can be looked at and not read (STC-04)", "[s3][errors]") {
    MemoryEndpoint endpoint;
    for (const std::string name : {"GLACIER", "DEEP_ARCHIVE"}) {
        REQUIRE(
            endpoint.send(Request("PUT", "/photos/k").header("x-amz-storage-class", name).body("x"))
                .status == 200);
        const auto got = endpoint.get("/photos/k");
        CHECK(got.outcome() == "403 InvalidObjectState");
        CHECK(got.element("StorageClass") == name);
        CHECK(endpoint.head("/photos/k").header("x-amz-storage-class") == name);
    }
}

}  // namespace holdfast::test
