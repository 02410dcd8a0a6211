#include "bench/load/body.h"

#include "base/limits.h"
#include "bench/load/signer.h"
#include "storage/checksum/digest.h"
#include "tests/catch.h"

using namespace holdfast;
using bench::Body;
using bench::Payload;

namespace {

std::string wire(const Body& body) {
    std::string text;
    for (const auto& piece : body.pieces())
        text.append(static_cast<const char*>(piece.iov_base), piece.iov_len);
    return text;
}

}  // namespace

TEST_CASE("Body: the hash is that of the bytes sent, also beyond one block", "[bench]") {
    for (const std::uint64_t bytes : {0UL, 1UL, 4096UL, base::MiB, 2 * base::MiB + 5}) {
        const Body body({.bytes = bytes, .payload = Payload::signed_hash});
        const auto sent = wire(body);
        CHECK(sent.size() == bytes);
        CHECK(body.wire_bytes() == bytes);
        CHECK(body.payload_hash() == bench::sha256_hex(base::as_bytes(sent)));
    }
}

TEST_CASE("Body: a trailer body is chunks, a last chunk and the checksum line", "[bench]") {
    const Body body({.bytes = base::MiB + 3, .payload = Payload::trailer});
    const auto sent = wire(body);
    CHECK(body.wire_bytes() == sent.size());
    CHECK(body.bytes_text() == "1048579");
    CHECK(body.payload_hash() == "STREAMING-UNSIGNED-PAYLOAD-TRAILER");
    CHECK(body.trailer_name() == "x-amz-checksum-crc64nvme");
    REQUIRE(sent.starts_with("100000\r\n"));
    const auto content = sent.substr(8, base::MiB) + sent.substr(8 + base::MiB + 2 + 3, 3);
    const auto digest =
        storage::checksum::digest(model::ChecksumAlgorithm::crc64nvme, base::as_bytes(content));
    CHECK(sent.substr(8 + base::MiB) ==
          "\r\n3\r\n" + content.substr(base::MiB) +
              "\r\n0\r\nx-amz-checksum-crc64nvme:" + base::to_base64(digest) + "\r\n\r\n");
}

TEST_CASE("Body: content is recognised at any offset, and any other is not", "[bench]") {
    const Body body({.bytes = base::MiB + 1000, .payload = Payload::unsigned_});
    auto sent = wire(body);
    CHECK(body.payload_hash() == "UNSIGNED-PAYLOAD");
    CHECK(body.matches(0, base::as_bytes(sent)));
    CHECK(body.matches(base::MiB - 10, base::as_bytes(sent).subspan(base::MiB - 10, 500)));
    CHECK_FALSE(body.matches(1, base::as_bytes(sent).first(100)));
    CHECK_FALSE(body.matches(0, base::as_bytes(sent + "x")));
    sent[base::MiB + 7] ^= 1;
    CHECK_FALSE(body.matches(0, base::as_bytes(sent)));
}
