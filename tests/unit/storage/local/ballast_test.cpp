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

/// Says how large it is whatever it has.
class LargeDisk final : public base::Vfs {
public:
    explicit LargeDisk(base::Vfs& below) : below_(below) {}
    base::IoResult<std::unique_ptr<base::VfsFile>> open(const std::string& path,
                                                        base::OpenMode mode,
                                                        unsigned mode_bits) override {
        return below_.open(path, mode, mode_bits);
    }
    base::IoResult<bool> exists(const std::string& path) override { return below_.exists(path); }
    base::IoResult<base::FileStatus> status(const std::string& path) override {
        return below_.status(path);
    }
    base::IoResult<std::vector<std::string>> list(const std::string& path) override {
        return below_.list(path);
    }
    base::IoResult<void> make_directories(const std::string& path) override {
        return below_.make_directories(path);
    }
    base::IoResult<void> remove_directory(const std::string& path) override {
        return below_.remove_directory(path);
    }
    base::IoResult<void> rename(const std::string& from, const std::string& to) override {
        return below_.rename(from, to);
    }
    base::IoResult<void> link(const std::string& from, const std::string& to) override {
        return below_.link(from, to);
    }
    base::IoResult<void> unlink(const std::string& path) override { return below_.unlink(path); }
    base::IoResult<void> sync_directory(const std::string& path) override {
        return below_.sync_directory(path);
    }
    base::IoResult<base::FsSpace> space(const std::string&) override { return says; }
    base::IoResult<std::unique_ptr<base::VfsLock>> lock(const std::string& path) override {
        return below_.lock(path);
    }

    base::FsSpace says;

private:
    base::Vfs& below_;
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

TEST_CASE("ballast: 2.5 without a setting it leaves the larger of 1 GiB and 2 % of the disk free",
          "[local][ballast]") {
    for (const auto& [disk_bytes, reserve] :
         {std::pair{10 * base::GiB, base::GiB}, std::pair{100 * base::GiB, 2 * base::GiB}}) {
        INFO(disk_bytes);
        base::SimVfs disk(small_disk());
        REQUIRE(disk.make_directories("/d"));
        LargeDisk large(disk);
        base::FakeClock clock{base::WallTime{}};
        Ballast ballast({"/d/ballast", 64 * MiB, 0}, large, clock);
        large.says.total_bytes = disk_bytes;
        large.says.free_bytes = reserve + 63 * MiB;
        ballast.restore();
        CHECK_FALSE(ballast.in_place());
        large.says.free_bytes = reserve + 65 * MiB;
        clock.advance(Ballast::restore_interval);
        ballast.restore();
        CHECK(ballast.in_place());
    }
}
