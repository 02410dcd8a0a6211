#include "server/s3/checksum_headers.h"

#include "tests/catch.h"
#include "tests/unit/server/s3/requests.h"

using namespace holdfast;
using namespace holdfast::s3;
using namespace holdfast::s3::testing;
using model::ChecksumAlgorithm;

namespace {

constexpr const char* crc32 = "NRU+Sw==";
constexpr const char* md5 = "1B2M2Y8AsgTpgAmY7PhCfg==";

Result<PromisedDigests> parsed(HeaderList headers) {
    return parse_promised_digests(with_headers(headers));
}

std::string refusal(HeaderList headers) {
    const auto promised = parsed(headers);
    if (promised) return "";
    CHECK(promised.error().spec->code == "InvalidRequest");
    return promised.error().message;
}

}  // namespace

TEST_CASE("digests promised: nothing, a header, a trailer", "[s3][checksum]") {
    const auto none = parsed({});
    REQUIRE(none);
    CHECK_FALSE(none->algorithm());
    CHECK_FALSE(none->content_md5);

    const auto header = parsed({{"x-amz-checksum-crc32", crc32}, {"content-md5", md5}});
    REQUIRE(header);
    CHECK(header->algorithm() == ChecksumAlgorithm::crc32);
    CHECK(header->checksum->text() == crc32);
    CHECK(base::to_hex(*header->content_md5) == "d41d8cd98f00b204e9800998ecf8427e");

    const auto trailer = parsed({{"x-amz-trailer", "X-Amz-Checksum-CRC64NVME"}});
    REQUIRE(trailer);
    CHECK(trailer->algorithm() == ChecksumAlgorithm::crc64nvme);
    CHECK_FALSE(trailer->checksum);
}

TEST_CASE("digests promised: each of the ten algorithms by header and by trailer",
          "[s3][checksum]") {
    for (const auto algorithm : model::all_checksum_algorithms) {
        const model::Checksum value{algorithm, base::Bytes(model::digest_bytes(algorithm), 7)};
        const auto name = model::header_name(algorithm);
        INFO(name);
        const auto header = parsed({{name, value.text()}});
        REQUIRE(header);
        CHECK(header->checksum == value);
        const auto trailer = parsed({{"x-amz-trailer", name}});
        REQUIRE(trailer);
        CHECK(trailer->in_trailer == algorithm);
    }
}

TEST_CASE("digests promised: two checksums are refused (CK-20, K-19)", "[s3][checksum]") {
    const std::string message =
        "Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed.";
    CHECK(refusal({{"x-amz-checksum-crc32", crc32}, {"x-amz-checksum-crc32c", crc32}}) == message);
    CHECK(refusal({{"x-amz-checksum-crc32", crc32}, {"x-amz-checksum-crc32", crc32}}) == message);
    CHECK(refusal({{"x-amz-checksum-crc32", crc32}, {"x-amz-trailer", "x-amz-checksum-sha256"}}) ==
          message);
}

TEST_CASE("digests promised: a value must be base64 of the right length (CK-21)",
          "[s3][checksum]") {
    for (const char* value : {"", "NRU+Sw", "NRU+S", "rnr2/5P7Gsk=", "!!!!!!==", "NRU+Sw== "}) {
        INFO(value);
        CHECK(refusal({{"x-amz-checksum-crc32", value}}) ==
              "Value for x-amz-checksum-crc32 header is invalid.");
    }
    const auto trailer = parse_checksum_value(ChecksumAlgorithm::sha1, "x", "trailing header");
    CHECK(message_of(trailer) == "Value for x-amz-checksum-sha1 trailing header is invalid.");
}

TEST_CASE("digests promised: an unknown algorithm (CK-22)", "[s3][checksum]") {
    CHECK(refusal({{"x-amz-checksum-foo", crc32}}) ==
          "The algorithm type you specified in x-amz-checksum- header is invalid.");
}

TEST_CASE("digests promised: words that are no values", "[s3][checksum]") {
    CHECK(parsed({{"x-amz-checksum-algorithm", "CRC32"},
                  {"x-amz-checksum-type", "COMPOSITE"},
                  {"x-amz-checksum-mode", "ENABLED"}})
              .has_value());
}

TEST_CASE("digests promised: the SDK's algorithm without a value (CK-23)", "[s3][checksum]") {
    CHECK(refusal({{"x-amz-sdk-checksum-algorithm", "CRC32"}}) ==
          "x-amz-sdk-checksum-algorithm specified, but no corresponding x-amz-checksum-* or "
          "x-amz-trailer headers were found.");
}

TEST_CASE("digests promised: the SDK's algorithm against the value's (CK-24)", "[s3][checksum]") {
    const std::string message = "Value for x-amz-sdk-checksum-algorithm header is invalid.";
    CHECK(refusal({{"x-amz-sdk-checksum-algorithm", "SHA256"}, {"x-amz-checksum-crc32", crc32}}) ==
          message);
    CHECK(refusal({{"x-amz-sdk-checksum-algorithm", "foo"}, {"x-amz-checksum-crc32", crc32}}) ==
          message);
    CHECK(refusal({{"x-amz-sdk-checksum-algorithm", "CRC32C"},
                   {"x-amz-trailer", "x-amz-checksum-crc32"}}) == message);
    CHECK(refusal({{"x-amz-sdk-checksum-algorithm", "crc32"}, {"x-amz-checksum-crc32", crc32}})
              .empty());
}

TEST_CASE("digests promised: a trailer that is no checksum (CK-30, K-12)", "[s3][checksum]") {
    for (const char* name : {"", "x-amz-checksum-foo", "content-md5", "x-amz-checksum-algorithm",
                             "x-amz-checksum-crc32,x-amz-checksum-sha1"}) {
        INFO(name);
        CHECK(refusal({{"x-amz-trailer", name}}) ==
              "The value specified in the x-amz-trailer header is not supported");
    }
}

TEST_CASE("digests promised: Content-MD5 is 16 bytes in base64 (CK-32)", "[s3][checksum]") {
    for (const char* value : {"", "1B2M2Y8AsgTpgAmY7PhCfg", "NRU+Sw==", "not base64"}) {
        const auto refused = parsed({{"content-md5", value}});
        INFO(value);
        CHECK(code_of(refused) == "InvalidDigest");
        CHECK(field(refused, "Content-MD5") == value);
    }
}

TEST_CASE("checksum_mismatch: names the algorithm in capitals (CK-29)", "[s3][checksum]") {
    const auto error = checksum_mismatch(ChecksumAlgorithm::crc64nvme);
    CHECK(error.spec->code == "BadDigest");
    CHECK(error.message == "The CRC64NVME you specified did not match the calculated checksum.");
}
