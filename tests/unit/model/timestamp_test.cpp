#include "model/timestamp.h"

#include "tests/catch.h"

using namespace holdfast;
using namespace holdfast::model;

namespace {

// 2026-11-24T10:00:00Z, a Tuesday.
constexpr WallTime tuesday{std::chrono::milliseconds(1'795'514'400'000)};
// 1994-11-06T08:49:37Z, the example of RFC 9110.
constexpr WallTime sunday{std::chrono::milliseconds(784'111'777'000)};

WallTime plus_ms(WallTime time, std::int64_t milliseconds) {
    return time + std::chrono::milliseconds(milliseconds);
}

}  // namespace

TEST_CASE("dates: written as headers, XML and signatures want them (GEN-03)", "[model]") {
    CHECK(to_http_date(tuesday) == "Tue, 24 Nov 2026 10:00:00 GMT");
    CHECK(to_http_date(sunday) == "Sun, 06 Nov 1994 08:49:37 GMT");
    CHECK(to_xml_date(tuesday) == "2026-11-24T10:00:00.000Z");
    CHECK(to_basic_date(tuesday) == "20261124T100000Z");
    CHECK(to_http_date(WallTime{}) == "Thu, 01 Jan 1970 00:00:00 GMT");
    CHECK(to_xml_date(plus_ms(WallTime{}, -1)) == "1969-12-31T23:59:59.000Z");
    CHECK(to_xml_date(WallTime(std::chrono::milliseconds(253'402'300'799'000))) ==
          "9999-12-31T23:59:59.000Z");
}

TEST_CASE("dates: milliseconds are not shown (GEN-03)", "[model]") {
    CHECK(to_xml_date(plus_ms(tuesday, 999)) == "2026-11-24T10:00:00.000Z");
    CHECK(to_http_date(plus_ms(tuesday, 999)) == "Tue, 24 Nov 2026 10:00:00 GMT");
    CHECK(to_basic_date(plus_ms(tuesday, 999)) == "20261124T100000Z");
}

TEST_CASE("dates: what is written is read back, every day of five centuries", "[model]") {
    const std::chrono::sys_days first = std::chrono::year(1800) / 1 / 1;
    for (int day = 0; day < 182'000; day += 7) {
        const WallTime time =
            first + std::chrono::days(day) + std::chrono::seconds(day * 7919 % 86'400);
        REQUIRE(parse_header_date(to_http_date(time)) == time);
        REQUIRE(parse_iso8601(to_xml_date(time)) == time);
        REQUIRE(parse_basic_date(to_basic_date(time)) == time);
    }
}

TEST_CASE("header dates: all four forms (operations 3.2)", "[model]") {
    for (const char* form :
         {"Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT",
          "Sun Nov  6 08:49:37 1994", "1994-11-06T08:49:37Z", "1994-11-06T09:49:37+01:00"})
        CHECK(parse_header_date(form) == sunday);
    CHECK(parse_header_date("Tue Nov 24 10:00:00 2026") == tuesday);
    CHECK(parse_header_date("Tuesday, 24-Nov-26 10:00:00 GMT") == tuesday);
    // The name of the day is not held against the date.
    CHECK(parse_header_date("Mon, 24 Nov 2026 10:00:00 GMT") == tuesday);
}

TEST_CASE("header dates: leap days and leap seconds", "[model]") {
    CHECK(parse_header_date("Thu, 29 Feb 2024 00:00:00 GMT"));
    CHECK_FALSE(parse_header_date("Thu, 29 Feb 2023 00:00:00 GMT"));
    CHECK_FALSE(parse_header_date("Thu, 29 Feb 1900 00:00:00 GMT"));
    CHECK(parse_header_date("Tue, 24 Nov 2026 09:59:60 GMT") == tuesday);
}

TEST_CASE("header dates: everything else is refused", "[model]") {
    for (const char* bad : {"",
                            "0",
                            "now",
                            "1795514400",
                            "Tue, 24 Nov 2026 10:00:00",
                            "Tue, 24 Nov 2026 10:00:00 UTC",
                            "Tue, 24 Nov 2026 10:00:00 GMT ",
                            " Tue, 24 Nov 2026 10:00:00 GMT",
                            "tue, 24 nov 2026 10:00:00 gmt",
                            "Tue, 4 Nov 2026 10:00:00 GMT",
                            "Tue, 31 Nov 2026 10:00:00 GMT",
                            "Tue, 00 Nov 2026 10:00:00 GMT",
                            "Tue, 24 Nov 2026 24:00:00 GMT",
                            "Tue, 24 Nov 2026 10:60:00 GMT",
                            "Tue, 24 Nov 2026 10:00:61 GMT",
                            "Tue, 24 Nov 26 10:00:00 GMT",
                            "Tue, 24 XXX 2026 10:00:00 GMT",
                            "Tue 24 Nov 2026 10:00:00 GMT",
                            "2026-11-24",
                            "Sun Nov 6 08:49:37 1994"})
        CHECK_FALSE(parse_header_date(bad));
}

TEST_CASE("basic dates: real ones in exactly one form", "[model]") {
    CHECK(parse_basic_date("20261124T100000Z") == tuesday);
    for (const char* bad : {"", "20261124T100000", "20261124t100000Z", "20261324T100000Z",
                            "20261131T100000Z", "20261124T250000Z", "2026-11-24T10:00:00Z",
                            "20261124T100000Z ", "20261124", "+0261124T100000Z"})
        CHECK_FALSE(parse_basic_date(bad));
}

TEST_CASE("ISO 8601 dates: fractions and offsets are accepted (LCK-04)", "[model]") {
    CHECK(parse_iso8601("2026-11-24T10:00:00Z") == tuesday);
    CHECK(parse_iso8601("2026-11-24t10:00:00z") == tuesday);
    CHECK(parse_iso8601("2026-11-24T10:00:00.5Z") == plus_ms(tuesday, 500));
    CHECK(parse_iso8601("2026-11-24T10:00:00.123456789Z") == plus_ms(tuesday, 123));
    CHECK(parse_iso8601("2026-11-24T12:30:00+02:30") == tuesday);
    CHECK(parse_iso8601("2026-11-24T12:30:00+0230") == tuesday);
    CHECK(parse_iso8601("2026-11-23T23:00:00.000-11:00") == tuesday);
}

TEST_CASE("ISO 8601 dates: other forms and HTTP dates are refused (LCK-04)", "[model]") {
    for (const char* bad :
         {"", "2026-11-24", "2026-11-24T10:00:00", "2026-11-24 10:00:00Z", "2026-11-24T10:00Z",
          "2026-11-24T10:00:00.Z", "2026-11-24T10:00:00.5", "2026-11-24T10:00:00.5xZ",
          "2026-11-24T10:00:00+24:00", "2026-11-24T10:00:00+02:60", "2026-11-24T10:00:00+02",
          "2026-11-24T10:00:00ZZ", "2026-13-24T10:00:00Z", "2026-02-30T10:00:00Z",
          "26-11-24T10:00:00Z", "Tue, 24 Nov 2026 10:00:00 GMT", "20261124T100000Z"})
        CHECK_FALSE(parse_iso8601(bad));
}
