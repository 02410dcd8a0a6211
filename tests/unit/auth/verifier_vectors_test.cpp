#include "tests/catch.h"
#include "tests/unit/auth/vectors.h"

using namespace holdfast;
using namespace holdfast::auth;
using namespace holdfast::auth::testing;

namespace {

/// Of the date in the header, or in the query of a presigned URL.
Request a_day_later(Request request) {
    if (!request.header("x-amz-date").empty()) return request.set("x-amz-date", "20130525T000000Z");
    const std::string_view name = "X-Amz-Date=20130524";
    request.query.replace(request.query.find(name), name.size(), "X-Amz-Date=20130525");
    return request;
}

}  // namespace

TEST_CASE("verify: every vector is let in with its own signature", "[auth][vectors]") {
    Bench bench;
    for (const auto& vector : request_vectors()) {
        if (vector.has_token) continue;
        INFO(vector.name);
        const auto verified = bench.verify(as_sent(vector));
        REQUIRE(verified);
        CHECK(verified->identity.access_key_id() == access_key);
        CHECK(verified->presigned == vector.presigned);
    }
}

TEST_CASE("verify: a token on a long-term key is InvalidToken (T14, T15, P-38)",
          "[auth][vectors]") {
    Bench bench;
    for (const auto& vector : request_vectors()) {
        if (!vector.has_token) continue;
        INFO(vector.name);
        CHECK(bench.refusal(as_sent(vector)).code == AuthCode::invalid_token);
    }
}

TEST_CASE("verify: one bit of the signature is SignatureDoesNotMatch", "[auth][vectors]") {
    Bench bench;
    for (auto vector : request_vectors()) {
        if (vector.has_token) continue;
        INFO(vector.name);
        for (const std::size_t place : {0U, 31U, 63U}) {
            auto flipped = vector;
            char& digit = flipped.signature[place];
            digit = digit == '0' ? '1' : '0';
            CHECK(bench.refusal(as_sent(flipped)).code == AuthCode::signature_does_not_match);
        }
    }
}

TEST_CASE("verify: one byte of the path is SignatureDoesNotMatch", "[auth][vectors]") {
    Bench bench;
    for (const auto& vector : request_vectors()) {
        if (vector.has_token) continue;
        INFO(vector.name);
        auto altered = as_sent(vector);
        altered.path += 'x';
        CHECK(bench.refusal(altered).code == AuthCode::signature_does_not_match);
    }
}

TEST_CASE("verify: one signed header altered is SignatureDoesNotMatch", "[auth][vectors]") {
    Bench bench;
    for (const auto& vector : request_vectors()) {
        if (vector.has_token) continue;
        const auto names = signed_names(vector);
        for (const auto& name : names) {
            if (name == "x-amz-date" || name == "x-amz-content-sha256") continue;
            INFO(vector.name << " " << name);
            auto altered = as_sent(vector);
            altered.set(name, altered.header(name) + "x");
            CHECK(bench.refusal(altered).code == AuthCode::signature_does_not_match);
        }
    }
}

TEST_CASE("verify: a signed header taken away is SignatureDoesNotMatch (1.2 #20)",
          "[auth][vectors]") {
    Bench bench;
    for (const auto& vector : request_vectors()) {
        if (vector.has_token) continue;
        INFO(vector.name);
        auto altered = as_sent(vector);
        altered.remove("host");
        CHECK(bench.refusal(altered).code == AuthCode::signature_does_not_match);
    }
}

TEST_CASE("verify: another date is not the one of the credential (1.2 #12, P-25)",
          "[auth][vectors]") {
    Bench bench;
    for (const auto& vector : request_vectors()) {
        if (vector.has_token) continue;
        INFO(vector.name);
        const auto error = bench.refusal(a_day_later(as_sent(vector)));
        CHECK(says(error,
                   vector.presigned ? AuthCode::authorization_query_parameters_error
                                    : AuthCode::authorization_header_malformed,
                   "Invalid credential date"));
    }
}

TEST_CASE("verify: another method or payload hash is SignatureDoesNotMatch (P-40)",
          "[auth][vectors]") {
    Bench bench;
    for (const auto& vector : request_vectors()) {
        if (vector.has_token) continue;
        INFO(vector.name);
        auto altered = as_sent(vector);
        altered.method = "HEAD";
        CHECK(bench.refusal(altered).code == AuthCode::signature_does_not_match);
        if (vector.presigned) continue;
        altered = as_sent(vector);
        altered.set("x-amz-content-sha256", std::string(64, '0'));
        CHECK(bench.refusal(altered).code == AuthCode::signature_does_not_match);
    }
}
