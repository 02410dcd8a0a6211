#include "storage/local/wal_aside.h"

#include <cerrno>

#include "base/failpoint.h"
#include "base/faulty_vfs.h"
#include "base/sim_vfs.h"
#include "tests/catch.h"

using namespace holdfast;
using namespace holdfast::storage::local;

namespace {

struct World {
    World() {
        REQUIRE(disk.make_directories("/data/index"));
        for (const char* name : {"000012.log", "000015.log", "000013.sst", "CURRENT"})
            put(std::string("/data/index/") + name, name);
        REQUIRE(disk.sync_directory("/"));
        REQUIRE(disk.sync_directory("/data"));
    }
    void put(const std::string& path, const std::string& content) {
        REQUIRE(base::write_file_durably(disk, path, base::as_bytes(content), 0640));
    }
    std::vector<std::string> aside(base::Vfs& vfs) {
        const auto names = vfs.list("/data/aside");
        return names ? *names : std::vector<std::string>{"nothing"};
    }
    base::SimVfs disk;
    base::FaultyVfs faulty{disk};
    WalAside logs{faulty, "/data/aside", "/data/index"};
};

using Names = std::vector<std::string>;

}  // namespace

TEST_CASE("WAL aside: the log files, and no others, are kept under their incarnation",
          "[local][recovery]") {
    World world;
    REQUIRE(world.logs.keep(0x2a));
    CHECK(world.aside(world.disk) == Names{"0000002a-000012.log", "0000002a-000015.log"});
    // They stay when RocksDB deletes its own, also through a power loss.
    REQUIRE(world.disk.unlink("/data/index/000012.log"));
    const auto left = world.disk.crash(1);
    CHECK(world.aside(*left) == Names{"0000002a-000012.log", "0000002a-000015.log"});
    const auto content = base::read_file(*left, "/data/aside/0000002a-000012.log", 100);
    REQUIRE(content);
    CHECK(base::as_text(*content) == "000012.log");
}

TEST_CASE("WAL aside: a start that was killed half way is completed", "[local][recovery]") {
    World world;
    world.faulty.fail({"link", "", 2, EIO, false});
    CHECK_FALSE(world.logs.keep(1));
    CHECK(world.aside(world.disk).size() == 1);
    REQUIRE(world.logs.keep(1));
    CHECK(world.aside(world.disk).size() == 2);
}

TEST_CASE("WAL aside: where there are no hard links the files are copied", "[local][recovery]") {
    World world;
    world.faulty.fail({"link", "", 1, GENERATE(EOPNOTSUPP, EPERM, EMLINK, EXDEV, ENOSYS), true});
    REQUIRE(world.logs.keep(1));
    const auto content = base::read_file(world.disk, "/data/aside/00000001-000015.log", 100);
    REQUIRE(content);
    CHECK(base::as_text(*content) == "000015.log");
}

TEST_CASE("WAL aside: dropping leaves nothing, and there may be nothing", "[local][recovery]") {
    World world;
    CHECK(world.logs.drop());
    REQUIRE(world.logs.keep(1));
    REQUIRE(world.logs.keep(2));
    CHECK(world.logs.drop());
    CHECK(world.aside(world.disk).empty());
    CHECK(world.logs.drop());
}

TEST_CASE("WAL aside: its failpoint makes it fail", "[local][recovery]") {
    World world;
    REQUIRE(base::set_failpoints("recovery.walcopy=eio"));
    CHECK_FALSE(world.logs.keep(1));
    REQUIRE(base::set_failpoints(""));
}

TEST_CASE("WAL aside: any call that fails is told, and the next attempt has all of every file",
          "[local][recovery][fault]") {
    const bool links = GENERATE(true, false);
    const std::string large(3 * 1024 * 1024 + 5, 'x');
    bool met = true;
    for (std::uint64_t nth = 1; met; ++nth) {
        CAPTURE(links, nth);
        World world;
        world.put("/data/index/000016.log", large);
        // The kernel says that a name is taken before it says that there are no links.
        base::Vfs& below = world.faulty;
        base::FaultyVfs without_links(below);
        if (!links) without_links.fail({"link", "", 1, EPERM, true});
        WalAside logs(without_links, "/data/aside", "/data/index");
        world.faulty.fail({"", "", nth, EIO, false});
        const auto kept = logs.keep(1);
        met = world.faulty.failed();
        CHECK(kept.has_value() == !met);
        world.faulty.heal();
        without_links.heal();
        REQUIRE(logs.keep(1));
        for (const std::string name : {"000012.log", "000015.log", "000016.log"}) {
            const auto whole = base::read_file(world.disk, "/data/index/" + name, 4 << 20);
            const auto copy = base::read_file(world.disk, "/data/aside/00000001-" + name, 4 << 20);
            REQUIRE(whole);
            REQUIRE(copy);
            CHECK(*copy == *whole);
        }
    }
}

TEST_CASE("WAL aside: any call that fails while it is dropped is told, and the next attempt drops",
          "[local][recovery][fault]") {
    bool met = true;
    for (std::uint64_t nth = 1; met; ++nth) {
        World world;
        REQUIRE(world.logs.keep(1));
        world.faulty.fail({"", "", nth, EIO, false});
        const auto dropped = world.logs.drop();
        met = world.faulty.failed();
        CHECK(dropped.has_value() == !met);
        world.faulty.heal();
        CHECK(world.logs.drop());
        CHECK(world.aside(world.disk).empty());
    }
}
