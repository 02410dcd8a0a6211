#include "auth/presigned_query.h"

#include <chrono>

#include "tests/catch.h"
#include "tests/unit/auth/requests.h"

using namespace holdfast;
using namespace holdfast::auth;
using namespace holdfast::auth::testing;
using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

AuthError parameters_error(const UrlOptions& options) {
    Bench bench;
    auto error = bench.refusal(presigned(a_url(), options));
    CHECK(error.code == AuthCode::authorization_query_parameters_error);
    return error;
}

AuthError credential_error(const std::string& credential) {
    UrlOptions options;
    options.credential = credential;
    return parameters_error(options);
}

const std::string prefix = "Error parsing the X-Amz-Credential parameter; ";

Request with_query(const std::string& query, const UrlOptions& options = {}) {
    auto request = a_url();
    request.query = query;
    return presigned(request, options);
}

std::string hoisted(const Request& request, std::string_view name) {
    Bench bench;
    const auto verified = bench.verify(request);
    REQUIRE(verified);
    std::string values;
    for (const auto& [key, value] : verified->hoisted_headers)
        if (key == name) values += "[" + value + "]";
    return values;
}

}  // namespace

TEST_CASE("presigned: a URL is verified and says so", "[auth]") {
    Bench bench;
    const auto verified = bench.verify(with_query("partNumber=1&uploadId=a~b&response-expires=x"));
    REQUIRE(verified);
    CHECK(verified->presigned);
    CHECK(verified->identity.access_key_id() == access_key);
    CHECK(verified->payload == PayloadMode::unsigned_payload);
    CHECK(verified->hoisted_headers.empty());
}

TEST_CASE("presigned: each of the six parameters is required (P-20)", "[auth]") {
    Bench bench;
    const auto good = presigned(a_url()).query;
    for (const std::string name : {"X-Amz-Algorithm", "X-Amz-Credential", "X-Amz-Date",
                                   "X-Amz-Expires", "X-Amz-SignedHeaders", "X-Amz-Signature"}) {
        INFO(name);
        const auto begin = good.find(name + "=");
        const auto end = std::min(good.find('&', begin), good.size());
        auto request = a_url();
        request.query = std::string(good).replace(begin, end - begin, "");
        CHECK(says(bench.refusal(request), AuthCode::authorization_query_parameters_error,
                   "Query-string authentication version 4 requires the X-Amz-Algorithm, "));
        request.query = std::string(good).replace(begin, end - begin, name + "=");
        CHECK(says(bench.refusal(request), AuthCode::authorization_query_parameters_error,
                   "Query-string authentication version 4 requires the X-Amz-Algorithm, "));
    }
}

TEST_CASE("presigned: a security parameter twice (P-21)", "[auth]") {
    Bench bench;
    for (const auto* name : {"X-Amz-Algorithm", "X-Amz-Credential", "X-Amz-Date", "X-Amz-Expires",
                             "X-Amz-SignedHeaders", "X-Amz-Signature", "x-amz-signature"}) {
        auto request = presigned(a_url());
        request.query += std::string("&") + name + "=x";
        CHECK(says(bench.refusal(request), AuthCode::authorization_query_parameters_error,
                   "must be given once"));
    }
    for (const std::string name : {"X-Amz-Security-Token", "X-Amz-Content-Sha256"})
        CHECK(bench.refusal(with_query(name + "=a&" + name + "=b")).code ==
              AuthCode::authorization_query_parameters_error);
}

TEST_CASE("presigned: one algorithm (P-22)", "[auth]") {
    for (const std::string algorithm : {"AWS4-ECDSA-P256-SHA256", "AWS4-HMAC-SHA512", "x"}) {
        UrlOptions options;
        options.algorithm = algorithm;
        CHECK(parameters_error(options).message ==
              "X-Amz-Algorithm only supports \"AWS4-HMAC-SHA256\"");
    }
}

