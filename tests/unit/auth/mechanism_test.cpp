#include "tests/catch.h"
#include "tests/unit/auth/requests.h"

using namespace holdfast;
using namespace holdfast::auth;
using namespace holdfast::auth::testing;

TEST_CASE("mechanism: two at once are refused (A-01)", "[auth]") {
    Bench bench;
    const auto two = [&](const Request& request) {
        const auto error = bench.refusal(request);
        return says(error, AuthCode::invalid_argument, "nly one auth mechanism allowed") &&
               field(error, "ArgumentName") == "Authorization";
    };
    auto both = presigned(a_url());
    for (const auto* header : {"AWS4-HMAC-SHA256 x", "AWS4-ECDSA-P256-SHA256 x", "AWS a:b", "AWS"})
        CHECK(two(both.set("authorization", header)));
    auto v2 = signed_by_header(a_request());
    for (const auto* name : {"AWSAccessKeyId", "Signature", "Expires"}) {
        v2.query = std::string(name) + "=x";
        CHECK(two(v2));
        auto url = presigned(a_url());
        CHECK(two(url.add_query(name, "x")));
    }
    CHECK(two(signed_by_header(a_request()).add("authorization", "Bearer x")));
}

TEST_CASE("mechanism: a foreign Authorization header beside a presigned URL is ignored (A-01)",
          "[auth]") {
    Bench bench;
    for (const auto* header : {"Bearer abc", "Basic YTpi", "Negotiate", ""})
        CHECK(bench.verify(presigned(a_url()).set("authorization", header)));
    // Without the URL's signature it is an error, never anonymous.
    CHECK(bench.refusal(a_url().set("authorization", "Bearer abc")).code ==
          AuthCode::invalid_argument);
}

TEST_CASE("mechanism: an empty Authorization header is not anonymous (A-02)", "[auth]") {
    Bench bench;
    for (const auto* value : {"", " ", "\t"})
        CHECK(bench.refusal(a_url().set("authorization", value)).code == AuthCode::access_denied);
}

TEST_CASE("mechanism: no credential material at all is anonymous (A-30, A-34)", "[auth]") {
    Bench bench;
    const auto verified = bench.verify(a_url());
    REQUIRE(verified);
    CHECK(verified->identity.anonymous());
    CHECK(verified->identity.canonical_id() == "65a011a29cdf8ec533ec3d1ccaae921c");
    CHECK(verified->identity.access_key_id().empty());
    CHECK(verified->identity.account_id().empty());
    CHECK(verified->payload == PayloadMode::unsigned_payload);
    // Headers and parameters that are no credentials change nothing.
    auto request = a_request().set("x-amz-acl", "private");
    request.query = "X-Amz-Date=20130524T000000Z&versionId=1";
    CHECK(bench.verify(request)->identity.anonymous());
    CHECK(bench.verify(request)->hoisted_headers.empty());
}

TEST_CASE("mechanism: any credential material is never anonymous (A-34)", "[auth]") {
    Bench bench;
    for (const auto* name : {"X-Amz-Algorithm", "X-Amz-Credential", "X-Amz-Signature",
                             "X-Amz-SignedHeaders", "X-Amz-Expires", "X-Amz-Security-Token",
                             "x-amz-signature", "X-AMZ-CREDENTIAL", "X-Amz-%53ignature"}) {
        INFO(name);
        auto request = a_url();
        request.query = name;
        CHECK(bench.refusal(request).code == AuthCode::authorization_query_parameters_error);
    }
    CHECK(bench.refusal(a_url().set("x-amz-security-token", "t")).code == AuthCode::access_denied);
}

TEST_CASE("mechanism: SigV2 is off (1.10)", "[auth]") {
    Bench bench;
    const std::string text =
        "The authorization mechanism you have provided is not supported. Please use "
        "AWS4-HMAC-SHA256.";
    CHECK(says(bench.refusal(a_url().set("authorization", "AWS AKIA:c2ln")),
               AuthCode::invalid_request, text));
    for (const auto* query : {"AWSAccessKeyId=a", "Signature=a", "Expires=1",
                              "AWSAccessKeyId=a&Signature=b&Expires=1"}) {
        auto request = a_url();
        request.query = query;
        CHECK(says(bench.refusal(request), AuthCode::invalid_request, text));
    }
    for (const auto* header : {"AWS HAHAHA", "AWS :x", "AWS x:"}) {
        const auto error = bench.refusal(a_url().set("authorization", header));
        CHECK(says(error, AuthCode::invalid_argument, "AWS authorization header is invalid."));
        CHECK(field(error, "ArgumentValue") == header);
    }
}

TEST_CASE("mechanism: SigV4A reaches no verification (1.11, P-22)", "[auth]") {
    Bench bench;
    auto header = signed_by_header(a_request());
    auto text = header.header("authorization");
    text.replace(0, std::string_view("AWS4-HMAC-SHA256").size(), "AWS4-ECDSA-P256-SHA256");
    CHECK(says(bench.refusal(header.set("authorization", text)), AuthCode::invalid_argument,
               "Unsupported Authorization Type"));
    UrlOptions url;
    url.algorithm = "AWS4-ECDSA-P256-SHA256";
    CHECK(bench.refusal(presigned(a_url(), url)).code ==
          AuthCode::authorization_query_parameters_error);
}
