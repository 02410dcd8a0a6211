#include "auth/canonical.h"

#include "auth/hashing.h"
#include "tests/catch.h"
#include "tests/unit/auth/vectors.h"

using namespace holdfast;
using namespace holdfast::auth;
using namespace holdfast::auth::testing;

namespace {

std::string path_of(std::string_view raw) {
    std::string path;
    append_canonical_path(path, raw);
    return path;
}

std::string query_of(std::string_view raw, bool presigned = false) {
    const auto items = model::parse_query(raw);
    REQUIRE(items);
    std::string query;
    append_canonical_query(query, *items, presigned);
    return query;
}

std::string headers_of(const HeaderList& headers, std::vector<std::string_view> names) {
    std::string text;
    append_canonical_headers(text, headers, names);
    return text;
}

}  // namespace

TEST_CASE("canonical request: T1 to T15 give the known hash and signature", "[auth][vectors]") {
    for (const auto& vector : request_vectors()) {
        INFO(vector.name);
        const auto names = signed_names(vector);
        const auto canonical =
            canonical_request(vector.request.view(), names, vector.payload_hash, vector.presigned);
        CHECK(base::to_hex(sha256(base::as_bytes(canonical))) == vector.canonical_sha256);
        CHECK(signature_of(vector.request, names, vector.payload_hash, vector.presigned) ==
              vector.signature);
    }
}

TEST_CASE("signing key: the one of the documentation", "[auth][vectors]") {
    const auto key =
        signing_key(base::Secret(std::string(secret_key)), "20130524", "us-east-1", "s3");
    CHECK(base::to_hex(key) == "dbb893acc010964918f1fd433add87c70e8b0db6be30c1fbeafefa5ec6ba8378");
}

TEST_CASE("signing key: T8, the text of a POST policy as it is sent", "[auth][vectors]") {
    constexpr std::string_view policy =
        "eyAiZXhwaXJhdGlvbiI6ICIyMDE1LTEyLTMwVDEyOjAwOjAwLjAwMFoiLA0KICAiY29uZGl0aW9u"
        "cyI6IFsNCiAgICB7ImJ1Y2tldCI6ICJzaWd2NGV4YW1wbGVidWNrZXQifSwNCiAgICBbInN0YXJ0"
        "cy13aXRoIiwgIiRrZXkiLCAidXNlci91c2VyMS8iXSwNCiAgICB7ImFjbCI6ICJwdWJsaWMtcmVh"
        "ZCJ9LA0KICAgIHsic3VjY2Vzc19hY3Rpb25fcmVkaXJlY3QiOiAiaHR0cDovL3NpZ3Y0ZXhhbXBs"
        "ZWJ1Y2tldC5zMy5hbWF6b25hd3MuY29tL3N1Y2Nlc3NmdWxfdXBsb2FkLmh0bWwifSwNCiAgICBb"
        "InN0YXJ0cy13aXRoIiwgIiRDb250ZW50LVR5cGUiLCAiaW1hZ2UvIl0sDQogICAgeyJ4LWFtei1t"
        "ZXRhLXV1aWQiOiAiMTQzNjUxMjM2NTEyNzQifSwNCiAgICB7IngtYW16LXNlcnZlci1zaWRlLWVu"
        "Y3J5cHRpb24iOiAiQUVTMjU2In0sDQogICAgWyJzdGFydHMtd2l0aCIsICIkeC1hbXotbWV0YS10"
        "YWciLCAiIl0sDQoNCiAgICB7IngtYW16LWNyZWRlbnRpYWwiOiAiQUtJQUlPU0ZPRE5ON0VYQU1Q"
        "TEUvMjAxNTEyMjkvdXMtZWFzdC0xL3MzL2F3czRfcmVxdWVzdCJ9LA0KICAgIHsieC1hbXotYWxn"
        "b3JpdGhtIjogIkFXUzQtSE1BQy1TSEEyNTYifSwNCiAgICB7IngtYW16LWRhdGUiOiAiMjAxNTEy"
        "MjlUMDAwMDAwWiIgfQ0KICBdDQp9";
    const auto key =
        signing_key(base::Secret(std::string(secret_key)), "20151229", "us-east-1", "s3");
    CHECK(sign(key, policy) == "8afdbf4008c03f22c2cd3cdb72e4afbb1f6a588f3255ac628749a66d7f09699e");
}

