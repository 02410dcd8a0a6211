#include "bench/load/histogram.h"

#include "tests/catch.h"

using holdfast::bench::Histogram;

TEST_CASE("Histogram: nothing recorded reads as zero", "[bench]") {
    const Histogram histogram;
    CHECK(histogram.count() == 0);
    CHECK(histogram.quantile(0.5) == 0);
    CHECK(histogram.max() == 0);
    CHECK(histogram.mean() == 0);
}

TEST_CASE("Histogram: values below 128 ns are kept exactly", "[bench]") {
    Histogram histogram;
    for (std::uint64_t value = 0; value < 128; ++value) histogram.record(value);
    CHECK(histogram.quantile(0.5) == 63);
    CHECK(histogram.quantile(1.0) == 127);
    CHECK(histogram.quantile(1.0 / 128) == 0);
}

TEST_CASE("Histogram: a value reads back at most 1.6 % too high, over the whole range", "[bench]") {
    for (std::uint64_t value = 1; value < (1ULL << 63); value = value * 3 + 1) {
        Histogram histogram;
        histogram.record(value);
        histogram.record(UINT64_MAX);
        const auto read = histogram.quantile(0.5);
        CHECK(read >= value);
        CHECK(static_cast<double>(read) <= static_cast<double>(value) * 1.016);
        CHECK(histogram.quantile(1.0) == UINT64_MAX);
    }
}

TEST_CASE("Histogram: quantiles of 1 to 100,000 are where they belong", "[bench]") {
    Histogram histogram;
    for (std::uint64_t value = 1; value <= 100'000; ++value) histogram.record(value);
    CHECK(histogram.mean() == Approx(50'000.5));
    CHECK(static_cast<double>(histogram.quantile(0.5)) == Approx(50'000).epsilon(0.016));
    CHECK(static_cast<double>(histogram.quantile(0.99)) == Approx(99'000).epsilon(0.016));
    CHECK(histogram.quantile(1.0) == 100'000);
}

TEST_CASE("Histogram: merged ones read as if all had been recorded in one", "[bench]") {
    Histogram low;
    Histogram high;
    Histogram both;
    for (std::uint64_t value = 1; value < 5'000; value += 7) {
        low.record(value);
        both.record(value);
        high.record(value * 1000);
        both.record(value * 1000);
    }
    low.merge(high);
    CHECK(low.count() == both.count());
    CHECK(low.max() == both.max());
    CHECK(low.mean() == Approx(both.mean()));
    for (const double share : {0.1, 0.5, 0.9, 0.999})
        CHECK(low.quantile(share) == both.quantile(share));
}
