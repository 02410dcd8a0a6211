#include "base/trusted_time.h"

#include "base/log.h"
#include "base/metrics.h"
#include "tests/catch.h"
#include "tests/temporary_directory.h"

using namespace holdfast::base;
using namespace std::chrono_literals;

namespace {

constexpr WallTime start{std::chrono::milliseconds(1'700'000'000'000)};

double jumps() {
    double sum = 0;
    for (const auto& sample : metrics::samples())
        if (sample.name == "holdfast_clock_jumps_total") sum += sample.value;
    return sum;
}

}  // namespace

TEST_CASE("trusted time (2.5): it is the wall clock as long as that keeps pace", "[base][clock]") {
    FakeClock clock(start);
    TrustedTime time(clock);
    CHECK(time.now() == start);
    clock.advance(48h);
    CHECK(time.now() == start + 48h);
    clock.set_wall_clock(5min);  // slewed: within the tolerance, and not ahead of the steady one
    CHECK(time.now() == start + 48h);
    clock.set_wall_clock(-10min);
    CHECK(time.now() == start + 48h - 5min);
}

TEST_CASE("trusted time (2.5): a jump forward moves nothing, is told once, and may end",
          "[base][clock]") {
    const holdfast::tests::TemporaryDirectory directory;
    log::start({log::Level::info, log::Format::json, directory.file("log")});
    FakeClock clock(start);
    TrustedTime time(clock);
    const auto before = jumps();
    clock.set_wall_clock(24h * 365);
    for (int i = 0; i < 10; ++i) {
        CHECK(time.now() == start + i * 1h);
        clock.advance(1h);
    }
    CHECK(jumps() == before + 1);
    clock.set_wall_clock(-24h * 365);
    CHECK(time.now() == start + 10h);
    clock.set_wall_clock(24h * 365);
    CHECK(time.now() == start + 10h);
    CHECK(jumps() == before + 2);
    log::stop();
    std::size_t lines = 0;
    const auto text = directory.read("log");
    for (auto at = text.find("\"clock.jumped\""); at != std::string::npos;
         at = text.find("\"clock.jumped\"", at + 1))
        ++lines;
    CHECK(lines == 2);
}

TEST_CASE("trusted time (2.5): after a day of agreement the clock was set right", "[base][clock]") {
    FakeClock clock(start);
    TrustedTime time(clock);
    clock.set_wall_clock(24h * 365);
    CHECK(time.now() == start);
    clock.advance(23h);
    CHECK(time.now() == start + 23h);
    SECTION("it is believed") {
        clock.advance(1h);
        CHECK(time.now() == start + 24h * 366);
    }
    SECTION("another jump begins the day again") {
        clock.set_wall_clock(1h);
        clock.advance(1h);
        CHECK(time.now() == start + 24h);
        clock.advance(23h);
        CHECK(time.now() == start + 47h);
        clock.advance(1h);
        CHECK(time.now() == start + 24h * 367 + 1h);
    }
}
