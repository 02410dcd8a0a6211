// The space set aside for the index: spec durability 2.5 (free space).

#include "storage/local/ballast.h"

#include <cerrno>

#include "base/faulty_vfs.h"
#include "base/limits.h"
#include "base/sim_vfs.h"
#include "tests/catch.h"

using namespace holdfast;
using base::MiB;
using storage::local::Ballast;

namespace {

base::SimVfs::Options small_disk() {
    base::SimVfs::Options options;
    options.space_bytes = 256 * MiB;
    return options;
}

struct Fixture {
    Fixture() { REQUIRE(disk.make_directories("/d")); }

    std::uint64_t free() { return disk.space("/d")->free_bytes; }
    void fill_up_to(std::uint64_t left) {
        auto file = disk.open("/d/data", base::OpenMode::create, 0640);
        REQUIRE(file);
        REQUIRE((*file)->truncate(0));
        REQUIRE((*file)->allocate(0, free() - left));
        clock.advance(Ballast::restore_interval);
    }
    void empty() {
        REQUIRE((*disk.open("/d/data", base::OpenMode::create, 0640))->truncate(0));
        clock.advance(Ballast::restore_interval);
    }
    std::unique_ptr<Ballast> open() {
        return std::make_unique<Ballast>(
            storage::local::BallastOptions{"/d/ballast", 64 * MiB, 100 * MiB}, vfs, clock);
    }

    base::SimVfs disk{small_disk()};
    base::FaultyVfs vfs{disk};
    base::FakeClock clock{base::WallTime{}};
};

}  // namespace

TEST_CASE("ballast: 2.5 it is given up when the index is about to find no room, and comes back",
          "[local][ballast]") {
    Fixture fixture;
    const auto ballast = fixture.open();
    CHECK_FALSE(ballast->in_place());
    ballast->restore();
    CHECK(ballast->in_place());
    CHECK(fixture.free() == 192 * MiB);

    fixture.fill_up_to(20 * MiB);
    ballast->look();
    CHECK(ballast->in_place());
    fixture.fill_up_to(10 * MiB);
    ballast->look();
    CHECK_FALSE(ballast->in_place());
    CHECK(fixture.free() == 74 * MiB);

    // Not while the reserve would be touched.
    ballast->restore();
    CHECK_FALSE(ballast->in_place());
    fixture.empty();
    ballast->restore();
    CHECK(ballast->in_place());
    CHECK(fixture.free() == 192 * MiB);
}

TEST_CASE("ballast: a restart knows whether it is there, a half laid one is laid anew",
          "[local][ballast]") {
    Fixture fixture;
    fixture.open()->restore();
    CHECK(fixture.open()->in_place());
    REQUIRE((*fixture.disk.open("/d/ballast", base::OpenMode::read_write, 0))->truncate(MiB));
    const auto ballast = fixture.open();
    CHECK_FALSE(ballast->in_place());
    ballast->restore();
    CHECK(ballast->in_place());
    ballast->release();
    CHECK_FALSE(ballast->in_place());
    CHECK_FALSE(fixture.open()->in_place());
}

TEST_CASE("ballast: whatever fails, the index goes on as it can", "[local][ballast]") {
    for (const char* operation : {"open", "allocate", "space"}) {
        INFO(operation);
        Fixture fixture;
        const auto ballast = fixture.open();
        fixture.vfs.fail({operation, "", 1, EIO, false});
        ballast->restore();
        CHECK_FALSE(ballast->in_place());
        fixture.clock.advance(Ballast::restore_interval);
        ballast->restore();
        CHECK(ballast->in_place());
    }
    Fixture fixture;
    const auto ballast = fixture.open();
    ballast->restore();
    fixture.vfs.fail({"truncate", "", 1, EIO, false});
    ballast->release();
    CHECK(ballast->in_place());
    ballast->release();
    CHECK_FALSE(ballast->in_place());

    Fixture elsewhere;
    const auto none = elsewhere.open();
    elsewhere.vfs.fail({"allocate", "", 1, EOPNOTSUPP, true});
    none->restore();
    elsewhere.clock.advance(Ballast::restore_interval);
    const auto calls = elsewhere.vfs.calls("allocate");
    none->restore();
    CHECK(elsewhere.vfs.calls("allocate") == calls);
}
