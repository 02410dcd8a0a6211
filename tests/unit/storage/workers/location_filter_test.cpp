#include "storage/workers/location_filter.h"

#include "tests/catch.h"

using holdfast::storage::workers::LocationFilter;

TEST_CASE("location filter: what was added is always there", "[workers]") {
    const std::uint64_t bytes_max = GENERATE(8U, 5000U, 1U << 20);
    LocationFilter filter(100'000, bytes_max, 17);
    for (std::uint64_t i = 0; i < 100'000; ++i) filter.add(i % 13, i * 4096);
    for (std::uint64_t i = 0; i < 100'000; ++i) REQUIRE(filter.may_have(i % 13, i * 4096));
}

TEST_CASE("location filter: few others seem to be there, and others with another salt",
          "[workers]") {
    constexpr std::uint64_t count = 200'000;
    LocationFilter first(count, 1 << 20, 1);
    LocationFilter second(count, 1 << 20, 2);
    for (std::uint64_t i = 0; i < count; ++i) {
        first.add(1, i * 4096);
        second.add(1, i * 4096);
    }
    std::uint64_t in_first = 0;
    std::uint64_t in_both = 0;
    for (std::uint64_t i = 0; i < count; ++i) {
        const bool seems = first.may_have(2, i * 4096);
        in_first += seems ? 1 : 0;
        in_both += seems && second.may_have(2, i * 4096) ? 1 : 0;
    }
    CHECK(in_first < count / 100);
    CHECK(in_both < count / 1000);
    CHECK_FALSE(first.is_short());
}

TEST_CASE(
    "location filter: it never takes more memory than it may, and others seem to be there "
    "more often",
    "[workers]") {
    constexpr std::uint64_t count = 200'000;
    std::uint64_t seem_before = 0;
    for (const std::uint64_t bytes_max : {300'000, 100'000, 50'000}) {
        INFO(bytes_max);
        LocationFilter filter(count, bytes_max, 1);
        CHECK(filter.bytes() <= bytes_max);
        CHECK(filter.is_short() == (bytes_max < 300'000));
        for (std::uint64_t i = 0; i < count; ++i) filter.add(1, i * 4096);
        std::uint64_t seem = 0;
        for (std::uint64_t i = 0; i < count; ++i) seem += filter.may_have(2, i * 4096) ? 1 : 0;
        CHECK(seem > seem_before);
        CHECK(seem < count / 2);
        seem_before = seem;
    }
}
