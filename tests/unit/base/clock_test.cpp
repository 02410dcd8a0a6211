#include "base/clock.h"

#include "tests/catch.h"

using namespace holdfast::base;
using namespace std::chrono_literals;

TEST_CASE("clock: a fake one stands still until it is advanced", "[base][clock]") {
    const WallTime start{1'700'000'000'000ms};
    FakeClock fake(start);
    const Clock& clock = fake;
    const auto steady = clock.steady();
    CHECK(clock.wall() == start);
    CHECK(clock.wall() == start);
    CHECK(clock.steady() == steady);
    fake.advance(90s);
    fake.advance(1ms);
    CHECK(clock.wall() == start + 90'001ms);
    CHECK(clock.steady() == steady + 90'001ms);
}

TEST_CASE("clock: the system's tells the time of day, and its steady one never goes back",
          "[base][clock]") {
    const SystemClock clock;
    const auto before = std::chrono::system_clock::now();
    CHECK(clock.wall() >= std::chrono::floor<std::chrono::milliseconds>(before));
    CHECK(clock.wall() <= std::chrono::system_clock::now());
    auto last = clock.steady();
    for (int i = 0; i < 1000; ++i) {
        const auto next = clock.steady();
        REQUIRE(next >= last);
        last = next;
    }
}
