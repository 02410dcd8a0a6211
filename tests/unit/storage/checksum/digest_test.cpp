#include "storage/checksum/digest.h"

#include <string>

#include "storage/checksum/crc64nvme.h"
#include "tests/catch.h"

using namespace holdfast;
using namespace holdfast::storage::checksum;
using model::ChecksumAlgorithm;

namespace {

std::string base64_digest(ChecksumAlgorithm algorithm, std::string_view text) {
    return base::to_base64(digest(algorithm, base::as_bytes(text)));
}

std::string hex_digest(ChecksumAlgorithm algorithm, std::string_view text) {
    return base::to_hex(digest(algorithm, base::as_bytes(text)));
}

std::vector<base::Bytes> part_digests(ChecksumAlgorithm algorithm,
                                      const std::vector<std::string>& parts) {
    std::vector<base::Bytes> digests;
    for (const auto& part : parts) digests.push_back(digest(algorithm, base::as_bytes(part)));
    return digests;
}

std::string composite_of(ChecksumAlgorithm algorithm, const std::vector<std::string>& parts) {
    return base::to_base64(composite(algorithm, part_digests(algorithm, parts)));
}

/// The full-object value from part values and lengths alone, as Complete makes it.
std::string full_object_of(ChecksumAlgorithm algorithm, const std::vector<std::string>& parts) {
    const auto digests = part_digests(algorithm, parts);
    base::Bytes crc = digests.at(0);
    for (std::size_t i = 1; i < parts.size(); ++i)
        crc = combine_crc(algorithm, crc, digests[i], parts[i].size());
    return base::to_base64(crc);
}

std::string etag_of(const std::vector<std::string>& parts) {
    return base::to_hex(
        composite(ChecksumAlgorithm::md5, part_digests(ChecksumAlgorithm::md5, parts)));
}

const std::vector<std::string>& three_letters() {
    static const std::vector<std::string> parts{
        std::string(5 << 20, 'A'), std::string(5 << 20, 'B'), std::string(5 << 20, 'C')};
    return parts;
}

/// A repeatable pseudo-random text.
std::string noise(std::size_t size, std::uint32_t seed) {
    std::string text(size, '\0');
    for (char& c : text) {
        seed = seed * 1664525 + 1013904223;
        c = static_cast<char>(seed >> 24);
    }
    return text;
}

constexpr std::array crcs{ChecksumAlgorithm::crc32, ChecksumAlgorithm::crc32c,
                          ChecksumAlgorithm::crc64nvme};

}  // namespace

TEST_CASE("digest: all ten algorithms give their published check values", "[checksum]") {
    constexpr std::string_view nine = "123456789";
    CHECK(hex_digest(ChecksumAlgorithm::crc32, nine) == "cbf43926");
    CHECK(hex_digest(ChecksumAlgorithm::crc32c, nine) == "e3069283");
    CHECK(hex_digest(ChecksumAlgorithm::crc64nvme, nine) == "ae8b14860a799888");
    CHECK(hex_digest(ChecksumAlgorithm::md5, "abc") == "900150983cd24fb0d6963f7d28e17f72");
    CHECK(hex_digest(ChecksumAlgorithm::sha1, "abc") == "a9993e364706816aba3e25717850c26c9cd0d89d");
    CHECK(hex_digest(ChecksumAlgorithm::sha256, "abc") ==
          "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    CHECK(hex_digest(ChecksumAlgorithm::sha512, "abc") ==
          "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
          "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f");
    CHECK(hex_digest(ChecksumAlgorithm::xxhash64, "abc") == "44bc2cf5ad770999");
    CHECK(hex_digest(ChecksumAlgorithm::xxhash3, "abc") == "78af5f94892f3950");
    CHECK(hex_digest(ChecksumAlgorithm::xxhash128, "abc") == "06b05ab6733a618578af5f94892f3950");
}

