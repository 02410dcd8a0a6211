#include "auth/payload_mode.h"

#include "tests/catch.h"
#include "tests/unit/auth/requests.h"

using namespace holdfast;
using namespace holdfast::auth;
using namespace holdfast::auth::testing;

namespace {

const std::string signed_chunks = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD";
const std::string signed_trailer = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER";
const std::string unsigned_trailer = "STREAMING-UNSIGNED-PAYLOAD-TRAILER";

Request with_payload(const std::string& value) {
    return a_request().set("x-amz-content-sha256", value);
}

}  // namespace

TEST_CASE("payload: the header is required (1.2 #16)", "[auth]") {
    Bench bench;
    CHECK(says(bench.refusal(signed_by_header(a_request().remove("x-amz-content-sha256"))),
               AuthCode::invalid_request,
               "Missing required header for this request: x-amz-content-sha256"));
}

TEST_CASE("payload: each mode is told from the others (1.5)", "[auth]") {
    Bench bench;
    const std::vector<std::pair<std::string, PayloadMode>> modes{
        {std::string(empty_sha256), PayloadMode::single_hash},
        {"UNSIGNED-PAYLOAD", PayloadMode::unsigned_payload},
        {signed_chunks, PayloadMode::signed_chunks},
        {signed_trailer, PayloadMode::signed_chunks_trailer},
        {unsigned_trailer, PayloadMode::unsigned_chunks_trailer}};
    for (const auto& [value, mode] : modes) {
        const auto verified = bench.verify(signed_by_header(with_payload(value)));
        REQUIRE(verified);
        CHECK(verified->payload == mode);
        CHECK(verified->payload_sha256 ==
              (mode == PayloadMode::single_hash ? std::string(empty_sha256) : std::string{}));
        CHECK(verified->chunks.has_value() == (value == signed_chunks || value == signed_trailer));
    }
}

TEST_CASE("payload: the chunk decoder gets what it goes on from (1.7)", "[auth]") {
    Bench bench;
    const auto request = signed_by_header(with_payload(signed_chunks));
    const auto verified = bench.verify(request);
    REQUIRE(verified);
    REQUIRE(verified->chunks);
    CHECK(verified->chunks->timestamp == timestamp);
    CHECK(verified->chunks->scope == scope);
    CHECK(request.header("authorization").ends_with("Signature=" + verified->chunks->seed));
    CHECK(verified->chunks->signing_key ==
          signing_key(base::Secret(std::string(secret_key)), "20130524", "us-east-1", "s3"));
}

TEST_CASE("payload: a hash in upper case is signed as sent and compared in lower (A-20)",
          "[auth]") {
    Bench bench;
    std::string upper;
    for (const char c : empty_sha256) upper += c >= 'a' ? static_cast<char>(c - 32) : c;
    const auto verified = bench.verify(signed_by_header(with_payload(upper)));
    REQUIRE(verified);
    CHECK(verified->payload_sha256 == empty_sha256);
}

TEST_CASE("payload: any other value is InvalidArgument (1.2 #17)", "[auth]") {
    Bench bench;
    for (const std::string value :
         {"", "unsigned-payload", "STREAMING", "STREAMING-UNSIGNED-PAYLOAD", "e3b0c442",
          "g3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"}) {
        const auto error = bench.refusal(signed_by_header(with_payload(value)));
        CHECK(error.code == AuthCode::invalid_argument);
        CHECK(field(error, "ArgumentName") == "x-amz-content-sha256");
        CHECK(field(error, "ArgumentValue") == value);
    }
    CHECK(bench.refusal(signed_by_header(a_request().add("x-amz-content-sha256", signed_chunks)))
              .code == AuthCode::invalid_argument);
}

TEST_CASE("payload: ECDSA streams are NotImplemented and named (1.5, 1.11)", "[auth]") {
    Bench bench;
    for (const std::string value : {"STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD",
                                    "STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD-TRAILER"}) {
        CHECK(says(bench.refusal(signed_by_header(with_payload(value))), AuthCode::not_implemented,
                   value));
        CHECK(bench.refusal(with_payload(value)).code == AuthCode::not_implemented);
    }
}

TEST_CASE("payload: streams only where the route takes them (1.2 #18, A-05)", "[auth]") {
    Bench bench;
    for (const auto& value : {signed_chunks, signed_trailer, unsigned_trailer})
        CHECK(says(bench.refusal(signed_by_header(with_payload(value)), false),
                   AuthCode::invalid_request,
                   "The value of x-amz-content-sha256 header is invalid."));
    CHECK(bench.refusal(with_payload(unsigned_trailer), false).code == AuthCode::invalid_request);
    for (const auto* value : {"UNSIGNED-PAYLOAD", empty_sha256.data()})
        CHECK(bench.verify(signed_by_header(with_payload(value)), false));
}

TEST_CASE("payload: the signature is checked in every mode (1.5)", "[auth]") {
    Bench bench;
    for (const auto& value : {std::string("UNSIGNED-PAYLOAD"), signed_chunks, signed_trailer,
                              unsigned_trailer, std::string(empty_sha256)}) {
        auto request = signed_by_header(with_payload(value));
        auto header = request.header("authorization");
        header.back() = header.back() == '0' ? '1' : '0';
        CHECK(bench.refusal(request.set("authorization", header)).code ==
              AuthCode::signature_does_not_match);
    }
}

TEST_CASE("payload: unsigned ones need TLS when the option says so", "[auth]") {
    VerifierOptions options;
    options.require_tls_for_unsigned = true;
    Bench bench(options);
    for (const auto& value : {std::string("UNSIGNED-PAYLOAD"), unsigned_trailer}) {
        auto request = with_payload(value);
        request.method = "PUT";
        CHECK(bench.refusal(signed_by_header(request)).code == AuthCode::invalid_request);
        request.tls = true;
        CHECK(bench.verify(signed_by_header(request)));
        request.tls = false;
        request.method = "GET";
        CHECK(bench.verify(signed_by_header(request)));
    }
    auto hashed = with_payload(std::string(empty_sha256));
    hashed.method = "PUT";
    CHECK(bench.verify(signed_by_header(hashed)));
}

TEST_CASE("payload: of an anonymous request (A-33)", "[auth]") {
    Bench bench;
    const auto hashed = bench.verify(with_payload(std::string(empty_sha256)));
    REQUIRE(hashed);
    CHECK(hashed->payload == PayloadMode::single_hash);
    CHECK(hashed->payload_sha256 == empty_sha256);
    const auto trailer = bench.verify(with_payload(unsigned_trailer));
    REQUIRE(trailer);
    CHECK(trailer->identity.anonymous());
    CHECK(trailer->payload == PayloadMode::unsigned_chunks_trailer);
    for (const auto& value : {signed_chunks, signed_trailer})
        CHECK(bench.refusal(with_payload(value)).code == AuthCode::invalid_request);
    CHECK(bench.refusal(with_payload("x")).code == AuthCode::invalid_argument);
}
