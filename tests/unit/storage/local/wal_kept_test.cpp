#include "storage/local/wal_kept.h"

#include <cerrno>

#include "base/faulty_vfs.h"
#include "base/sim_vfs.h"
#include "tests/catch.h"

using namespace holdfast;
using namespace holdfast::storage::local;

namespace {

struct World {
    World() {
        REQUIRE(disk.make_directories("/data/index-wal-aside"));
        REQUIRE(disk.open("/data/index-wal-aside/log", base::OpenMode::create, 0640));
        REQUIRE(disk.sync_directory("/data/index-wal-aside"));
        REQUIRE(disk.sync_directory("/data"));
        REQUIRE(disk.sync_directory("/"));
    }
    base::SimVfs disk;
};

}  // namespace

TEST_CASE("WAL kept: 2.6 what is set aside gets a name that no start drops, also after power loss",
          "[local][recovery][crash]") {
    World world;
    const auto first = keep_log_aside(world.disk, "/data");
    REQUIRE(first);
    CHECK(*first == "/data/index-wal-kept-1");
    const auto left = world.disk.crash(1);
    CHECK(*left->exists("/data/index-wal-kept-1/log"));
    const auto nothing = keep_log_aside(*left, "/data");
    REQUIRE(nothing);
    CHECK(nothing->empty());
    REQUIRE(left->make_directories("/data/index-wal-aside"));
    CHECK(*keep_log_aside(*left, "/data") == "/data/index-wal-kept-2");
}

TEST_CASE("WAL kept: any call that fails is told, and the log is still there for the next attempt",
          "[local][recovery][fault]") {
    bool met = true;
    for (std::uint64_t nth = 1; met; ++nth) {
        CAPTURE(nth);
        World world;
        base::FaultyVfs faulty(world.disk);
        faulty.fail({"", "", nth, EIO, false});
        const auto kept = keep_log_aside(faulty, "/data");
        met = faulty.failed();
        CHECK(kept.has_value() == !met);
        faulty.heal();
        REQUIRE(keep_log_aside(faulty, "/data"));
        CHECK(*world.disk.exists("/data/index-wal-kept-1/log"));
    }
}

TEST_CASE("WAL kept: there is an end to the names, and then nothing is moved",
          "[local][recovery]") {
    World world;
    for (int number = 1; number < 1000; ++number)
        REQUIRE(world.disk.make_directories("/data/index-wal-kept-" + std::to_string(number)));
    const auto refused = keep_log_aside(world.disk, "/data");
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == EEXIST);
    CHECK(*world.disk.exists("/data/index-wal-aside/log"));
}
