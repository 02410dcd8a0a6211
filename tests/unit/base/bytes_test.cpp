#include "base/bytes.h"

#include "tests/catch.h"

using namespace holdfast::base;

TEST_CASE("bytes: base64 of the RFC 4648 vectors, both ways", "[base]") {
    const std::pair<const char*, const char*> vectors[] = {{"", ""},
                                                           {"f", "Zg=="},
                                                           {"fo", "Zm8="},
                                                           {"foo", "Zm9v"},
                                                           {"foob", "Zm9vYg=="},
                                                           {"fooba", "Zm9vYmE="},
                                                           {"foobar", "Zm9vYmFy"}};
    for (const auto& [plain, coded] : vectors) {
        CHECK(to_base64(as_bytes(plain)) == coded);
        const auto decoded = from_base64(coded);
        REQUIRE(decoded);
        CHECK(as_text(*decoded) == plain);
    }
}

TEST_CASE("bytes: base64 refuses what is not exactly one encoding", "[base]") {
    for (const char* bad :
         {"Zg", "Zg=", "Zh==", "Zm9=", "Z===", "====", "Zm9v\n", "Zm 9", "Zg==Zg=="})
        CHECK_FALSE(from_base64(bad));
}

TEST_CASE("bytes: hexadecimal both ways, odd and foreign characters refused", "[base]") {
    CHECK(to_hex(Bytes{0x00, 0xab, 0xff}) == "00abff");
    CHECK(from_hex("00ABff") == Bytes{0x00, 0xab, 0xff});
    CHECK_FALSE(from_hex("abc"));
    CHECK_FALSE(from_hex("zz"));
}

TEST_CASE("bytes: integers keep their value in both byte orders", "[base]") {
    Bytes buffer(8);
    store_be64(buffer, 0x0102030405060708);
    CHECK(to_hex(buffer) == "0102030405060708");
    CHECK(load_be64(buffer) == 0x0102030405060708);
    CHECK(load_le64(buffer) == 0x0807060504030201);
    store_le32(buffer, 0xa1b2c3d4);
    CHECK(load_be32(buffer) == 0xd4c3b2a1);
}

TEST_CASE("bytes: a moved-from secret keeps nothing", "[base]") {
    Secret first(std::string("swordfish"));
    Secret second = std::move(first);
    CHECK(second.reveal() == "swordfish");
    CHECK(first.reveal().empty());
}
