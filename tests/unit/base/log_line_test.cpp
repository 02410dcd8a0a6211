#include "base/log_line.h"

#include <cmath>
#include <limits>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>

#include "base/bytes.h"
#include "tests/catch.h"

using namespace holdfast::base;
using log::Event;
using log::Field;
using log::Level;

// S-35: what is secret cannot become a field, under no disguise that a field takes.
static_assert(std::is_constructible_v<Field, std::string_view, std::string>);
static_assert(!std::is_constructible_v<Field, std::string_view, Secret>);
static_assert(!std::is_constructible_v<Field, std::string_view, const Secret&>);
static_assert(!std::is_constructible_v<Field, std::string_view, std::optional<Secret>>);
static_assert(!std::is_constructible_v<Field, Secret, std::string_view>);
static_assert(!std::is_constructible_v<log::Value, Secret>);
static_assert(!std::is_convertible_v<Secret, std::string_view>);

namespace {

const WallTime moment{std::chrono::milliseconds(1'769'851'800'125)};  // 2026-01-31T09:30:00.125Z

std::string human(std::initializer_list<Field> fields) {
    const auto line = log::human_line({moment, Level::info, "e", fields});
    const std::string start = "2026-01-31T09:30:00.125Z info     e";
    REQUIRE(line.starts_with(start));
    return line.substr(start.size());
}

std::string json(std::initializer_list<Field> fields) {
    const auto line = log::json_line({moment, Level::info, "e", fields});
    const std::string start = R"({"time":"2026-01-31T09:30:00.125Z","level":"info","event":"e")";
    REQUIRE(line.starts_with(start));
    return line.substr(start.size());
}

}  // namespace

TEST_CASE("log line: for people it is time, level, event and fields", "[base][log]") {
    const Event event{moment, Level::warning, "disk.slow", {{"path", "a b"}, {"milliseconds", 12}}};
    CHECK(log::human_line(event) ==
          "2026-01-31T09:30:00.125Z warning  disk.slow  path=\"a b\" milliseconds=12\n");
}

TEST_CASE("log line: for programs it is one JSON object", "[base][log]") {
    const Event event{moment, Level::warning, "disk.slow", {{"path", "a b"}, {"milliseconds", 12}}};
    CHECK(log::json_line(event) ==
          R"({"time":"2026-01-31T09:30:00.125Z","level":"warning","event":"disk.slow",)"
          R"("path":"a b","milliseconds":12})"
          "\n");
}

TEST_CASE("log line: every level has its word", "[base][log]") {
    CHECK(log::to_string(Level::debug) == "debug");
    CHECK(log::to_string(Level::info) == "info");
    CHECK(log::to_string(Level::warning) == "warning");
    CHECK(log::to_string(Level::error) == "error");
}

TEST_CASE("log line: times before 1970 and whole seconds keep three digits", "[base][log]") {
    const auto time_of = [](std::int64_t milliseconds) {
        return log::human_line(
                   {WallTime(std::chrono::milliseconds(milliseconds)), Level::info, "e", {}})
            .substr(0, 24);
    };
    CHECK(time_of(0) == "1970-01-01T00:00:00.000Z");
    CHECK(time_of(-1) == "1969-12-31T23:59:59.999Z");
    CHECK(time_of(7) == "1970-01-01T00:00:00.007Z");
}

TEST_CASE("log line: every kind of value reads as itself in both forms", "[base][log]") {
    const auto least = std::numeric_limits<std::int64_t>::min();
    const auto most = std::numeric_limits<std::uint64_t>::max();
    const std::string text = "text";
    CHECK(human({{"a", text}, {"b", least}, {"c", most}, {"d", 0.5}, {"e", true}, {"f", false}}) ==
          "  a=text b=-9223372036854775808 c=18446744073709551615 d=0.5 e=true f=false\n");
    CHECK(json({{"a", text}, {"b", least}, {"c", most}, {"d", 0.5}, {"e", true}, {"f", false}}) ==
          R"(,"a":"text","b":-9223372036854775808,"c":18446744073709551615,"d":0.5,)"
          R"("e":true,"f":false})"
          "\n");
}

TEST_CASE("log line: numbers that JSON lacks become null", "[base][log]") {
    const double infinite = std::numeric_limits<double>::infinity();
    CHECK(json({{"a", infinite}, {"b", -infinite}, {"c", std::nan("")}}) ==
          ",\"a\":null,\"b\":null,\"c\":null}\n");
    CHECK(json({{"a", 1e300}, {"b", 2.0}}) == ",\"a\":1e+300,\"b\":2}\n");
}

TEST_CASE("log line: texts are quoted for people only where it matters", "[base][log]") {
    CHECK(human({{"a", "plain/text:1"}}) == "  a=plain/text:1\n");
    CHECK(human({{"a", ""}}) == "  a=\"\"\n");
    CHECK(human({{"a", "x=y"}}) == "  a=\"x=y\"\n");
    CHECK(human({{"a", "say \"hi\" \\"}}) == R"(  a="say \"hi\" \\")"
                                             "\n");
    CHECK(human({{"a b", "grün"}}) == "  \"a b\"=\"grün\"\n");
}

TEST_CASE("log line: no value, name or event forges a line or speaks to the terminal",
          "[base][log]") {
    using namespace std::string_view_literals;
    const std::string_view whole = "a\r\n\t\x1b[2J\x7f\xc2\x9b{}\0z"sv;
    const std::string tamed = R"("a\r\n\t\u001b[2J\u007f\u009b{}\u0000z")";
    CHECK(human({{whole, whole}}) == "  " + tamed + "=" + tamed + "\n");
    CHECK(json({{whole, whole}}) == "," + tamed + ":" + tamed + "}\n");
    const auto line = log::json_line({moment, Level::error, whole, {}});
    CHECK(line.ends_with(R"("level":"error","event":)" + tamed + "}\n"));
    CHECK(log::human_line({moment, Level::error, whole, {}}).ends_with("error    " + tamed + "\n"));
}

TEST_CASE("log line: what is not UTF-8 becomes U+FFFD, byte by byte", "[base][log]") {
    const std::string mark = "\xef\xbf\xbd";
    const std::pair<std::string, std::string> texts[] = {
        {"\x80", mark},                                   // a continuation alone
        {"\xc0\x80", mark + mark},                        // an overlong NUL
        {"\xe0\x9f\xbf", mark + mark + mark},             // overlong, three bytes
        {"\xed\xa0\x80", mark + mark + mark},             // a surrogate
        {"\xf4\x90\x80\x80", mark + mark + mark + mark},  // above U+10FFFF
        {"\xf0\x8f\xbf\xbf", mark + mark + mark + mark},  // overlong, four bytes
        {"\xf5z", mark + "z"},
        {"\xe2\x82", mark + mark},  // cut short
        {"\xe2\x82z", mark + mark + "z"},
        {"\xc2\xa0", "\xc2\xa0"},  // the first after the controls of C1
        {"\xe2\x82\xac", "\xe2\x82\xac"},
        {"\xed\x9f\xbf", "\xed\x9f\xbf"},
        {"\xf0\x90\x80\x80", "\xf0\x90\x80\x80"},
        {"\xf4\x8f\xbf\xbf", "\xf4\x8f\xbf\xbf"}};
    for (const auto& [given, written] : texts) {
        CHECK(json({{"a", given}}) == ",\"a\":\"" + written + "\"}\n");
        CHECK(human({{"a", given}}) == "  a=\"" + written + "\"\n");
    }
}