TEST_CASE("canonical path: encoded once, however the client did (C-01, C-03, C-05, C-07)",
          "[auth]") {
    CHECK(path_of("/a!b*c'd(e)f~g") == "/a%21b%2Ac%27d%28e%29f~g");
    CHECK(path_of("/a%21b%2ac%27d%28e%29f%7eg") == "/a%21b%2Ac%27d%28e%29f~g");
    CHECK(path_of("/a+b") == "/a%2Bb");
    CHECK(path_of("/a%2Fb%2fc") == "/a/b/c");
    CHECK(path_of("/a%252Fb") == "/a%252Fb");
    CHECK(path_of("/\xc3\xa9%c3%a9") == "/%C3%A9%C3%A9");
}

TEST_CASE("canonical path: nothing is normalised, an empty one is the root (C-02, C-19)",
          "[auth]") {
    CHECK(path_of("//a/./b/../c//") == "//a/./b/../c//");
    CHECK(path_of("") == "/");
}

TEST_CASE("escapes: each needs two digits (C-06)", "[auth]") {
    CHECK(escapes_are_valid(""));
    CHECK(escapes_are_valid("/a%20b%C3%a9"));
    for (const auto* bad : {"%", "/%0", "/%zz", "/%0g", "/%%41", "/a%2"})
        CHECK_FALSE(escapes_are_valid(bad));
}

TEST_CASE("canonical query: decoded, encoded, sorted by name and value (C-04, C-08)", "[auth]") {
    CHECK(query_of("uploads") == "uploads=");
    CHECK(query_of("b=2&a=1&&a=0&") == "a=0&a=1&b=2");
    CHECK(query_of("a+b=c+d") == "a%20b=c%20d");
    CHECK(query_of("a=%2F/~*") == "a=%2F%2F~%2A");
    CHECK(query_of("a=b=c;d") == "a=b%3Dc%3Bd");
    // By encoded name: "%2D..." sorts in front of "A", "-" does not.
    CHECK(query_of("A=1&%20=2") == "%20=2&A=1");
    CHECK(query_of("aa=1&a-=2") == "a-=2&aa=1");
}

TEST_CASE("canonical query: only the signature is left out, and only of a presigned URL",
          "[auth]") {
    CHECK(query_of("X-Amz-Signature=s&X-Amz-Date=d", true) == "X-Amz-Date=d");
    CHECK(query_of("X-Amz-Signature=s&X-Amz-Date=d") == "X-Amz-Date=d&X-Amz-Signature=s");
}

TEST_CASE("canonical headers: trimmed, collapsed, joined, raw bytes (C-10, C-11, C-16)", "[auth]") {
    CHECK(headers_of({{"a", " \t x \t\t y  \"z   z\" "}}, {"a"}) == "a:x y \"z z\"\n");
    CHECK(headers_of({{"a", "1"}, {"b", "-"}, {"a", " 2 "}}, {"a", "b"}) == "a:1,2\nb:-\n");
    CHECK(headers_of({{"a", "\xff\xc3"}}, {"a"}) == "a:\xff\xc3\n");
    CHECK(headers_of({}, {"absent"}) == "absent:\n");
}

TEST_CASE("canonical request: the public form sorts the names itself (C-09)", "[auth]") {
    const auto request = a_request();
    CHECK(canonical_request(request.view(), {"x-amz-date", "host"}, "h", false) ==
          canonical_request(request.view(), {"host", "x-amz-date"}, "h", false));
}
