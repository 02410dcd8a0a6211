// Moving blobs when any call of it fails, or somebody changes what is moved meanwhile.

#include "base/limits.h"
#include "storage/workers/compactor.h"
#include "tests/component/workers/faulty_disk.h"

using namespace holdfast;
using namespace holdfast::test;
using base::KiB;
using storage::StorageError;

namespace {

/// A compactor of its own over a disk that was started again, so that what is there lies in
/// segments that nobody writes to.
struct Moving {
    explicit Moving(FaultyDisk& w) : world(w) {
        const auto infos = world.disk.run(world.disk.upkeep().segments());
        REQUIRE(infos);
        for (const auto& info : *infos)
            if (info.earlier) segments.insert(info.number);
    }
    storage::Result<std::uint64_t> empty() { return run_on(world.loop, compactor.empty(segments)); }
    base::Awaitable<void> stop() {
        stopping = true;
        co_return;
    }

    FaultyDisk& world;
    std::set<std::uint64_t> segments;
    bool stopping = false;
    workers::Throttle throttle{world.loop.get_executor(), 0};
    workers::Compactor compactor{world.store(), world.upkeep(), throttle, stopping};
};

/// Whether the blob lies in one of them.
bool is_in(const std::set<std::uint64_t>& segments, const storage::BlobRef& blob) {
    return segments.contains(blob.extents.front().segment);
}

}  // namespace

TEST_CASE("compaction: whichever call goes wrong, nothing is lost and all comes back, 2.2.9, P13",
          "[workers][compactor]") {
    const auto trouble = GENERATE(fails_once, is_unavailable_once, is_damaged_once, is_stopped);
    FaultyDisk world(at_once());
    Content content(world.disk, 300 * KiB);
    std::uint64_t nth = 0;
    for (bool came = true; came;) {
        ++nth;
        INFO("call " << nth << ' ' << trouble.name);
        world.kill_and_restart();
        {
            Moving moving(world);
            world.arm(trouble, nth, moving);
            const auto moved = moving.empty();
            came = world.disarm();
            content.check();
        }
        Moving again(world);
        const auto moved = again.empty();
        REQUIRE(moved);
        for (const char* key : {"large", "multipart"})
            CHECK_FALSE(is_in(again.segments, world.disk.blob_of(key)));
        content.check();
        world.disk.reclaim();
        check_settled(world, world.collect());
    }
    CHECK(nth > 40);
    content.check_all();
}
