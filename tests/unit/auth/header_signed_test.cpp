#include <chrono>

#include "tests/catch.h"
#include "tests/unit/auth/requests.h"

using namespace holdfast;
using namespace holdfast::auth;
using namespace holdfast::auth::testing;
using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

/// A good request whose Authorization header is altered.
Request with_header(const std::string& from, const std::string& to) {
    auto request = signed_by_header(a_request());
    auto text = request.header("authorization");
    const auto at = text.find(from);
    REQUIRE(at != std::string::npos);
    return request.set("authorization", text.replace(at, from.size(), to));
}

AuthError malformed(const std::string& from, const std::string& to) {
    Bench bench;
    auto error = bench.refusal(with_header(from, to));
    CHECK(error.code == AuthCode::authorization_header_malformed);
    return error;
}

std::string header_with(const std::string& components) {
    return "AWS4-HMAC-SHA256 " + components;
}

std::string credential() {
    return "Credential=" + std::string(access_key) + "/" + std::string(scope);
}

AuthError refusal_of_header(const std::string& value) {
    Bench bench;
    return bench.refusal(a_request().set("authorization", value));
}

}  // namespace

TEST_CASE("verify: a header-signed request is its account's root", "[auth]") {
    Bench bench;
    const auto verified = bench.verify(signed_by_header(a_request()));
    REQUIRE(verified);
    const auto& identity = verified->identity;
    CHECK(identity.kind() == Identity::Kind::root);
    CHECK_FALSE(identity.anonymous());
    CHECK(identity.access_key_id() == access_key);
    CHECK(identity.account_id() == "123456789012");
    CHECK(identity.canonical_id() == std::string(64, 'c'));
    CHECK(identity.display_name() == "root of the tests");
    CHECK(identity.arn() == "arn:aws:iam::123456789012:root");
    CHECK_FALSE(verified->presigned);
    CHECK(verified->hoisted_headers.empty());
}

TEST_CASE("Authorization: one space behind the algorithm (1.2 #1)", "[auth]") {
    for (const std::string value :
         {"AWS4-HMAC-SHA256", "Bearer", "AWS4-HMAC-SHA256  Credential=a"}) {
        const auto error = refusal_of_header(value);
        CHECK(says(error, AuthCode::invalid_argument, "one and only one ' ' (space) required"));
        CHECK(field(error, "ArgumentName") == "Authorization");
        CHECK(field(error, "ArgumentValue") == value);
    }
}

TEST_CASE("Authorization: other algorithms (1.2 #2, 1.11)", "[auth]") {
    for (const std::string algorithm :
         {"AWS4-ECDSA-P256-SHA256", "AWS4-HMAC-SHA512", "Bearer", "Basic", "aws4-hmac-sha256"}) {
        const auto error = refusal_of_header(algorithm + " " + credential());
        CHECK(says(error, AuthCode::invalid_argument, "Unsupported Authorization Type"));
        CHECK(field(error, "ArgumentName") == "Authorization");
        CHECK(field(error, "ArgumentValue") == algorithm);
    }
}

TEST_CASE("Authorization: three components (1.2 #3)", "[auth]") {
    for (const auto& components :
         {credential(), credential() + ", SignedHeaders=host",
          credential() + ", SignedHeaders=host, Signature=a, More=b", std::string("x")}) {
        CHECK(says(refusal_of_header(header_with(components)),
                   AuthCode::authorization_header_malformed,
                   "requires three components: Credential, SignedHeaders, and Signature."));
    }
}

TEST_CASE("Authorization: spaces around commas and any order are accepted (1.2 #3, #4)", "[auth]") {
    Bench bench;
    CHECK(bench.verify(with_header(", SignedHeaders", " ,\t SignedHeaders")));
    CHECK(bench.verify(with_header(", SignedHeaders", ",SignedHeaders")));
    auto request = a_request();
    const auto names = names_of(request.headers);
    const auto signature = signature_of(request, names, empty_sha256, false);
    request.set("authorization", header_with("Signature=" + signature + ", SignedHeaders=" +
                                             join(names) + ", " + credential()));
    CHECK(bench.verify(request));
}

