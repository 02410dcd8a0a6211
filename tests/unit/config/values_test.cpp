#include "config/values.h"

#include "base/limits.h"
#include "tests/catch.h"

using namespace holdfast::config;
using namespace std::chrono_literals;

TEST_CASE("parse_integer: decimal digits and nothing else", "[config]") {
    CHECK(parse_integer("0") == 0U);
    CHECK(parse_integer("9000") == 9000U);
    CHECK(parse_integer("18446744073709551615") == 18446744073709551615U);
    for (const char* text : {"", "-1", "+1", " 1", "1 ", "1.5", "0x10", "18446744073709551616"}) {
        INFO(text);
        CHECK_FALSE(parse_integer(text));
    }
}

TEST_CASE("parse_bytes: plain, or in binary units", "[config]") {
    CHECK(parse_bytes("65536") == 65536U);
    CHECK(parse_bytes("16KiB") == 16384U);
    CHECK(parse_bytes("3MiB") == 3U << 20);
    CHECK(parse_bytes("1GiB") == holdfast::base::GiB);
    CHECK(parse_bytes("2TiB") == 2048 * holdfast::base::GiB);
    for (const char* text : {"", "KiB", "1kb", "1KB", "1 KiB", "1.5GiB", "9000000TiB"}) {
        INFO(text);
        CHECK_FALSE(parse_bytes(text));
    }
}

TEST_CASE("format_bytes: the largest unit that is exact, and parses back", "[config]") {
    CHECK(format_bytes(0) == "0");
    CHECK(format_bytes(1000) == "1000");
    CHECK(format_bytes(16384) == "16KiB");
    CHECK(format_bytes(50'000 * holdfast::base::GiB) == "50000GiB");
    for (const std::uint64_t bytes : {1UL, 1023UL, 1025UL, 3UL << 20, 7UL << 40})
        CHECK(parse_bytes(format_bytes(bytes)) == bytes);
}

TEST_CASE("parse_duration: a unit is required", "[config]") {
    CHECK(parse_duration("0s") == 0ms);
    CHECK(parse_duration("500ms") == 500ms);
    CHECK(parse_duration("30s") == 30s);
    CHECK(parse_duration("5m") == 5min);
    CHECK(parse_duration("24h") == 24h);
    CHECK(parse_duration("2d") == 48h);
    for (const char* text : {"", "10", "s", "1.5s", "-1s", "1 s", "1S", "999999999999999d"}) {
        INFO(text);
        CHECK_FALSE(parse_duration(text));
    }
}

TEST_CASE("format_duration: the largest unit that is exact, and parses back", "[config]") {
    CHECK(format_duration(0ms) == "0s");
    CHECK(format_duration(1500ms) == "1500ms");
    CHECK(format_duration(90s) == "90s");
    CHECK(format_duration(120s) == "2m");
    CHECK(format_duration(24h) == "24h");
    for (const auto duration : {1ms, 999ms, 61'000ms, 7'200'000ms})
        CHECK(parse_duration(format_duration(duration)) == duration);
}

TEST_CASE("split_list: commas part items, white space around them goes", "[config]") {
    using List = std::vector<std::string>;
    CHECK(split_list("") == List{});
    CHECK(split_list("  ") == List{});
    CHECK(split_list("a") == List{"a"});
    CHECK(split_list(" a , b\t,c") == List{"a", "b", "c"});
    CHECK(split_list("a,,b") == List{"a", "", "b"});
    CHECK(split_list("a,") == List{"a", ""});
}
