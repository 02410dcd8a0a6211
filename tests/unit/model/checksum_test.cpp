#include "model/checksum.h"

#include "tests/catch.h"

using namespace holdfast;
using namespace holdfast::model;

TEST_CASE("checksum names: words, headers and lengths of all ten (section 5.8)", "[model]") {
    const std::tuple<ChecksumAlgorithm, const char*, const char*, std::size_t> rows[] = {
        {ChecksumAlgorithm::crc32, "CRC32", "crc32", 4},
        {ChecksumAlgorithm::crc32c, "CRC32C", "crc32c", 4},
        {ChecksumAlgorithm::crc64nvme, "CRC64NVME", "crc64nvme", 8},
        {ChecksumAlgorithm::sha1, "SHA1", "sha1", 20},
        {ChecksumAlgorithm::sha256, "SHA256", "sha256", 32},
        {ChecksumAlgorithm::sha512, "SHA512", "sha512", 64},
        {ChecksumAlgorithm::md5, "MD5", "md5", 16},
        {ChecksumAlgorithm::xxhash64, "XXHASH64", "xxhash64", 8},
        {ChecksumAlgorithm::xxhash3, "XXHASH3", "xxhash3", 8},
        {ChecksumAlgorithm::xxhash128, "XXHASH128", "xxhash128", 16}};
    for (const auto& [algorithm, upper, lower, size] : rows) {
        CHECK(name(algorithm) == upper);
        CHECK(lower_name(algorithm) == lower);
        CHECK(header_name(algorithm) == std::string("x-amz-checksum-") + lower);
        CHECK(digest_bytes(algorithm) == size);
        CHECK(parse_checksum_algorithm(upper) == algorithm);
        CHECK(parse_checksum_algorithm(lower) == algorithm);
        CHECK(checksum_of_header(header_name(algorithm)) == algorithm);
    }
}

TEST_CASE("checksum algorithm: any case, nothing but the ten (CK-01)", "[model]") {
    CHECK(parse_checksum_algorithm("cRc32C") == ChecksumAlgorithm::crc32c);
    for (const char* bad : {"", "CRC", "CRC32D", "CRC32 ", "SHA-256", "NONE", "XXHASH"})
        CHECK_FALSE(parse_checksum_algorithm(bad));
}

TEST_CASE("checksum type: any case, nothing but the two (CK-02)", "[model]") {
    CHECK(name(ChecksumType::composite) == "COMPOSITE");
    CHECK(name(ChecksumType::full_object) == "FULL_OBJECT");
    CHECK(parse_checksum_type("composite") == ChecksumType::composite);
    CHECK(parse_checksum_type("Full_Object") == ChecksumType::full_object);
    for (const char* bad : {"", "FULL-OBJECT", "FULLOBJECT", "COMPOSITE "})
        CHECK_FALSE(parse_checksum_type(bad));
}

TEST_CASE("checksum headers: value headers only, in lower case (CK-22)", "[model]") {
    for (const char* other :
         {"x-amz-checksum-algorithm", "x-amz-checksum-type", "x-amz-checksum-mode",
          "x-amz-checksum-foo", "x-amz-checksum-", "x-amz-checksum-CRC32", "x-amz-checksum-crc32 ",
          "x-amz-sdk-checksum-algorithm", "content-md5", ""})
        CHECK_FALSE(checksum_of_header(other));
}

TEST_CASE("checksum types allowed and default for each algorithm (CK-04, CK-05)", "[model]") {
    for (const auto algorithm : all_checksum_algorithms) {
        const bool crc32s =
            algorithm == ChecksumAlgorithm::crc32 || algorithm == ChecksumAlgorithm::crc32c;
        const bool crc64 = algorithm == ChecksumAlgorithm::crc64nvme;
        CHECK(allows(algorithm, ChecksumType::composite) == !crc64);
        CHECK(allows(algorithm, ChecksumType::full_object) == (crc32s || crc64));
        CHECK(default_type(algorithm) ==
              (crc64 ? ChecksumType::full_object : ChecksumType::composite));
    }
}

TEST_CASE("checksum values: base64 of exactly the digest's length (CK-21)", "[model]") {
    const auto value = parse_checksum(ChecksumAlgorithm::crc32, "NRU+Sw==");
    REQUIRE(value);
    CHECK(value->algorithm == ChecksumAlgorithm::crc32);
    CHECK(base::to_hex(value->digest) == "35153e4b");
    CHECK(value->text() == "NRU+Sw==");
    for (const char* bad : {"", "NRU+Sw", "NRU+Sw=", "NRU+Sx==", "NRU-Sw==", "NRU+",
                            "Rnr2/5P7Gsk=", "NRU+Sw==-3", " NRU+Sw=="})
        CHECK_FALSE(parse_checksum(ChecksumAlgorithm::crc32, bad));
    for (const auto algorithm : all_checksum_algorithms) {
        const auto size = digest_bytes(algorithm);
        CHECK(parse_checksum(algorithm, base::to_base64(base::Bytes(size))));
        CHECK_FALSE(parse_checksum(algorithm, base::to_base64(base::Bytes(size - 1))));
        CHECK_FALSE(parse_checksum(algorithm, base::to_base64(base::Bytes(size + 1))));
    }
}
