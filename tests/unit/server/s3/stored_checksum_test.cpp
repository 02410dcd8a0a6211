#include "server/s3/stored_checksum.h"

#include "tests/catch.h"
#include "tests/unit/server/s3/requests.h"

using namespace holdfast;
using namespace holdfast::s3;
using namespace holdfast::s3::testing;
using model::ChecksumAlgorithm;
using model::ChecksumType;

TEST_CASE("stored checksums: a record keeps everything (5.8)", "[s3][checksum]") {
    for (const auto algorithm : model::all_checksum_algorithms) {
        const model::Checksum sum{algorithm, base::Bytes(model::digest_bytes(algorithm), 0xfe)};
        const auto record = to_record(sum, ChecksumType::composite, 7);
        CHECK(algorithm_of(record) == algorithm);
        CHECK(type_of(record) == ChecksumType::composite);
        CHECK(digest_text(record) == sum.text());
        CHECK(checksum_text(record) == sum.text() + "-7");
        CHECK(checksum_text(to_record(sum, ChecksumType::full_object)) == sum.text());
    }
}

TEST_CASE("stored checksums: as headers and as elements (GP-09, CPL-47)", "[s3][checksum]") {
    const model::Checksum sum{ChecksumAlgorithm::crc64nvme, *base::from_base64("Rnr2/5P7Gsk=")};
    const auto record = to_record(sum, ChecksumType::full_object);
    Response response;
    set_checksum_headers(record, response);
    CHECK(header_of(response.headers, "x-amz-checksum-crc64nvme") == "Rnr2/5P7Gsk=");
    CHECK(header_of(response.headers, "x-amz-checksum-type") == "FULL_OBJECT");
    XmlWriter xml;
    write_checksum(record, xml);
    const auto text = std::move(xml).finish();
    CHECK(text.substr(text.find('\n') + 1) ==
          "<ChecksumCRC64NVME>Rnr2/5P7Gsk=</ChecksumCRC64NVME>"
          "<ChecksumType>FULL_OBJECT</ChecksumType>");
}
