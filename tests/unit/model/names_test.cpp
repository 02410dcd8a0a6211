#include "model/names.h"

#include <algorithm>
#include <set>

#include "model/limits.h"
#include "model/storage_class.h"
#include "tests/catch.h"

using namespace holdfast;
using namespace holdfast::model;

namespace {

base::WallTime at_ms(std::int64_t milliseconds) {
    return base::WallTime(std::chrono::milliseconds(milliseconds));
}

KeyError key_failure(std::string_view decoded) {
    KeyError why{};
    CHECK_FALSE(ObjectKey::parse(decoded));
    REQUIRE_FALSE(ObjectKey::parse(decoded, &why));
    return why;
}

}  // namespace

TEST_CASE("BucketName: what AWS allows is allowed (operations 4)", "[model]") {
    for (const std::string& good : std::initializer_list<std::string>{
             "abc", "a1b", "123", "my-bucket", "a.b.c", "1.2.3", "1.2.3.4.5", "1.2.3.4a",
             "192.168.5", "a--b", "xn-a", "bucket-s3alias.x", std::string(63, 'a')}) {
        INFO(good);
        const auto name = BucketName::parse(good);
        REQUIRE(name);
        CHECK(name->text() == good);
    }
}

TEST_CASE("BucketName: length, alphabet, ends, dots, addresses and reserved names are refused",
          "[model]") {
    for (const std::string& bad : std::initializer_list<std::string>{"",
                                                                     "ab",
                                                                     std::string(64, 'a'),
                                                                     "Abc",
                                                                     "aBc",
                                                                     "a_b",
                                                                     "a b",
                                                                     "a/b",
                                                                     "caf\xc3\xa9",
                                                                     std::string("a\0b", 3),
                                                                     "-abc",
                                                                     "abc-",
                                                                     ".abc",
                                                                     "abc.",
                                                                     "a..b",
                                                                     "a.-b",
                                                                     "a-.b",
                                                                     "192.168.5.4",
                                                                     "1.2.3.4",
                                                                     "999.999.999.999",
                                                                     "xn--abc",
                                                                     "sthree-abc",
                                                                     "amzn-s3-demo-abc",
                                                                     "abc-s3alias",
                                                                     "abc--ol-s3",
                                                                     "abc.mrap",
                                                                     "abc--x-s3",
                                                                     "abc--table-s3",
                                                                     "abc\n"}) {
        INFO(bad);
        CHECK_FALSE(BucketName::parse(bad));
    }
}

TEST_CASE("ObjectKey: any UTF-8 of 1 to 1024 bytes is kept as it is (operations 3.3, LIM-09)",
          "[model]") {
    for (const std::string& good :
         std::initializer_list<std::string>{"a",
                                            "/",
                                            "//",
                                            "a//b",
                                            "/a",
                                            "a/",
                                            ".",
                                            "..",
                                            "a/../b",
                                            " ",
                                            "a ",
                                            "%",
                                            "+",
                                            "?",
                                            "#",
                                            "\\",
                                            "\x01\x1f\r\n",
                                            "\xf0\x9f\x98\x80",
                                            "\xef\xbf\xbe",
                                            "e\xcc\x81",
                                            std::string(object_key_bytes_max, 'k')}) {
        const auto key = ObjectKey::parse(good);
        REQUIRE(key);
        CHECK(key->text() == good);
    }
}

TEST_CASE("ObjectKey: each refusal says why; a bad byte comes before a bad length", "[model]") {
    CHECK(key_failure("") == KeyError::empty);
    CHECK(key_failure(std::string(object_key_bytes_max + 1, 'k')) == KeyError::too_long);
    CHECK(key_failure(std::string("a\0b", 3)) == KeyError::invalid);
    CHECK(key_failure("\xff") == KeyError::invalid);
    CHECK(key_failure("\xed\xa0\x80") == KeyError::invalid);
    CHECK(key_failure(std::string(object_key_bytes_max + 1, '\xff')) == KeyError::invalid);
    // 1024 is a number of bytes, not of characters.
    std::string wide;
    for (int i = 0; i < 513; ++i) wide += "\xc3\xa9";
    CHECK(key_failure(wide) == KeyError::too_long);
}

TEST_CASE("ObjectKey: sorts by bytes", "[model]") {
    CHECK(*ObjectKey::parse("Z") < *ObjectKey::parse("a"));
    CHECK(*ObjectKey::parse("z") < *ObjectKey::parse("\xc3\xa9"));
    // UTF-16 would order these the other way round.
    CHECK(*ObjectKey::parse("\xef\xbf\xbd") < *ObjectKey::parse("\xf0\x90\x80\x80"));
}

