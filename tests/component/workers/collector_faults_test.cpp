// The collector when any of its calls fails, or while somebody writes between two of them: nothing
// that is referred to is lost, and a later pass gives everything else back (P13).

#include "base/limits.h"
#include "tests/component/workers/faulty_disk.h"

using namespace holdfast;
using namespace holdfast::test;
using namespace std::chrono_literals;
using base::KiB;

TEST_CASE("collector: whichever call of a pass goes wrong, nothing is lost and all comes back, P13",
          "[workers][collector]") {
    const auto trouble = GENERATE(fails_once, fails_for_ever, is_held_once, is_stopped);
    auto options = at_once();
    options.bodies = {0, std::uint64_t{2} << 20};
    FaultyDisk world(options);
    Content content(world.disk, 100 * KiB);
    std::uint64_t nth = 0;
    for (bool came = true; came;) {
        ++nth;
        INFO("call " << nth << ' ' << trouble.name);
        world.disk.put("replaced", 100 * KiB);
        world.disk.put("replaced", 80 * KiB);
        world.disk.write_blob(50 * KiB);
        world.collect(false, [&](workers::OrphanCollector& collector) {
            world.arm(trouble, nth, collector);
        });
        came = world.disarm();
        content.check();
        CHECK(world.disk.get("replaced") == text_of("replaced", 80 * KiB));
        world.disk.reclaim();
        check_settled(world, world.collect());
    }
    CHECK(nth > 20);
    content.check_all();
}
