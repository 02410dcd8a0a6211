// Writers wait while too much is written and not synced: spec durability 4 (unsynced bytes).

#include "storage/local/segment_budget.h"

#include "base/sim_vfs.h"
#include "tests/catch.h"
#include "tests/unit/storage/local/segment_support.h"

using namespace holdfast;
using namespace holdfast::tests;
using storage::local::SpaceLedger;
using storage::local::UnsyncedBudget;

TEST_CASE("unsynced bytes: writers over the bound wait until a sync makes room",
          "[storage][segment]") {
    UnsyncedBudget budget(1000);
    int resumed = 0;
    budget.add(999);
    CHECK(budget.has_room());
    budget.when_room([&] { ++resumed; });
    CHECK(resumed == 1);

    budget.add(500);
    CHECK_FALSE(budget.has_room());
    budget.when_room([&] { ++resumed; });
    budget.when_room([&] { ++resumed; });
    CHECK(resumed == 1);
    budget.subtract(400);
    CHECK(resumed == 1);
    budget.subtract(100);
    CHECK(resumed == 3);
    CHECK(budget.has_room());
}

TEST_CASE("2.5 free space: what is promised counts, the reserve stays", "[storage][segment]") {
    base::SimVfs::Options small_disk;
    small_disk.space_bytes = 100 * base::MiB;
    base::SimVfs disk(small_disk);
    REQUIRE(disk.make_directories("/s"));
    base::FakeClock clock{base::WallTime{}};
    SpaceLedger ledger(disk, "/s", 10 * base::MiB, clock);
    REQUIRE(ledger.promise(50 * base::MiB));
    const auto refused = ledger.promise(50 * base::MiB);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().kind == StorageError::Kind::out_of_space);
    ledger.settle(50 * base::MiB);
    CHECK(ledger.promise(80 * base::MiB));
    CHECK_FALSE(ledger.promise(20 * base::MiB));
}