TEST_CASE("is_utf8: RFC 3629's bounds", "[model]") {
    for (const char* good :
         {"", "\x7f", "\xc2\x80", "\xdf\xbf", "\xe0\xa0\x80", "\xed\x9f\xbf", "\xee\x80\x80",
          "\xef\xbf\xbf", "\xf0\x90\x80\x80", "\xf4\x8f\xbf\xbf"})
        CHECK(is_utf8(good));
    for (const char* bad : {"\x80", "\xbf", "\xc0\x80", "\xc1\xbf", "\xc2", "\xc2\x41",
                            "\xe0\x9f\xbf", "\xed\xa0\x80", "\xed\xbf\xbf", "\xe2\x82",
                            "\xe2\x82\x41", "\xf0\x8f\xbf\xbf", "\xf0\x9f\x98", "\xf4\x90\x80\x80",
                            "\xf5\x80\x80\x80", "\xfe", "\xff", "ok\xff", "\xff ok"})
        CHECK_FALSE(is_utf8(bad));
}

TEST_CASE("PartNumber: 1 to 10,000 in digits (LIM-01, UP-01)", "[model]") {
    CHECK(PartNumber::parse("1")->value() == 1);
    CHECK(PartNumber::parse("10000")->value() == 10'000);
    for (const char* bad : {"", "0", "10001", "-1", "+1", " 1", "1 ", "1.0", "0x1", "a", "1a",
                            "18446744073709551617", "99999999999999999999999"})
        CHECK_FALSE(PartNumber::parse(bad));
    CHECK(PartNumber::from(1));
    CHECK_FALSE(PartNumber::from(0));
    CHECK_FALSE(PartNumber::from(10'001));
    CHECK_FALSE(PartNumber::from(std::uint64_t{1} << 32 | 1));
}

TEST_CASE("UploadId: byte order is initiation order, alphabet and length are kept (GEN-06)",
          "[model]") {
    base::SystemRandom random;
    std::string last;
    for (const std::int64_t time :
         {std::int64_t{0}, std::int64_t{1}, std::int64_t{15}, std::int64_t{16},
          std::int64_t{1'795'510'800'000}, std::int64_t{1'795'510'800'001}}) {
        const auto id = UploadId::generate(at_ms(time), random);
        CHECK(id.initiated() == at_ms(time));
        CHECK(last < id.text());
        CHECK(id.text().size() <= 200);
        CHECK(id.text().find_first_not_of("0123456789abcdef-") == std::string::npos);
        last = id.text();
    }
}

TEST_CASE("UploadId: never the same twice at one time, unguessable in 128 bits (GEN-06)",
          "[model]") {
    base::SystemRandom random;
    std::set<std::string> ids;
    for (int i = 0; i < 1000; ++i) ids.insert(UploadId::generate(at_ms(5), random).text());
    CHECK(ids.size() == 1000);
    CHECK(ids.begin()->size() == 12 + 1 + 32);
}

TEST_CASE("UploadId: a clock out of range is clamped, not refused", "[model]") {
    base::SystemRandom random;
    CHECK(UploadId::generate(at_ms(-1), random).initiated() == at_ms(0));
    CHECK(UploadId::generate(at_ms(std::int64_t{1} << 60), random).text().substr(0, 13) ==
          "ffffffffffff-");
}

TEST_CASE("UploadId: parses its own texts and nothing else", "[model]") {
    base::SeededRandom random(7);
    const auto id = UploadId::generate(at_ms(1'795'510'800'000), random);
    REQUIRE(UploadId::parse(id.text()));
    CHECK(*UploadId::parse(id.text()) == id);
    std::string upper = id.text();
    std::transform(upper.begin(), upper.end(), upper.begin(),
                   [](char c) { return c >= 'a' && c <= 'f' ? static_cast<char>(c - 32) : c; });
    REQUIRE(upper != id.text());
    for (const std::string& bad : std::initializer_list<std::string>{
             "", "x", upper, id.text() + "0", id.text().substr(1), id.text().substr(0, 44),
             "g" + id.text().substr(1), id.text().substr(0, 44) + "g",
             id.text().substr(0, 12) + "." + id.text().substr(13), std::string(45, '0'),
             std::string(45, '-')})
        CHECK_FALSE(UploadId::parse(bad));
}

TEST_CASE("storage classes: exact words only (STC-01, STC-02)", "[model]") {
    for (const auto name : storage_classes) CHECK(is_storage_class(name));
    for (const char* bad : {"", "standard", "Standard", "STANDARD ", "OUTPOSTS", "COLD"})
        CHECK_FALSE(is_storage_class(bad));
}
