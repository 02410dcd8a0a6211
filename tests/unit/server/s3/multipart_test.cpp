#include "server/s3/multipart.h"

#include "tests/catch.h"
#include "tests/unit/server/s3/requests.h"

using namespace holdfast;
using namespace holdfast::s3;
using namespace holdfast::s3::testing;
using model::ChecksumAlgorithm;
using model::ChecksumType;

namespace {

records::Upload an_upload(ChecksumAlgorithm algorithm, ChecksumType type) {
    records::Upload upload;
    upload.set_checksum_algorithm(static_cast<std::uint32_t>(algorithm));
    upload.set_checksum_type(static_cast<std::uint32_t>(type));
    return upload;
}

PromisedDigests in_trailer(ChecksumAlgorithm algorithm) {
    PromisedDigests promised;
    promised.in_trailer = algorithm;
    return promised;
}

std::string written(const records::Upload& upload) {
    XmlWriter xml;
    write_upload_checksum(upload, xml);
    const auto text = std::move(xml).finish();
    return text.substr(text.find('\n') + 1);
}

}  // namespace

TEST_CASE("part numbers: 1 to 10,000 in digits (UP-01, LIM-01)", "[s3][multipart]") {
    const auto parsed = [](const std::string& text) {
        return parse_part_number(Parsed("PUT", "/bucket/key?uploadId=u&partNumber=" + text));
    };
    CHECK(parsed("1")->value() == 1);
    CHECK(parsed("10000")->value() == 10'000);
    for (const char* text : {"", "0", "10001", "-1", "x", "1.0", "%201", "99999999999999999999"}) {
        const auto refused = parsed(text);
        INFO(text);
        CHECK(code_of(refused) == "InvalidArgument");
        CHECK(message_of(refused) ==
              "Part number must be an integer between 1 and 10000, inclusive");
        CHECK(field(refused, "ArgumentName") == "partNumber");
    }
    CHECK(field(parsed("10001"), "ArgumentValue") == "10001");
}

TEST_CASE("parts: a checksum of another algorithm than the upload's (CK-25)",
          "[s3][multipart][checksum]") {
    for (const auto type : {ChecksumType::composite, ChecksumType::full_object}) {
        const auto upload = an_upload(ChecksumAlgorithm::crc32, type);
        CHECK(check_part_algorithm(upload, in_trailer(ChecksumAlgorithm::crc32)).has_value());
        const auto refused = check_part_algorithm(upload, in_trailer(ChecksumAlgorithm::sha256));
        CHECK(code_of(refused) == "InvalidRequest");
        CHECK(message_of(refused) ==
              "Checksum Type mismatch occurred, expected checksum Type: crc32, actual checksum "
              "Type: sha256");
    }
}

TEST_CASE("parts: without a checksum in an upload that has one (CK-26, CK-27)",
          "[s3][multipart][checksum]") {
    CHECK(message_of(check_part_algorithm(
              an_upload(ChecksumAlgorithm::sha1, ChecksumType::composite), {})) ==
          "Checksum Type mismatch occurred, expected checksum Type: sha1, actual checksum Type: "
          "null");
    CHECK(check_part_algorithm(an_upload(ChecksumAlgorithm::crc32c, ChecksumType::full_object), {})
              .has_value());
}

TEST_CASE("parts: an upload without an algorithm takes any, or none (CK-28, CK-12)",
          "[s3][multipart][checksum]") {
    const records::Upload upload;
    CHECK(check_part_algorithm(upload, {}).has_value());
    for (const auto algorithm : model::all_checksum_algorithms)
        CHECK(check_part_algorithm(upload, in_trailer(algorithm)).has_value());
    CHECK(explicit_algorithm(upload) == std::nullopt);
    CHECK(part_algorithm(upload) == ChecksumAlgorithm::crc64nvme);
    CHECK(checksum_type(upload) == ChecksumType::full_object);
}

TEST_CASE("uploads: only an algorithm that was asked for is listed (LP-06)",
          "[s3][multipart][checksum]") {
    CHECK(written({}).empty());
    CHECK(written(an_upload(ChecksumAlgorithm::sha256, ChecksumType::composite)) ==
          "<ChecksumAlgorithm>SHA256</ChecksumAlgorithm><ChecksumType>COMPOSITE</ChecksumType>");
}

TEST_CASE("parts: a customer key for an upload that has none (ENC-42, ENC-40)",
          "[s3][multipart][encryption]") {
    const std::string sse = "x-amz-server-side-encryption";
    const auto refused = check_no_customer_key(with_headers({{sse + "-customer-key-md5", "x"}}));
    CHECK(code_of(refused) == "InvalidRequest");
    CHECK(message_of(refused) ==
          "The multipart upload initiate requested encryption. Subsequent part requests must "
          "include the appropriate encryption parameters.");
    CHECK(check_no_customer_key(with_headers({{sse, "aws:kms"}, {sse + "-aws-kms-key-id", "x"}}))
              .has_value());
}
