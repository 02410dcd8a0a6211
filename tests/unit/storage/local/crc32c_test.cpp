#include "storage/local/crc32c.h"

#include "tests/catch.h"

using namespace holdfast;
using storage::local::crc32c;

TEST_CASE("CRC32C: of the check string, whole and in every two pieces", "[storage]") {
    const auto whole = base::as_bytes("123456789");
    CHECK(crc32c(whole) == 0xe3069283);
    for (std::size_t cut = 0; cut <= whole.size(); ++cut)
        CHECK(crc32c(whole.subspan(cut), crc32c(whole.first(cut))) == 0xe3069283);
    CHECK(crc32c({}) == 0);
    CHECK(crc32c({}, 0x12345678) == 0x12345678);
}
