// What the three durabilities mean: spec durability 1.

#include <cerrno>

#include "base/faulty_vfs.h"
#include "base/sim_vfs.h"
#include "base/spawn.h"
#include "tests/loop_of_nobody.h"
#include "tests/unit/storage/local/segment_support.h"

using namespace holdfast;
using namespace holdfast::tests;
using storage::local::Durability;

namespace {

struct Fixture {
    explicit Fixture(Durability durability) {
        auto options = small_segments("/s");
        options.durability = durability;
        store = open_segments(options, vfs, clock, pool);
        syncs_before = vfs.calls("sync_data");
        directory_syncs_before = vfs.calls("sync_directory");
    }

    storage::Result<BlobRef> write(std::uint64_t number) {
        return run(write_blob(*store, number, content_of(number, 20'000)));
    }
    [[nodiscard]] std::uint64_t syncs() const { return vfs.calls("sync_data") - syncs_before; }
    [[nodiscard]] std::uint64_t directory_syncs() const {
        return vfs.calls("sync_directory") - directory_syncs_before;
    }

    base::SimVfs disk;
    base::FaultyVfs vfs{disk};
    base::FakeClock clock{base::WallTime{}};
    base::WorkerPool pool{4};
    std::unique_ptr<SegmentStore> store;
    std::uint64_t syncs_before = 0;
    std::uint64_t directory_syncs_before = 0;
};

}  // namespace

TEST_CASE("durability: strict and batched answer only after a sync that began after the write",
          "[storage][segment]") {
    for (const auto durability : {Durability::strict, Durability::batched}) {
        Fixture fixture(durability);
        for (std::uint64_t number = 1; number <= 3; ++number) {
            REQUIRE(fixture.write(number));
            CHECK(fixture.syncs() == number);
        }
        CHECK(fixture.directory_syncs() == 1);
        // Without its sync nothing is answered.
        fixture.vfs.fail({"sync_data", "", 1, EIO, false});
        CHECK_FALSE(fixture.write(4));
    }
}

TEST_CASE("durability: writes that wait together share a sync when batched", "[storage][segment]") {
    Fixture fixture(Durability::batched);
    constexpr int writers = 16;
    int written = 0;
    LoopOfNobody borrowed;
    auto& loop = *borrowed;
    auto one = [&](std::uint64_t number) -> base::Awaitable<void> {
        const auto content = content_of(number, 20'000);
        auto ref = co_await write_blob(*fixture.store, number, content);
        if (ref) ++written;
    };
    for (std::uint64_t number = 1; number <= writers; ++number) base::spawn(loop, one(number));
    loop.run();
    CHECK(written == writers);
    CHECK(fixture.syncs() >= 1);
    CHECK(fixture.syncs() < writers);
}

TEST_CASE("durability: relaxed syncs nothing before the store is closed", "[storage][segment]") {
    Fixture fixture(Durability::relaxed);
    std::vector<BlobRef> refs;
    for (std::uint64_t number = 1; number <= 3; ++number) {
        auto ref = fixture.write(number);
        REQUIRE(ref);
        refs.push_back(*std::move(ref));
    }
    CHECK(fixture.syncs() == 0);
    CHECK(fixture.directory_syncs() == 0);
    REQUIRE(fixture.store->close());
    CHECK(fixture.syncs() > 0);
    CHECK(fixture.directory_syncs() > 0);
    for (std::uint64_t number = 1; number <= 3; ++number) {
        const auto bytes = run(read_blob(*fixture.store, refs[number - 1]));
        REQUIRE(bytes);
        CHECK(*bytes == content_of(number, 20'000));
    }
}