TEST_CASE("presigned: what is wrong with the credential (P-23)", "[auth]") {
    const std::string key(access_key);
    for (const std::string wrong : {"a", "a/b/20130524/us-east-1/s3/aws4_request", "a/b/c/d"})
        CHECK(credential_error(wrong).message ==
              prefix +
                  "the Credential is mal-formed; expecting "
                  "\"<YOUR-AKID>/YYYYMMDD/REGION/SERVICE/aws4_request\".");
    CHECK(credential_error(key + "/20130532/us-east-1/s3/aws4_request").message ==
          prefix +
              "incorrect date format \"20130532\". This date in the credential must be in the "
              "format \"yyyyMMdd\".");
    CHECK(credential_error(key + "/20130524/us-east-1/iam/aws4_request").message ==
          prefix + "incorrect service \"iam\". This endpoint belongs to \"s3\".");
    CHECK(credential_error(key + "/20130524/us-east-1/s3/x").message ==
          prefix + "incorrect terminal \"x\". This endpoint uses \"aws4_request\".");
    const auto region = credential_error(key + "/20130524/mars/s3/aws4_request");
    CHECK(region.message == prefix + "the region 'mars' is wrong; expecting 'us-east-1'");
    CHECK(field(region, "Region") == "us-east-1");
}

TEST_CASE("presigned: the date is ISO basic and of the credential's day (P-24, P-25)", "[auth]") {
    for (const std::string date : {"20130524", "2013-05-24T00:00:00Z", "20130524T000000", "x"}) {
        UrlOptions options;
        options.date = date;
        CHECK(parameters_error(options).message ==
              "X-Amz-Date must be in the ISO8601 Long Format \"yyyyMMdd'T'HHmmss'Z'\"");
    }
    UrlOptions options;
    options.date = "20130523T235959Z";
    CHECK(parameters_error(options).message.starts_with("Invalid credential date"));
}

TEST_CASE("presigned: Expires is a number up to a week (P-26, P-27)", "[auth]") {
    const auto message = [](const std::string& expires) {
        UrlOptions options;
        options.expires = expires;
        return parameters_error(options).message;
    };
    for (const auto* wrong : {"x", "1.5", "+1", " 1", "1s", "0x10", "--1"})
        CHECK(message(wrong) == "X-Amz-Expires should be a number");
    CHECK(message("-1") == "X-Amz-Expires must be non-negative");
    for (const auto* wrong : {"604801", "18446744073709551616", "99999999999999999999999999"})
        CHECK(message(wrong).starts_with("X-Amz-Expires must be less than a week (in seconds)"));
    UrlOptions week;
    week.expires = "604800";
    Bench bench;
    CHECK(bench.verify(presigned(a_url(), week)));
}

TEST_CASE("presigned: Expires 0 has expired at once (P-28)", "[auth]") {
    UrlOptions options;
    options.expires = "0";
    Bench bench;
    CHECK(says(bench.refusal(presigned(a_url(), options)), AuthCode::access_denied,
               "Request has expired"));
}

TEST_CASE("presigned: valid up to 900 seconds ahead (P-29)", "[auth]") {
    Bench bench;
    bench.clock.advance(seconds(-900));
    CHECK(bench.verify(presigned(a_url())));
    bench.clock.advance(milliseconds(-1));
    CHECK(says(bench.refusal(presigned(a_url())), AuthCode::access_denied,
               "Request is not valid yet"));
}

TEST_CASE("presigned: valid to the end of its time and not after (P-30, P-31)", "[auth]") {
    Bench bench;
    bench.clock.advance(seconds(3600));
    CHECK(bench.verify(presigned(a_url())));
    bench.clock.advance(milliseconds(1));
    const auto error = bench.refusal(presigned(a_url()));
    CHECK(says(error, AuthCode::access_denied, "Request has expired"));
    CHECK(error.fields ==
          std::vector<std::pair<std::string, std::string>>{{"X-Amz-Expires", "3600"},
                                                           {"Expires", "2013-05-24T01:00:00Z"},
                                                           {"ServerTime", "2013-05-24T01:00:00Z"}});
}