TEST_CASE("Authorization: the missing component is named (1.2 #4)", "[auth]") {
    CHECK(malformed("Credential=", "Kredential=").message ==
          "The authorization header is malformed; missing Credential.");
    CHECK(malformed("SignedHeaders=", "Headers=").message ==
          "The authorization header is malformed; missing SignedHeaders.");
    CHECK(malformed("Signature=", "Sig=").message ==
          "The authorization header is malformed; missing Signature.");
}

TEST_CASE("Authorization: a component without = or twice is malformed (1.2 #4)", "[auth]") {
    CHECK(
        malformed("SignedHeaders=host;x-amz-content-sha256;x-amz-date", "SignedHeaders").message ==
        "The authorization header is malformed; the authorization component \"SignedHeaders\" is "
        "malformed.");
    CHECK(says(refusal_of_header(header_with("Signature=a, SignedHeaders=host, Signature=b")),
               AuthCode::authorization_header_malformed,
               "the authorization component \"Signature=b\" is malformed."));
}

TEST_CASE("Authorization: a credential has five parts (1.2 #5)", "[auth]") {
    for (const std::string wrong :
         {"a", "20130524/us-east-1/s3/aws4_request", "", "a/b/20130524/us-east-1/s3/aws4_request",
          "/20130524/us-east-1/s3/aws4_request"}) {
        const auto error = malformed(std::string(access_key) + "/" + std::string(scope), wrong);
        CHECK(error.message ==
              "The authorization header is malformed; the Credential is mal-formed; expecting "
              "\"<YOUR-AKID>/YYYYMMDD/REGION/SERVICE/aws4_request\".");
    }
}

TEST_CASE("Authorization: the date of the credential is a real one (1.2 #6)", "[auth]") {
    for (const std::string wrong : {"2013052", "201305240", "20131324", "20130230", "2013052a", ""})
        CHECK(malformed("20130524", wrong).message ==
              "The authorization header is malformed; incorrect date format \"" + wrong +
                  "\". This date in the credential must be in the format \"yyyyMMdd\".");
}

TEST_CASE("Authorization: service, terminator and region are ours (1.2 #7, #8, #9)", "[auth]") {
    CHECK(malformed("/s3/", "/ec2/").message ==
          "The authorization header is malformed; incorrect service \"ec2\". This endpoint belongs "
          "to \"s3\".");
    CHECK(malformed("aws4_request", "aws2_request").message ==
          "The authorization header is malformed; incorrect terminal \"aws2_request\". This "
          "endpoint uses \"aws4_request\".");
    const auto region = malformed("us-east-1", "eu-west-1");
    CHECK(region.message ==
          "The authorization header is malformed; the region 'eu-west-1' is wrong; expecting "
          "'us-east-1'");
    CHECK(field(region, "Region") == "us-east-1");
    CHECK_FALSE(field(malformed("/s3/", "/S3/"), "Region"));
}

TEST_CASE("verify: no date, or none that can be read (1.2 #10, #11)", "[auth]") {
    Bench bench;
    const auto refused = [&](Request request) {
        return says(bench.refusal(request), AuthCode::access_denied,
                    "AWS authentication requires a valid Date or x-amz-date header.");
    };
    CHECK(refused(signed_by_header(a_request().remove("x-amz-date"))));
    for (const auto* wrong : {"", "yesterday", "2013-05-24T00:00:00Z", "20130524T250000Z",
                              "Fri, 24 May 2013 00:00:00 GMT"})
        CHECK(refused(signed_by_header(a_request().set("x-amz-date", wrong))));
    CHECK(refused(signed_by_header(a_request().remove("x-amz-date").set("date", "yesterday"))));
    // An x-amz-date that cannot be read is not replaced by a good Date.
    CHECK(refused(signed_by_header(
        a_request().set("x-amz-date", "").set("date", "Fri, 24 May 2013 00:00:00 GMT"))));
    CHECK(refused(signed_by_header(a_request().add("x-amz-date", std::string(timestamp)))));
}