TEST_CASE("digest: all ten algorithms of nothing", "[checksum]") {
    CHECK(hex_digest(ChecksumAlgorithm::crc32, "") == "00000000");
    CHECK(hex_digest(ChecksumAlgorithm::crc32c, "") == "00000000");
    CHECK(hex_digest(ChecksumAlgorithm::crc64nvme, "") == "0000000000000000");
    CHECK(hex_digest(ChecksumAlgorithm::md5, "") == "d41d8cd98f00b204e9800998ecf8427e");
    CHECK(hex_digest(ChecksumAlgorithm::xxhash64, "") == "ef46db3751d8e999");
    CHECK(hex_digest(ChecksumAlgorithm::xxhash3, "") == "2d06800538d394c2");
    CHECK(hex_digest(ChecksumAlgorithm::xxhash128, "") == "99aa06d3014798d86001c324468d497f");
    CHECK(hex_digest(ChecksumAlgorithm::sha1, "") == "da39a3ee5e6b4b0d3255bfef95601890afd80709");
    CHECK(hex_digest(ChecksumAlgorithm::sha256, "") ==
          "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    CHECK(hex_digest(ChecksumAlgorithm::sha512, "").substr(0, 16) == "cf83e1357eefb8bd");
}

TEST_CASE("digest: pieces give what the whole gives, and lengths are the model's", "[checksum]") {
    const std::string text = noise(100'003, 1);
    for (const auto algorithm : model::all_checksum_algorithms) {
        INFO(model::name(algorithm));
        const auto whole = digest(algorithm, base::as_bytes(text));
        CHECK(whole.size() == model::digest_bytes(algorithm));
        const auto stream = make_digest(algorithm);
        std::size_t size = 0;
        for (std::size_t at = 0; at < text.size(); at += size, size = size * 3 + 1)
            stream->update(base::as_bytes(std::string_view(text).substr(at, size)));
        stream->update({});
        CHECK(stream->finish() == whole);
    }
}

TEST_CASE("digest: one-shot forms equal the streamed ones", "[checksum]") {
    const std::string text = noise(1000, 2);
    const auto bytes = base::as_bytes(text);
    const auto fast_md5 = md5(bytes);
    CHECK(base::Bytes(fast_md5.begin(), fast_md5.end()) == digest(ChecksumAlgorithm::md5, bytes));
    const auto fast_sha = sha256(bytes);
    CHECK(base::Bytes(fast_sha.begin(), fast_sha.end()) ==
          digest(ChecksumAlgorithm::sha256, bytes));
    base::Bytes crc(4);
    base::store_be32(crc, crc32c(bytes));
    CHECK(crc == digest(ChecksumAlgorithm::crc32c, bytes));
}

TEST_CASE("crc64nvme: folding and table agree at every length and alignment", "[checksum]") {
    if (!crc64nvme_can_fold()) {
        WARN("this processor has no carry-less multiplication");
        return;
    }
    const std::string text = noise(1200, 3);
    const auto bytes = base::as_bytes(text);
    for (std::size_t offset = 0; offset < 17; ++offset)
        for (std::size_t size = 0; size + offset <= bytes.size(); size += size < 300 ? 1 : 37) {
            const auto piece = bytes.subspan(offset, size);
            REQUIRE(crc64nvme_by_folding(0x1234, piece) == crc64nvme_by_table(0x1234, piece));
        }
    CHECK(crc64nvme(0, bytes) == crc64nvme_by_table(0, bytes));
}

TEST_CASE("combine_crc: equals the CRC of the whole for every split (CK-11)", "[checksum]") {
    const std::string text = noise(70'000, 4);
    for (const auto algorithm : crcs)
        for (const std::size_t split : {0, 1, 7, 8, 63, 64, 1000, 65'535, 65'536, 69'999, 70'000}) {
            INFO(model::name(algorithm) << " split at " << split);
            CHECK(full_object_of(algorithm, {text.substr(0, split), text.substr(split)}) ==
                  base64_digest(algorithm, text));
        }
}

TEST_CASE("combine_crc: is associative for lengths no test can write", "[checksum]") {
    const base::Bytes a{1, 2, 3, 4, 5, 6, 7, 8};
    const base::Bytes b{9, 9, 9, 9, 9, 9, 9, 9};
    const base::Bytes c{0, 1, 0, 1, 0, 1, 0, 1};
    constexpr std::uint64_t length_b = (std::uint64_t{1} << 62) + 12'345;
    constexpr std::uint64_t length_c = std::uint64_t{3} << 61 | 1;
    for (const auto algorithm : crcs) {
        const auto size = model::digest_bytes(algorithm);
        const auto cut = [size](const base::Bytes& bytes) {
            return base::ByteView(bytes).first(size);
        };
        const auto left = combine_crc(algorithm, combine_crc(algorithm, cut(a), cut(b), length_b),
                                      cut(c), length_c);
        const auto right =
            combine_crc(algorithm, cut(a), combine_crc(algorithm, cut(b), cut(c), length_c),
                        length_b + length_c);
        CHECK(left == right);
    }
}

TEST_CASE("checksums of three 5 MiB parts of letters (CK-10, CK-11, section 17)", "[checksum]") {
    const auto& parts = three_letters();
    CHECK(base64_digest(ChecksumAlgorithm::sha256, parts[0]) ==
          "275VF5loJr1YYawit0XSHREhkFXYkkPKGuoK0x9VKxI=");
    CHECK(base64_digest(ChecksumAlgorithm::sha256, parts[1]) ==
          "mrHwOfjTL5Zwfj74F05HOQGLdUb7E5szdCbxgUSq6NM=");
    CHECK(base64_digest(ChecksumAlgorithm::sha256, parts[2]) ==
          "Vw7oB/nKQ5xWb3hNgbyfkvDiivl+U+/Dft48nfJfDow=");
    CHECK(composite_of(ChecksumAlgorithm::sha256, parts) ==
          "uWBwpe1dxI4Vw8Gf0X9ynOdw/SS6VBzfWm9giiv1sf4=");
    CHECK(composite_of(ChecksumAlgorithm::sha1, parts) == "sizjvY4eud3MrcHdZM3cQ/ol39o=");
    CHECK(etag_of(parts) == "b2add96cc9702bbf4efb0ccdfc6b7747");
    CHECK(full_object_of(ChecksumAlgorithm::crc32, parts) == "WgDhBQ==");
    CHECK(full_object_of(ChecksumAlgorithm::crc32c, parts) == "xU+Krw==");
    CHECK(full_object_of(ChecksumAlgorithm::crc64nvme, parts) == "i+6LR0y3eFo=");
    CHECK(base64_digest(ChecksumAlgorithm::crc64nvme, parts[0]) == "L/E4WYn8v98=");
    CHECK(base64_digest(ChecksumAlgorithm::crc64nvme, parts[1]) == "xW1l19VobYM=");
    CHECK(base64_digest(ChecksumAlgorithm::crc64nvme, parts[2]) == "cK5MnNaWrW4=");
}

TEST_CASE("checksums of three parts of one letter (CK-10, CK-11, section 17)", "[checksum]") {
    const std::vector<std::string> parts{std::string(5'242'881, 'a'), std::string(5'242'881, 'a'),
                                         std::string(10, 'a')};
    CHECK(base64_digest(ChecksumAlgorithm::crc32, parts[0]) == "NRU+Sw==");
    CHECK(base64_digest(ChecksumAlgorithm::crc32, parts[2]) == "TBHN8A==");
    CHECK(composite_of(ChecksumAlgorithm::crc32, parts) == "5FRUiw==");
    CHECK(full_object_of(ChecksumAlgorithm::crc32, parts) == "qSEQSA==");
    CHECK(etag_of(parts) == "4d45984fc3feb2ac9b22683c49674b56");
}

TEST_CASE("composite: of one part differs from the part's own value (CK-10, CK-12)", "[checksum]") {
    CHECK(base64_digest(ChecksumAlgorithm::crc64nvme, "aaa") == "Rnr2/5P7Gsk=");
    CHECK(etag_of({"aaa"}) == "e2c3da976e66ec9e7dc128fbc782fc91");
    CHECK(composite_of(ChecksumAlgorithm::sha256, {"aaa"}) !=
          base64_digest(ChecksumAlgorithm::sha256, "aaa"));
}

TEST_CASE("composite: an ETag from part ETags, whatever encrypts them (section 17)", "[checksum]") {
    std::vector<base::Bytes> parts;
    for (const char* etag : {"cf96b8ba9d9e9e6349399eb3fc08a3f7", "baa1d9ab47364489d4954efe66a37864",
                             "6e7021813aee13e435eeaff924b9160c"})
        parts.push_back(*base::from_hex(etag));
    CHECK(base::to_hex(composite(ChecksumAlgorithm::md5, parts)) ==
          "2d296eb6540ecd21430c385336c5dc9c");
    const auto key = base::from_base64("pO3upElrwuEXSoFwCfnZPdSsmt/xWeFa0N9KgDijwVs=");
    REQUIRE(key);
    CHECK(base::to_base64(md5(*key)) == "DWygnHRtgiJ77HCm+1rvHw==");
}
