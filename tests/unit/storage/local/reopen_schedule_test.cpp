#include "storage/local/reopen_schedule.h"

#include "tests/catch.h"

using namespace holdfast;
using namespace holdfast::storage::local;
using namespace std::chrono_literals;

namespace {

const base::SteadyTime start{1h};

}  // namespace

TEST_CASE("reopen schedule: 2.5 attempts come after 1 s, 2 s, 4 s ..., and end after five",
          "[local][supervisor]") {
    ReopenSchedule schedule(1s);
    CHECK_FALSE(schedule.next());
    CHECK_FALSE(schedule.gave_up());
    auto now = start;
    schedule.fault(now);
    for (const auto delay : {1s, 2s, 4s, 8s, 16s}) {
        REQUIRE(schedule.next());
        CHECK(*schedule.next() == now + delay);
        CHECK_FALSE(schedule.gave_up());
        now = *schedule.next();
        schedule.failed(now);
    }
    CHECK_FALSE(schedule.next());
    CHECK(schedule.gave_up());
    CHECK(schedule.attempts() == ReopenSchedule::attempts_max);
}

TEST_CASE("reopen schedule: a second fault before the attempt changes nothing",
          "[local][supervisor]") {
    ReopenSchedule schedule(1s);
    schedule.fault(start);
    schedule.fault(start + 500ms);
    CHECK(*schedule.next() == start + 1s);
}

TEST_CASE("reopen schedule: after a success nothing is due, and a later fault begins anew",
          "[local][supervisor]") {
    ReopenSchedule schedule(1s);
    schedule.fault(start);
    schedule.failed(start + 1s);
    schedule.succeeded(start + 3s);
    CHECK_FALSE(schedule.next());
    CHECK_FALSE(schedule.gave_up());
    schedule.fault(start + 3s + ReopenSchedule::healthy_after);
    CHECK(schedule.attempts() == 0);
    CHECK(*schedule.next() == start + 3s + ReopenSchedule::healthy_after + 1s);
}

TEST_CASE("reopen schedule: a disk that fails right after each reopening is given up too",
          "[local][supervisor]") {
    ReopenSchedule schedule(1s);
    auto now = start;
    schedule.fault(now);
    int attempts = 0;
    while (schedule.next()) {
        now = *schedule.next();
        ++attempts;
        schedule.succeeded(now);
        schedule.fault(now + 1s);
    }
    CHECK(attempts == 5);
    CHECK(schedule.gave_up());
}

TEST_CASE("reopen schedule: an operator opens all attempts again, the first one at once",
          "[local][supervisor]") {
    ReopenSchedule schedule(1s);
    schedule.fault(start);
    for (int i = 0; i < 5; ++i) schedule.failed(start);
    REQUIRE(schedule.gave_up());
    schedule.restart(start + 1h);
    CHECK(*schedule.next() == start + 1h);
    schedule.failed(start + 1h);
    CHECK(*schedule.next() == start + 1h + 2s);
}
