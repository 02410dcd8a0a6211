#include "server/s3/byte_range.h"

#include <string>

#include "tests/catch.h"

using namespace holdfast::s3;

namespace {

/// "206 first-last", "416" or "200" for a Range header on an object of `size` bytes.
std::string answer(std::string_view header, std::uint64_t size) {
    const auto decision = decide_range(header, size);
    if (decision.kind == RangeKind::whole) return "200";
    if (decision.kind == RangeKind::unsatisfiable) return "416";
    const auto& range = decision.range;
    return "206 " + std::to_string(range.first) + "-" +
           std::to_string(range.first + range.length - 1);
}

}  // namespace

TEST_CASE("Range: satisfiable ones are clamped to the object (operations 6.1)", "[s3][range]") {
    CHECK(answer("bytes=0-0", 100) == "206 0-0");
    CHECK(answer("bytes=50-", 100) == "206 50-99");
    CHECK(answer("bytes=-10", 100) == "206 90-99");
    CHECK(answer("bytes=00-01", 100) == "206 0-1");
    CHECK(answer("bytes=99-99", 100) == "206 99-99");
    CHECK(answer("bytes=0-100", 100) == "206 0-99");
    CHECK(answer("bytes=0-999999", 100) == "206 0-99");
    CHECK(answer("bytes=-100", 100) == "206 0-99");
    CHECK(answer("bytes=-101", 100) == "206 0-99");
}

TEST_CASE("Range: beyond the object is 416 (operations 6.1)", "[s3][range]") {
    for (const char* header : {"bytes=100-100", "bytes=100-", "bytes=100-110", "bytes=-0"}) {
        INFO(header);
        CHECK(answer(header, 100) == "416");
    }
}

TEST_CASE(
    "Range: what cannot be read, several ranges and upside-down ones are ignored "
    "(operations 6.1)",
    "[s3][range]") {
    for (const char* header :
         {"bytes=10-5", "bytes=abc", "bytes=100-x", "bytes=-", "bytes=,", "bytes= -1", "bytes=--1",
          "foo=0-1", "bytes=0 -1", "bytes=0-0,1-2", "bytes=150-100", "bytes", "",
          "bytes=", "bytes=+0-1", "bytes=0-1-2", "bytes=0x0-1", "0-1"}) {
        INFO(header);
        CHECK(answer(header, 100) == "200");
    }
    CHECK(decide_range(std::nullopt, 100).kind == RangeKind::whole);
}

TEST_CASE("Range: numbers beyond int64 are 416, up to it they are numbers (operations 6.1)",
          "[s3][range]") {
    // Clients that want "the rest" ask up to the largest signed number, or one less.
    CHECK(answer("bytes=0-9223372036854775807", 100) == "206 0-99");
    CHECK(answer("bytes=7-9223372036854775806", 100) == "206 7-99");
    CHECK(answer("bytes=-9223372036854775807", 100) == "206 0-99");
    CHECK(answer("bytes=9223372036854775807-", 100) == "416");
    CHECK(answer("bytes=0-9223372036854775808", 100) == "416");
    CHECK(answer("bytes=0-99999999999999999999999999", 100) == "416");
    CHECK(answer("bytes=99999999999999999999999999-", 100) == "416");
    CHECK(answer("bytes=18446744073709551616-18446744073709551617", 100) == "416");
    CHECK(answer("bytes=-99999999999999999999999999", 100) == "416");
    CHECK(answer("bytes=x-99999999999999999999999999", 100) == "200");
}

TEST_CASE("Range: an empty object has no first byte (operations 6.1)", "[s3][range]") {
    CHECK(answer("bytes=0-", 0) == "416");
    CHECK(answer("bytes=0-0", 0) == "416");
    CHECK(answer("bytes=40-50", 0) == "416");
    CHECK(answer("bytes=-5", 0) == "200");
    CHECK(answer("bytes=10-5", 0) == "200");
}

TEST_CASE("Range: every small range on every small object agrees with counting by hand",
          "[s3][range]") {
    for (std::uint64_t size = 0; size < 6; ++size)
        for (std::uint64_t first = 0; first < 8; ++first)
            for (std::uint64_t last = 0; last < 8; ++last) {
                const std::string header =
                    "bytes=" + std::to_string(first) + "-" + std::to_string(last);
                std::string expected = "416";
                if (last < first)
                    expected = "200";
                else if (first < size)
                    expected = "206 " + std::to_string(first) + "-" +
                               std::to_string(last < size ? last : size - 1);
                INFO(header << " of " << size);
                CHECK(answer(header, size) == expected);
            }
}
