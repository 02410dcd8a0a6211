#include "storage/local/segment_handles.h"

#include <cerrno>

#include "base/faulty_vfs.h"
#include "base/sim_vfs.h"
#include "tests/catch.h"

using namespace holdfast;
using storage::local::SegmentHandles;

namespace {

struct World {
    World() {
        REQUIRE(disk.make_directories("/s"));
        for (std::uint64_t segment = 1; segment <= 3; ++segment)
            REQUIRE(base::write_file_durably(disk, handles.path(segment), {}, 0640));
    }
    std::uint64_t opened() { return faulty.calls("open"); }

    base::SimVfs disk;
    base::FaultyVfs faulty{disk};
    SegmentHandles handles{faulty, "/s", 2};
};

}  // namespace

TEST_CASE("segment handles: the most recently used stay open, and no more", "[storage][segment]") {
    World world;
    const auto first = world.handles.get(1);
    REQUIRE(first);
    REQUIRE(world.handles.get(2));
    REQUIRE(world.handles.get(1));
    CHECK(world.opened() == 2);
    REQUIRE(world.handles.get(3));  // in the place of 2
    CHECK(world.handles.get_open(2) == nullptr);
    CHECK(world.handles.get_open(1) == *first);
    world.handles.forget(1);
    world.handles.forget(1);
    CHECK(world.handles.get_open(1) == nullptr);
    CHECK(world.handles.get_open(3) != nullptr);
    CHECK((*first)->size());  // whoever holds it may go on
}

TEST_CASE("segment handles: 2.5 what cannot be opened for writing is read all the same",
          "[storage][segment][fault]") {
    const int code = GENERATE(EROFS, EACCES);
    World world;
    world.faulty.fail({"open", "", 1, code, false});
    CHECK(world.handles.get(1));
    world.faulty.fail({"open", "", 1, code, true});
    const auto refused = world.handles.get(2);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == code);
}

TEST_CASE("segment handles: 2.5 any other failure to open is told, and leaves nothing behind",
          "[storage][segment][fault]") {
    const int code = GENERATE(EIO, EMFILE, ENOENT);
    World world;
    world.faulty.fail({"open", "", 1, code, false});
    const auto refused = world.handles.get(1);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == code);
    CHECK(world.opened() == 1);
    CHECK(world.handles.get(1));
}
