#include "model/uri.h"

#include <numeric>

#include "tests/catch.h"

using namespace holdfast::model;

namespace {

using Pair = std::pair<std::string, std::string>;

std::vector<Pair> pairs(std::string_view raw_query) {
    const auto items = parse_query(raw_query);
    REQUIRE(items);
    std::vector<Pair> pairs;
    for (const auto& item : *items) pairs.emplace_back(item.name, item.value);
    return pairs;
}

}  // namespace

TEST_CASE("percent_decode: once, and a plus stays a plus (C-03, C-05, C-07)", "[model]") {
    CHECK(percent_decode("") == "");
    CHECK(percent_decode("a+b%2Bc") == "a+b+c");
    CHECK(percent_decode("a%2Fb%2fc") == "a/b/c");
    CHECK(percent_decode("%252F") == "%2F");
    CHECK(percent_decode("%00%ff") == std::string("\0\xff", 2));
    CHECK(percent_decode("//./../") == "//./../");  // C-02
}

TEST_CASE("percent_decode: bad escapes are refused (C-06)", "[model]") {
    for (const char* bad : {"%", "%0", "%zz", "%0g", "%g0", "a%", "a%2", "%%41", "% 41", "%+1"}) {
        CHECK_FALSE(percent_decode(bad));
        CHECK_FALSE(form_decode(bad));
        CHECK_FALSE(parse_query(bad));
        CHECK_FALSE(parse_query(std::string("a=") + bad));
    }
}

TEST_CASE("form_decode: a plus is a space, an encoded one a plus (C-04)", "[model]") {
    CHECK(form_decode("a+b%20c%2Bd") == "a b c+d");
}

TEST_CASE("percent_encode: leaves the unreserved bytes alone, upper-case digits (C-01)",
          "[model]") {
    CHECK(percent_encode("AZaz09-_.~") == "AZaz09-_.~");
    CHECK(percent_encode("a/b !*'()+\xc3\xa9") == "a%2Fb%20%21%2A%27%28%29%2B%C3%A9");
    CHECK(percent_encode("a/b c", "/") == "a/b%20c");
    CHECK(percent_encode(std::string("\0\xff", 2)) == "%00%FF");
}

TEST_CASE("percent-coding: every byte comes back", "[model]") {
    std::string all(256, '\0');
    std::iota(all.begin(), all.end(), '\0');
    CHECK(percent_decode(percent_encode(all)) == all);
    CHECK(percent_decode(percent_encode(all, "/")) == all);
    CHECK(form_decode(percent_encode(all)) == all);
}

TEST_CASE("parse_query: ampersand and first equals sign, nothing else splits (C-08)", "[model]") {
    CHECK(pairs("").empty());
    CHECK(pairs("&&&").empty());
    CHECK(pairs("uploads") == std::vector<Pair>{{"uploads", ""}});
    CHECK(pairs("a=1&b=2") == std::vector<Pair>{{"a", "1"}, {"b", "2"}});
    CHECK(pairs("&a=1&&b=2&") == std::vector<Pair>{{"a", "1"}, {"b", "2"}});
    CHECK(pairs("a=1;b=2") == std::vector<Pair>{{"a", "1;b=2"}});
    CHECK(pairs("a=b=c") == std::vector<Pair>{{"a", "b=c"}});
    CHECK(pairs("=x") == std::vector<Pair>{{"", "x"}});
    CHECK(pairs("x=2&x=1&x=2") == std::vector<Pair>{{"x", "2"}, {"x", "1"}, {"x", "2"}});
    CHECK(pairs("pre%66ix=a%26b%3Dc+d") == std::vector<Pair>{{"prefix", "a&b=c d"}});
}

TEST_CASE("parse_query: tells a missing value from an empty one (C-08)", "[model]") {
    const auto items = parse_query("acl&tagging=&x=1");
    REQUIRE(items);
    REQUIRE(items->size() == 3);
    CHECK_FALSE((*items)[0].has_value);
    CHECK((*items)[1].has_value);
    CHECK((*items)[2].has_value);
}