TEST_CASE("presigned: which hash is signed (P-33)", "[auth]") {
    Bench bench;
    const std::string hash(empty_sha256);
    UrlOptions options;
    options.payload_hash = hash;
    const auto in_query = bench.verify(with_query("X-Amz-Content-Sha256=" + hash, options));
    REQUIRE(in_query);
    CHECK(in_query->payload == PayloadMode::single_hash);
    CHECK(in_query->payload_sha256 == hash);

    options.names = {"host", "x-amz-content-sha256"};
    const auto in_header =
        bench.verify(presigned(a_url().set("x-amz-content-sha256", hash), options));
    REQUIRE(in_header);
    CHECK(in_header->payload_sha256 == hash);
}

TEST_CASE("presigned: a hash that is not signed is still checked against the body (P-03, P-34)",
          "[auth]") {
    Bench bench;
    const std::string hash(empty_sha256);
    for (const auto* query : {"", "X-Amz-Content-Sha256=UNSIGNED-PAYLOAD"}) {
        const auto verified = bench.verify(with_query(query).set("x-amz-content-sha256", hash));
        REQUIRE(verified);
        CHECK(verified->payload == PayloadMode::single_hash);
        CHECK(verified->payload_sha256 == hash);
    }
    CHECK(bench.refusal(presigned(a_url()).set("x-amz-content-sha256", "x")).code ==
          AuthCode::invalid_argument);
}

TEST_CASE("presigned: a hash in the query and another in the header (P-37)", "[auth]") {
    Bench bench;
    const std::string hash(empty_sha256);
    UrlOptions options;
    options.payload_hash = hash;
    const auto url = with_query("X-Amz-Content-Sha256=" + hash, options);
    CHECK(bench.verify(Request(url).set("x-amz-content-sha256", hash)));
    for (const auto& other : {std::string(64, '0'), std::string("UNSIGNED-PAYLOAD")})
        CHECK(bench.refusal(Request(url).set("x-amz-content-sha256", other)).code ==
              AuthCode::invalid_request);
}

TEST_CASE("presigned: streams only when the mode is signed (P-35)", "[auth]") {
    Bench bench;
    const std::string mode = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD";
    CHECK(bench.refusal(presigned(a_url()).set("x-amz-content-sha256", mode)).code ==
          AuthCode::invalid_request);
    CHECK(bench
              .refusal(presigned(a_url()).set("x-amz-content-sha256",
                                              "STREAMING-UNSIGNED-PAYLOAD-TRAILER"))
              .code == AuthCode::invalid_request);

    UrlOptions options;
    options.payload_hash = mode;
    const auto url = with_query("X-Amz-Content-Sha256=" + mode, options);
    const auto verified = bench.verify(url);
    REQUIRE(verified);
    REQUIRE(verified->chunks);
    CHECK(url.query.ends_with("X-Amz-Signature=" + verified->chunks->seed));
    CHECK(bench.refusal(url, false).code == AuthCode::invalid_request);

    options.names = {"host", "x-amz-content-sha256"};
    CHECK(bench.verify(presigned(a_url().set("x-amz-content-sha256", mode), options))->payload ==
          PayloadMode::signed_chunks);
}

TEST_CASE("presigned: x-amz- parameters act as headers (P-36)", "[auth]") {
    CHECK(hoisted(with_query("x-amz-acl=public-read"), "x-amz-acl") == "[public-read]");
    CHECK(hoisted(with_query("X-Amz-Meta-Note=a+b%2Bc%20"), "x-amz-meta-note") == "[a b+c]");
    CHECK(hoisted(with_query("x-amz-meta-a=1&x-amz-meta-a=2"), "x-amz-meta-a") == "[1][2]");
    for (const std::string name :
         {"x-amz-tagging", "x-amz-storage-class", "x-amz-server-side-encryption",
          "x-amz-checksum-crc32", "x-amz-object-lock-mode", "x-amz-copy-source"})
        CHECK(hoisted(with_query(name + "=v"), name) == "[v]");
}

