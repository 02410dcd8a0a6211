#include "bench/load/options.h"

#include <array>

#include "tests/catch.h"

using namespace holdfast::bench;
using namespace std::chrono_literals;

namespace {

template <std::size_t N>
auto parse(const std::array<const char*, N>& arguments) {
    return parse_options(static_cast<int>(N), arguments.data());
}

}  // namespace

TEST_CASE("Options: sizes and durations have units, and nothing else behind them", "[bench]") {
    CHECK(parse_bytes("4096") == 4096U);
    CHECK(parse_bytes("4KiB") == 4096U);
    CHECK(parse_bytes("5GiB") == 5'368'709'120U);
    CHECK_FALSE(parse_bytes("4K"));
    CHECK_FALSE(parse_bytes(""));
    CHECK_FALSE(parse_bytes("-1"));
    CHECK_FALSE(parse_bytes("99999999999999GiB"));
    CHECK(parse_duration("1500ms") == 1500ms);
    CHECK(parse_duration("2m") == 2min);
    CHECK_FALSE(parse_duration("10"));
}

TEST_CASE("Options: a mix names operations and shares, and is never empty", "[bench]") {
    const auto mix = parse_mix("get=3,delete=1");
    REQUIRE(mix);
    CHECK(mix->get == 3);
    CHECK(mix->remove == 1);
    CHECK(mix->put == 0);
    CHECK_FALSE(parse_mix("get=0"));
    CHECK_FALSE(parse_mix("fetch=1"));
    CHECK_FALSE(parse_mix("get"));
}

TEST_CASE("Options: a command line gives what it says", "[bench]") {
    const auto options =
        parse(std::array{"holdfast-bench", "put", "--endpoint", "http://127.0.0.1:9123",
                         "--access-key", "key", "--secret-key", "secret", "--size", "4KiB,1MiB",
                         "--payload", "trailer", "--connections", "8"});
    REQUIRE(options);
    CHECK(options->command == Command::put);
    CHECK(options->host == "127.0.0.1:9123");
    CHECK(ntohs(options->address.sin_port) == 9123);
    CHECK(options->sizes == std::vector<std::uint64_t>{4096, 1048576});
    CHECK(options->payload == Payload::trailer);
    CHECK(options->connections == 8);
}

TEST_CASE("Options: what does not fit together is refused", "[bench]") {
    CHECK_FALSE(parse(std::array{"holdfast-bench"}));
    CHECK_FALSE(parse(std::array{"holdfast-bench", "fetch", "--anonymous"}));
    CHECK_FALSE(parse(std::array{"holdfast-bench", "put", "--plain"}));
    CHECK_FALSE(
        parse(std::array{"holdfast-bench", "get", "--anonymous", "--endpoint", "https://a"}));
    CHECK_FALSE(parse(std::array{"holdfast-bench", "get", "--anonymous", "--prefix", "a/b"}));
    CHECK(parse(std::array{"holdfast-bench", "get", "--plain", "--path", "/file4k"}));
}
