#include "auth/signed_headers.h"

#include "tests/catch.h"
#include "tests/unit/auth/requests.h"

using namespace holdfast;
using namespace holdfast::auth;
using namespace holdfast::auth::testing;

namespace {

bool refused_as_unsigned(const AuthError& error, const std::string& names) {
    return says(error, AuthCode::access_denied,
                "There were headers present in the request which were not signed") &&
           field(error, "HeadersNotSigned") == names;
}

}  // namespace

TEST_CASE("signed headers: sorted, and well-formed or not (C-09)", "[auth]") {
    const auto parsed = parse_signed_headers("x-amz-date;host");
    CHECK(parsed.well_formed);
    CHECK(parsed.names == std::vector<std::string_view>{"host", "x-amz-date"});
    CHECK(parsed.has("host"));
    CHECK_FALSE(parsed.has("hos"));
    for (const auto* wrong : {"", ";", "host;", ";host", "host;;range", "Host", "host;host",
                              "host; range", "ho\nst", "host:range"})
        CHECK_FALSE(parse_signed_headers(wrong).well_formed);
}

TEST_CASE("verify: a list that is not well-formed is SignatureDoesNotMatch (C-09)", "[auth]") {
    Bench bench;
    auto request = a_request();
    for (const std::vector<std::string>& names :
         {std::vector<std::string>{""},
          {"Host", "x-amz-content-sha256", "x-amz-date"},
          {"host", "host", "x-amz-content-sha256", "x-amz-date"},
          {"", "host", "x-amz-content-sha256", "x-amz-date"}}) {
        const auto signature = signature_of(request, names, empty_sha256, false);
        CHECK(bench.refusal(request.set("authorization", authorization(names, signature))).code ==
              AuthCode::signature_does_not_match);
    }
}

TEST_CASE("verify: an unsorted list counts in sorted form (C-09)", "[auth]") {
    Bench bench;
    auto request = a_request();
    const std::vector<std::string> names{"x-amz-date", "host", "x-amz-content-sha256"};
    const auto signature = signature_of(request, names, empty_sha256, false);
    CHECK(bench.verify(request.set("authorization", authorization(names, signature))));
}

TEST_CASE("verify: host must be signed (P-01)", "[auth]") {
    Bench bench;
    CHECK(refused_as_unsigned(bench.refusal(signed_by_header(a_request(), {"host"})), "host"));
    CHECK(refused_as_unsigned(bench.refusal(signed_by_header(a_request().remove("host"), {"host"})),
                              "host"));
    UrlOptions url;
    url.names = {"range"};
    CHECK(refused_as_unsigned(bench.refusal(presigned(a_url().set("range", "bytes=0-1"), url)),
                              "host"));
}

TEST_CASE("verify: every x-amz- header must be signed, in both forms (P-02)", "[auth]") {
    Bench bench;
    for (const std::string name : {"x-amz-copy-source",
                                   "x-amz-acl",
                                   "x-amz-tagging",
                                   "x-amz-website-redirect-location",
                                   "x-amz-server-side-encryption",
                                   "x-amz-server-side-encryption-customer-key",
                                   "x-amz-server-side-encryption-aws-kms-key-id",
                                   "x-amz-object-lock-mode",
                                   "x-amz-object-lock-retain-until-date",
                                   "x-amz-object-lock-legal-hold",
                                   "x-amz-bypass-governance-retention",
                                   "x-amz-meta-a",
                                   "x-amz-grant-read",
                                   "x-amz-storage-class",
                                   "x-amz-checksum-crc32",
                                   "x-amz-trailer",
                                   "x-amz-metadata-directive",
                                   "x-amz-decoded-content-length",
                                   "x-amz-expected-bucket-owner",
                                   "x-amz-mfa",
                                   "x-amz-"}) {
        INFO(name);
        auto header = signed_by_header(a_request().set(name, "v"), {name});
        CHECK(refused_as_unsigned(bench.refusal(header), name));
        CHECK(bench.verify(signed_by_header(a_request().set(name, "v"))));

        CHECK(refused_as_unsigned(bench.refusal(presigned(a_url()).set(name, "v")), name));
        UrlOptions url;
        url.names = {"host", name};
        CHECK(bench.verify(presigned(a_url().set(name, "v"), url)));
    }
}

TEST_CASE("verify: the unsigned headers are listed once each, in arrival order (P-02)", "[auth]") {
    Bench bench;
    auto request = signed_by_header(a_request());
    request.add("x-amz-tagging", "a=b").add("range", "x").add("x-amz-acl", "private");
    request.add("x-amz-tagging", "c=d");
    CHECK(refused_as_unsigned(bench.refusal(request), "x-amz-tagging, x-amz-acl"));
}

TEST_CASE("verify: x-amz-content-sha256 may be unsigned in a URL only (P-03)", "[auth]") {
    Bench bench;
    CHECK(bench.verify(presigned(a_url()).set("x-amz-content-sha256", "UNSIGNED-PAYLOAD")));
    CHECK(
        refused_as_unsigned(bench.refusal(signed_by_header(a_request(), {"x-amz-content-sha256"})),
                            "x-amz-content-sha256"));
}

TEST_CASE("verify: configured headers may come unsigned, and no others (P-04)", "[auth]") {
    VerifierOptions options;
    options.ignore_unsigned_headers = {"x-amz-cf-id"};
    Bench bench(options);
    CHECK(bench.verify(signed_by_header(a_request()).set("x-amz-cf-id", "v")));
    CHECK(bench.verify(signed_by_header(a_request().set("x-amz-cf-id", "v"))));
    CHECK(bench.verify(presigned(a_url()).set("x-amz-cf-id", "v")));
    CHECK(refused_as_unsigned(bench.refusal(signed_by_header(a_request()).set("x-amz-cf-pop", "v")),
                              "x-amz-cf-pop"));
    CHECK(bench.verifier.options().ignore_unsigned_headers.size() == 1);
}

TEST_CASE("verify: x-amz-date must be signed in the header form (P-05)", "[auth]") {
    Bench bench;
    CHECK(refused_as_unsigned(bench.refusal(signed_by_header(a_request(), {"x-amz-date"})),
                              "x-amz-date"));
}

TEST_CASE("verify: other headers need not be signed, but count when they are (P-06)", "[auth]") {
    Bench bench;
    for (const auto* name : {"content-type", "content-md5", "range", "if-match", "cache-control"}) {
        CHECK(bench.verify(signed_by_header(a_request()).set(name, "v")));
        auto request = signed_by_header(a_request().set(name, "v"));
        CHECK(bench.refusal(request.set(name, "w")).code == AuthCode::signature_does_not_match);
    }
}

TEST_CASE("verify: names that only look like x-amz- are other headers (P-07, P-08)", "[auth]") {
    Bench bench;
    for (const auto* name : {"x-amzn-trace-id", "x-amz", "x_amz_acl", "x-amzacl"})
        CHECK(bench.verify(signed_by_header(a_request()).set(name, "v")));
}
