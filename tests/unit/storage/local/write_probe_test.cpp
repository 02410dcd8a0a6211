#include "storage/local/write_probe.h"

#include <cerrno>

#include "base/faulty_vfs.h"
#include "base/limits.h"
#include "base/sim_vfs.h"
#include "tests/catch.h"

using namespace holdfast;
using namespace holdfast::storage::local;

TEST_CASE("write probe: a disk that works leaves no file behind", "[local][probe]") {
    base::SimVfs disk;
    REQUIRE(disk.make_directories("/data"));
    CHECK(probe_writes(disk, "/data/probe", 1) == std::nullopt);
    CHECK(disk.list("/data")->empty());
}

TEST_CASE("write probe: 2.5 each way to fail is one", "[local][probe]") {
    base::SimVfs disk;
    REQUIRE(disk.make_directories("/data"));
    base::FaultyVfs faulty(disk);
    for (const char* call :
         {"space", "open", "pwrite", "sync_data", "sync_directory", "open_medium", "pread"}) {
        CAPTURE(call);
        faulty.fail({call, "", 1, EIO, true});
        CHECK(probe_writes(faulty, "/data/probe", 1));
        REQUIRE(faulty.failed());
        faulty.heal();
    }
    // What an attempt left behind is no obstacle to the next one.
    CHECK(probe_writes(faulty, "/data/probe", 1) == std::nullopt);
}

TEST_CASE("write probe: 2.5 less than the reserve is not enough", "[local][probe]") {
    base::SimVfs::Options options;
    options.space_bytes = 10 * base::MiB;
    base::SimVfs disk(options);
    REQUIRE(disk.make_directories("/data"));
    CHECK(probe_writes(disk, "/data/probe", 9 * base::MiB) == std::nullopt);
    const auto refused = probe_writes(disk, "/data/probe", 11 * base::MiB);
    REQUIRE(refused);
    CHECK(refused->find("are needed") != std::string::npos);
}

TEST_CASE("write probe: the reserve is as set, or 1 GiB, or 2 % of a large disk",
          "[local][probe]") {
    base::FsSpace space;
    space.total_bytes = 10 * base::GiB;
    CHECK(reserve_bytes_of(space, 5) == 5);
    CHECK(reserve_bytes_of(space, 0) == base::GiB);
    space.total_bytes = 100 * base::GiB;
    CHECK(reserve_bytes_of(space, 0) == 2 * base::GiB);
}
