// What a segment store finds when it opens, and leaves when it closes.

#include "base/random.h"
#include "base/sim_vfs.h"
#include "tests/unit/storage/local/segment_support.h"

using namespace holdfast;
using namespace holdfast::tests;
using storage::local::OpenError;

TEST_CASE("segments: a volume whose segments are missing is refused, not begun anew (P1)",
          "[storage][segment][open]") {
    base::SimVfs disk;
    base::SystemClock clock;
    base::WorkerPool pool(1);
    REQUIRE(disk.make_directories("/data"));
    const bool is_a_file = GENERATE(false, true);
    if (is_a_file) REQUIRE(disk.open("/data/segments", base::OpenMode::create_exclusive, 0640));
    const auto opened = SegmentStore::open(small_segments("/data/segments", 2), disk, clock, pool);
    REQUIRE_FALSE(opened);
    CHECK(opened.error().kind == OpenError::Kind::damaged);
    CHECK(*disk.exists("/data/segments") == is_a_file);
}

TEST_CASE("Engine: a volume that lost its segments is refused, an empty one is not",
          "[storage][segment][open]") {
    base::SimVfs disk;
    SegmentDirectory directory;
    const auto vfs = base::make_posix_vfs();
    base::SystemClock clock;
    base::SeededRandom random(1);
    base::WorkerPool pool(2);
    storage::local::EngineOptions options;
    options.directory = directory.path();  // the volume's, for once
    options.free_space_reserve_bytes = 1;
    const auto open = [&] {
        return storage::local::Engine::open(options, *vfs, clock, random, pool);
    };
    for (int run = 0; run < 2; ++run) {
        auto engine = open();
        REQUIRE(engine);
        (*engine)->close();
    }
    std::filesystem::remove(options.directory + "/segments");
    const auto refused = open();
    REQUIRE_FALSE(refused);
    CHECK(refused.error().kind == OpenError::Kind::damaged);
    CHECK(refused.error().message.find("segments") != std::string::npos);
    CHECK_FALSE(std::filesystem::exists(options.directory + "/segments"));
}
