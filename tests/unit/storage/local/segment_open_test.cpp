// What a segment store finds when it opens, and leaves when it closes.

#include <cerrno>

#include "base/faulty_vfs.h"
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

TEST_CASE("segments: a clean stop makes relaxed blobs durable, also in full segments",
          "[storage][segment][open]") {
    base::SimVfs disk;
    base::SystemClock clock;
    base::WorkerPool pool(2);
    auto options = small_segments("/s");
    options.durability = storage::local::Durability::relaxed;
    auto store = open_segments(options, disk, clock, pool);
    std::vector<BlobRef> refs;
    for (std::uint64_t number = 0; number < 6; ++number) {
        const auto ref =
            run(write_blob(*store, number, content_of(number, (1 + 10 * number) * frame_bytes)));
        REQUIRE(ref);
        refs.push_back(*ref);
    }
    REQUIRE(disk.list("/s")->size() > 2);
    CHECK(store->statistics().syncs == 0);
    CHECK(run(store->release(refs[5])));
    REQUIRE(store->close());
    for (std::uint64_t seed = 0; seed < 10; ++seed) {
        const auto left = disk.crash(seed);
        const auto after = open_segments(small_segments("/s", 2), *left, clock, pool);
        for (std::uint64_t number = 0; number < 5; ++number) {
            CAPTURE(seed, number);
            const auto bytes = run(read_blob(*after, refs[number]));
            REQUIRE(bytes);
            CHECK(*bytes == content_of(number, refs[number].stored_bytes));
        }
    }
}

TEST_CASE("segments: a clean stop that cannot sync says so", "[storage][segment][open]") {
    base::SimVfs disk;
    base::FaultyVfs vfs(disk);
    base::SystemClock clock;
    base::WorkerPool pool(2);
    auto options = small_segments("/s");
    options.durability = storage::local::Durability::relaxed;
    const auto store = open_segments(options, vfs, clock, pool);
    REQUIRE(run(write_blob(*store, 1, content_of(1, 3 * frame_bytes))));
    const std::string operation = GENERATE("sync_data", "sync_directory");
    vfs.fail({operation, "", 1, EIO, false});
    CHECK_FALSE(store->close());
    // The next sync would say that all is well, whatever the disk has dropped.
    CHECK_FALSE(store->close());
}