TEST_CASE("verify: Date stands in for x-amz-date in both forms (1.2 #10, #11)", "[auth]") {
    Bench bench;
    for (const auto* date : {"Fri, 24 May 2013 00:00:00 GMT", "20130524T000000Z"})
        CHECK(bench.verify(signed_by_header(a_request().remove("x-amz-date").set("date", date))));
}

TEST_CASE("verify: 900 seconds of skew pass, one millisecond more does not (1.2 #13)", "[auth]") {
    Bench early;
    early.clock.advance(seconds(-900));
    CHECK(early.verify(signed_by_header(a_request())));
    early.clock.advance(milliseconds(-1));
    CHECK(early.refusal(signed_by_header(a_request())).code == AuthCode::request_time_too_skewed);

    Bench late;
    late.clock.advance(seconds(900));
    CHECK(late.verify(signed_by_header(a_request())));
    late.clock.advance(milliseconds(1));
    const auto error = late.refusal(signed_by_header(a_request()));
    CHECK(error.code == AuthCode::request_time_too_skewed);
    CHECK(error.fields == std::vector<std::pair<std::string, std::string>>{
                              {"RequestTime", "20130524T000000Z"},
                              {"ServerTime", "2013-05-24T00:15:00Z"},
                              {"MaxAllowedSkewMilliseconds", "900000"}});
}

TEST_CASE("verify: an unknown access key is named and nothing else (1.2 #14, A-11)", "[auth]") {
    Bench bench;
    const auto error = bench.refusal(with_header("AKIAIOSFODNN7EXAMPLE", "AKIAUNKNOWN"));
    CHECK(error.code == AuthCode::invalid_access_key_id);
    CHECK(error.fields ==
          std::vector<std::pair<std::string, std::string>>{{"AWSAccessKeyId", "AKIAUNKNOWN"}});
}

TEST_CASE("verify: the secret that stands in for unknown keys opens nothing (A-11)", "[auth]") {
    Bench bench;
    auto request = a_request();
    const auto names = names_of(request.headers);
    const auto key = signing_key(base::Secret("there-is-no-access-key-with-this-secret."),
                                 "20130524", "us-east-1", "s3");
    for (const auto hash : {empty_sha256, std::string_view{}}) {
        auto header = authorization(
            names,
            sign(key, string_to_sign(timestamp, scope,
                                     canonical_request(request.view(), names, hash, false))));
        header.replace(header.find(access_key), access_key.size(), "AKIAUNKNOWN");
        CHECK(bench.refusal(request.set("authorization", header)).code ==
              AuthCode::invalid_access_key_id);
    }
}

TEST_CASE("verify: a security token on a long-term key (1.2 #15)", "[auth]") {
    Bench bench;
    CHECK(bench.refusal(signed_by_header(a_request().set("x-amz-security-token", "t"))).code ==
          AuthCode::invalid_token);
    CHECK(bench.refusal(signed_by_header(a_request().set("x-amz-security-token", ""))).code ==
          AuthCode::invalid_token);
}

