// A checksum announced for a trailer that the body's form cannot carry: spec auth K-13.
#include "tests/component/s3/memory_endpoint.h"

namespace holdfast::test {

TEST_CASE("Payload: a trailer announced for a body that has none is refused (K-13)",
          "[s3][checksum]") {
    using auth::PayloadMode;
    MemoryEndpoint endpoint;
    const auto before = endpoint.state();
    for (const auto mode :
         {PayloadMode::single_hash, PayloadMode::unsigned_payload, PayloadMode::signed_chunks}) {
        Request request("PUT", "/photos/k");
        request.body("bytes").payload(mode).header("x-amz-trailer", "x-amz-checksum-crc32");
        CHECK(endpoint.send(request).outcome() == "400 MalformedTrailerError");
    }
    CHECK(endpoint.state() == before);
}

}  // namespace holdfast::test
