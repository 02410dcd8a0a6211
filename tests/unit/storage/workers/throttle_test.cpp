#include "storage/workers/throttle.h"

#include "base/limits.h"
#include "base/spawn.h"
#include "tests/catch.h"

using namespace holdfast;
using storage::workers::Throttle;

namespace {

/// Who spends, on a loop that does what is due when the test asks.
struct Spender {
    explicit Spender(std::uint64_t bytes_per_second)
        : throttle(context.get_executor(), bytes_per_second) {}

    /// Whether it may go on at once.
    bool spends(std::uint64_t bytes) {
        went_on = false;
        base::spawn(context, throttle.spend(bytes),
                    [this](const std::exception_ptr&) { went_on = true; });
        return goes_on();
    }
    bool goes_on() {
        context.restart();
        context.poll();
        return went_on;
    }

    base::asio::io_context context{1};
    Throttle throttle;
    bool went_on = false;
};

constexpr std::uint64_t hour_s = 3600;

}  // namespace

TEST_CASE("throttle: waits for what was read to be paid for, until it is stopped", "[workers]") {
    Spender spender(base::MiB);
    CHECK_FALSE(spender.spends(hour_s * base::MiB));
    spender.throttle.stop();
    CHECK(spender.goes_on());
    CHECK(spender.spends(hour_s * base::MiB));
}

TEST_CASE("throttle: little waits for nothing, much for its time", "[workers]") {
    Spender spender(base::GiB);
    CHECK(spender.spends(base::KiB));
    CHECK_FALSE(spender.spends(hour_s * base::GiB));
    spender.throttle.stop();
    CHECK(spender.goes_on());
}

TEST_CASE("throttle: no rate, no wait", "[workers]") {
    Spender spender(0);
    CHECK(spender.spends(~std::uint64_t{0}));
}