TEST_CASE("presigned: neither security parameters nor other headers are hoisted (P-36)", "[auth]") {
    Bench bench;
    const auto verified = bench.verify(with_query(
        "Content-Type=a&Content-MD5=b&Cache-Control=c&x-amzn-a=d&x_amz_acl=e&x-amz=f&x-id=g&"
        "X-Amz-Content-Sha256=UNSIGNED-PAYLOAD"));
    REQUIRE(verified);
    CHECK(verified->hoisted_headers.empty());
    // Nothing of a header-signed request is.
    auto header = a_request();
    header.query = "x-amz-acl=public-read";
    CHECK(bench.verify(signed_by_header(header))->hoisted_headers.empty());
}

TEST_CASE("presigned: a hoisted parameter is covered by the signature (P-36)", "[auth]") {
    Bench bench;
    auto request = presigned(a_url());
    request.query += "&x-amz-acl=public-read";
    CHECK(bench.refusal(request).code == AuthCode::signature_does_not_match);
}

TEST_CASE("presigned: no header a parser would refuse comes in by the query (P-36, S-32)",
          "[auth]") {
    Bench bench;
    for (const auto* query : {"x-amz-meta-a=b%0D%0Ac", "x-amz-meta-a=%00", "x-amz-meta-a=%7F",
                              "x-amz-meta-a%0A=b", "x-amz-meta-%3A=b", "x-amz-meta-%20=b"})
        CHECK(bench.refusal(with_query(query)).code == AuthCode::invalid_argument);
    CHECK(bench.verify(with_query("x-amz-meta-a=%C3%A9%09x")));
}

TEST_CASE("presigned: the same name as header and parameter (P-37)", "[auth]") {
    Bench bench;
    UrlOptions options;
    options.names = {"host", "x-amz-acl"};
    auto request = a_url().set("x-amz-acl", "private");
    request.query = "x-amz-acl=public-read";
    CHECK(bench.refusal(presigned(request, options)).code == AuthCode::invalid_request);
    // Equal: it is there once, as the header.
    request.query = "x-amz-acl=private";
    CHECK(hoisted(presigned(request, options), "x-amz-acl").empty());
    // An unsigned header is refused as such.
    CHECK(says(bench.refusal(presigned(request)), AuthCode::access_denied, "not signed"));
}

TEST_CASE("presigned: x-amz-date as a header must say the same (P-37)", "[auth]") {
    Bench bench;
    UrlOptions options;
    options.names = {"host", "x-amz-date"};
    CHECK(bench.verify(presigned(a_url().set("x-amz-date", std::string(timestamp)), options)));
    CHECK(bench.refusal(presigned(a_url().set("x-amz-date", "20130525T000000Z"), options)).code ==
          AuthCode::invalid_request);
}

TEST_CASE("presigned: a token of no session (P-38)", "[auth]") {
    Bench bench;
    CHECK(bench.refusal(with_query("X-Amz-Security-Token=t")).code == AuthCode::invalid_token);
    CHECK(bench.refusal(with_query("X-Amz-Security-Token=")).code == AuthCode::invalid_token);
}

TEST_CASE("presigned: an unknown access key; a secret changed after signing (1.2 #14, P-39)",
          "[auth]") {
    Bench bench;
    UrlOptions options;
    options.credential = "AKIAUNKNOWN/" + std::string(scope);
    const auto error = bench.refusal(presigned(a_url(), options));
    CHECK(error.code == AuthCode::invalid_access_key_id);
    CHECK(field(error, "AWSAccessKeyId") == "AKIAUNKNOWN");

    bench.credentials.change_secret("another");
    CHECK(bench.refusal(presigned(a_url())).code == AuthCode::signature_does_not_match);
}

TEST_CASE("presigned: names of headers cannot carry line ends into what is signed (C-09)",
          "[auth]") {
    Bench bench;
    UrlOptions options;
    options.names = {"host", "x-amz-acl:private\nx"};
    CHECK(bench.refusal(presigned(a_url(), options)).code == AuthCode::signature_does_not_match);
}
