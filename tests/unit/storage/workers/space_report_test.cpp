#include "storage/workers/space_report.h"

#include "tests/catch.h"

using holdfast::storage::workers::SpaceUse;

TEST_CASE("space: what no extent has is ahead of use in an open segment, padding in another",
          "[workers]") {
    for (const bool open : {true, false}) {
        SpaceUse use;
        use.live_bytes = 4096;
        use.queued_bytes = 8192;
        use.settle(20'000, open);
        CHECK(use.sum() == 20'000);
        CHECK((open ? use.allocated_ahead_bytes : use.padding_bytes) == 20'000 - 12'288);
        CHECK((open ? use.padding_bytes : use.allocated_ahead_bytes) == 0);
    }
}

TEST_CASE("space: what went while it was counted is cut, live last", "[workers]") {
    SpaceUse use;
    use.live_bytes = 10'000;
    use.in_flight_bytes = 5'000;
    use.queued_bytes = 5'000;
    use.settle(12'000, false);
    CHECK(use.sum() == 12'000);
    CHECK(use.live_bytes == 10'000);
    CHECK(use.in_flight_bytes == 0);
    CHECK(use.queued_bytes == 2'000);
}