TEST_CASE("verify: a wrong signature shows the request's own data (1.2 #21, A-10)", "[auth]") {
    Bench bench;
    const auto wrong = std::string(64, 'a');
    auto request = a_request();
    const auto names = names_of(request.headers);
    const auto right = signature_of(request, names, empty_sha256, false);
    const auto canonical = canonical_request(request.view(), names, empty_sha256, false);
    const auto error = bench.refusal(request.set("authorization", authorization(names, wrong)));
    CHECK(error.code == AuthCode::signature_does_not_match);

    std::vector<std::string> fields;
    for (const auto& [name, value] : error.fields) {
        fields.push_back(name);
        CHECK(value.find(right) == std::string::npos);
        CHECK(value.find(secret_key) == std::string::npos);
    }
    CHECK(fields == std::vector<std::string>{"AWSAccessKeyId", "StringToSign", "SignatureProvided",
                                             "StringToSignBytes", "CanonicalRequest",
                                             "CanonicalRequestBytes"});
    CHECK(field(error, "AWSAccessKeyId") == access_key);
    CHECK(field(error, "SignatureProvided") == wrong);
    CHECK(field(error, "CanonicalRequest") == canonical);
    CHECK(field(error, "StringToSign") == string_to_sign(timestamp, scope, canonical));
    CHECK(field(error, "StringToSignBytes")->substr(0, 12) == "41 57 53 34 ");
    CHECK(field(error, "CanonicalRequestBytes")->size() == canonical.size() * 3 - 1);
}

TEST_CASE("verify: the signature is 64 lower-case digits (1.2 #21)", "[auth]") {
    Bench bench;
    const auto good = signed_by_header(a_request()).header("authorization");
    const auto digits = good.substr(good.size() - 64);
    std::string upper;
    for (const char c : digits) upper += c >= 'a' ? static_cast<char>(c - 32) : c;
    for (const auto& wrong :
         {std::string{}, digits.substr(1), digits + "0", upper, digits.substr(0, 63) + "g"})
        CHECK(bench.refusal(with_header(digits, wrong)).code == AuthCode::signature_does_not_match);
}

TEST_CASE("verify: a path or query that cannot be decoded is InvalidURI before all else (C-06)",
          "[auth]") {
    Bench bench;
    auto path = signed_by_header(a_request());
    path.path = "/examplebucket/%zz";
    const auto error = bench.refusal(path);
    CHECK(error.code == AuthCode::invalid_uri);
    CHECK(field(error, "URI") == "/examplebucket/%zz");

    auto query = a_request().remove("x-amz-date");
    query.query = "prefix=%";
    CHECK(bench.refusal(query).code == AuthCode::invalid_uri);
    CHECK(field(bench.refusal(query), "URI") == "/examplebucket/obj?prefix=%");
}

TEST_CASE("verify: the Host header is signed with its port, as it came (C-13)", "[auth]") {
    Bench bench;
    auto request = signed_by_header(a_request());
    CHECK(bench.refusal(request.set("host", "127.0.0.1")).code ==
          AuthCode::signature_does_not_match);
}

TEST_CASE("verify: the path is signed as sent, whatever names the bucket (C-14)", "[auth]") {
    Bench bench;
    auto virtual_hosted = a_request().set("host", "examplebucket.localhost:9000");
    virtual_hosted.path = "/obj";
    auto sent = signed_by_header(virtual_hosted);
    CHECK(bench.verify(sent));
    sent.path = "/examplebucket/obj";
    CHECK(bench.refusal(sent).code == AuthCode::signature_does_not_match);
}

TEST_CASE("verify: headers proxies change may be signed and then count (C-15, C-17)", "[auth]") {
    Bench bench;
    for (const auto* name : {"content-length", "transfer-encoding", "expect", "user-agent",
                             "connection", "accept-encoding", "x-amzn-trace-id"}) {
        auto request = signed_by_header(a_request().set(name, "1"));
        CHECK(bench.verify(request));
        CHECK(bench.refusal(request.set(name, "2")).code == AuthCode::signature_does_not_match);
    }
    for (const auto* name : {"x-amz-decoded-content-length", "x-amz-trailer"})
        CHECK(bench.refusal(signed_by_header(a_request().set(name, "1"), {name})).code ==
              AuthCode::access_denied);
}

TEST_CASE("verify: a changed secret counts from the next request on", "[auth]") {
    Bench bench;
    const auto request = signed_by_header(a_request());
    CHECK(bench.verify(request));
    bench.credentials.change_secret("another secret altogether");
    CHECK(bench.refusal(request).code == AuthCode::signature_does_not_match);
    bench.credentials.change_secret(std::string(secret_key));
    CHECK(bench.verify(request));
}
