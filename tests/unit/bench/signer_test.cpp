/// The vectors of spec auth 1.13.
#include "bench/load/signer.h"

#include <vector>

#include "tests/catch.h"

using namespace holdfast;
using bench::Header;
using bench::Signer;

namespace {

constexpr std::string_view empty_hash =
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
constexpr std::string_view day = "20130524T000000Z";

Signer a_signer() {
    return Signer("AKIAIOSFODNN7EXAMPLE", base::Secret("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"),
                  "us-east-1");
}

std::string signature(std::string_view method, std::string_view path, std::string_view query,
                      const std::vector<Header>& headers, std::string_view hash = empty_hash) {
    auto signer = a_signer();
    return std::string(signer.signature({.method = method,
                                         .path = path,
                                         .query = query,
                                         .headers = headers,
                                         .payload_hash = hash,
                                         .timestamp = day}));
}

std::vector<Header> plain_headers(std::string_view host) {
    return {{"host", host}, {"x-amz-content-sha256", empty_hash}, {"x-amz-date", day}};
}

}  // namespace

TEST_CASE("Signer: a GET with a Range header signs as AWS documents (T1)", "[bench]") {
    CHECK(signature("GET", "/test.txt", "",
                    {{"host", "examplebucket.s3.amazonaws.com"},
                     {"range", "bytes=0-9"},
                     {"x-amz-content-sha256", empty_hash},
                     {"x-amz-date", day}}) ==
          "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41");
}

TEST_CASE("Signer: a PUT with a hashed body signs as AWS documents (T2)", "[bench]") {
    const std::string_view hash =
        "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072";
    CHECK(bench::sha256_hex(base::as_bytes("Welcome to Amazon S3.")) == hash);
    CHECK(signature("PUT", "/test%24file.text", "",
                    {{"date", "Fri, 24 May 2013 00:00:00 GMT"},
                     {"host", "examplebucket.s3.amazonaws.com"},
                     {"x-amz-content-sha256", hash},
                     {"x-amz-date", day},
                     {"x-amz-storage-class", "REDUCED_REDUNDANCY"}},
                    hash) == "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd");
}

TEST_CASE("Signer: queries sign as AWS documents (T3, T4, T10)", "[bench]") {
    const auto aws = plain_headers("examplebucket.s3.amazonaws.com");
    CHECK(signature("GET", "/", "lifecycle=", aws) ==
          "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543");
    CHECK(signature("GET", "/", "max-keys=2&prefix=J", aws) ==
          "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7");
    CHECK(signature("GET", "/examplebucket",
                    "delimiter=%2F&encoding-type=url&list-type=2&prefix=a%20b%2Bc%3D%26%2A~"
                    "&start-after=",
                    plain_headers("127.0.0.1:9000")) ==
          "fe50ee89891541b353d52d2211f30c04f596b4fa7031974c3e87a5738ddfbf4a");
}

TEST_CASE("Signer: an unsigned body with a trailer signs as botocore does (T13)", "[bench]") {
    const std::string_view hash = "STREAMING-UNSIGNED-PAYLOAD-TRAILER";
    CHECK(signature("PUT", "/examplebucket/obj", "",
                    {{"content-encoding", "aws-chunked"},
                     {"host", "127.0.0.1:9000"},
                     {"x-amz-content-sha256", hash},
                     {"x-amz-date", day},
                     {"x-amz-decoded-content-length", "11"},
                     {"x-amz-sdk-checksum-algorithm", "CRC32"},
                     {"x-amz-trailer", "x-amz-checksum-crc32"}},
                    hash) == "7d56cfa3934d6c5645ae39e02e4fbe76475ecd9ff456fb2964f3f8f0ee77b591");
}

TEST_CASE("Signer: the key follows the day, and signing again gives the same", "[bench]") {
    auto signer = a_signer();
    const auto headers = plain_headers("127.0.0.1:9000");
    bench::RequestToSign request{.method = "GET",
                                 .path = "/a/b",
                                 .query = "",
                                 .headers = headers,
                                 .payload_hash = empty_hash,
                                 .timestamp = day};
    const std::string first(signer.signature(request));
    CHECK(signer.signature(request) == first);
    request.timestamp = "20130525T000000Z";
    CHECK(signer.signature(request) != first);
    request.timestamp = day;
    CHECK(signer.signature(request) == first);
}

TEST_CASE("Signer: the Authorization header names key, scope and headers", "[bench]") {
    auto signer = a_signer();
    const auto headers = plain_headers("examplebucket.s3.amazonaws.com");
    std::string text;
    signer.append_authorization({.method = "GET",
                                 .path = "/",
                                 .query = "lifecycle=",
                                 .headers = headers,
                                 .payload_hash = empty_hash,
                                 .timestamp = day},
                                text);
    CHECK(text ==
          "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request, "
          "SignedHeaders=host;x-amz-content-sha256;x-amz-date, "
          "Signature=fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543");
}
