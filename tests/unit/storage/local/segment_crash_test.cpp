// Crash ring C2: what was acked is there after any crash of the simulated disk.

#include <map>

#include "base/sim_vfs.h"
#include "base/spawn.h"
#include "tests/loop_of_nobody.h"
#include "tests/unit/storage/local/segment_support.h"

using namespace holdfast;
using namespace holdfast::tests;

namespace {

using Acked = std::map<std::uint64_t, BlobRef>;

std::size_t size_of(std::uint64_t number) {
    constexpr std::size_t sizes[] = {20'000, frame_bytes + 1, 5 * frame_bytes, 9 * frame_bytes + 3};
    return sizes[number % std::size(sizes)];
}

SegmentOptions tiny_segments(std::uint64_t incarnation) {
    auto options = small_segments("/data/segments", incarnation);
    options.segment_bytes = base::MiB;
    options.extent_bytes_max = 256 * base::KiB;
    options.small_blob_bytes_max = 128 * base::KiB;
    return options;
}

base::Awaitable<void> write_some(SegmentStore& store, std::uint64_t first, std::uint64_t end,
                                 Acked& acked) {
    for (auto number = first; number < end; ++number) {
        const auto content = content_of(number, size_of(number));
        WriteShape shape;
        shape.size_known = number % 3 != 0;
        auto ref = co_await write_blob(store, number, content, shape);
        REQUIRE(ref);
        acked.emplace(number, *ref);
    }
}

/// Four writers at once, `each` blobs from each.
void write_at_once(SegmentStore& store, std::uint64_t first, std::uint64_t each, Acked& acked) {
    LoopOfNobody borrowed;
    auto& loop = *borrowed;
    for (std::uint64_t writer = 0; writer < 4; ++writer) {
        const auto from = first + writer * each;
        base::spawn(loop, write_some(store, from, from + each, acked));
    }
    loop.run();
}

/// How many of the acked blobs are whole.
std::size_t whole(SegmentStore& store, const Acked& acked) {
    std::size_t count = 0;
    for (const auto& [number, ref] : acked) {
        const auto bytes = run(read_blob(store, ref));
        count += bytes && *bytes == content_of(number, size_of(number)) ? 1 : 0;
    }
    return count;
}

std::unique_ptr<base::SimVfs> a_disk(base::SimVfs::Options options = {}) {
    auto disk = std::make_unique<base::SimVfs>(options);
    REQUIRE(disk->make_directories("/data"));
    REQUIRE(disk->sync_directory("/"));
    return disk;
}

}  // namespace

TEST_CASE("segments: every acked blob survives any crash, also a second one (P1)",
          "[storage][segment][crash]") {
    base::SystemClock clock;
    for (const auto names : {base::SimVfs::NameMode::strict, base::SimVfs::NameMode::ordered})
        for (std::uint64_t seed = 0; seed < 25; ++seed) {
            base::WorkerPool pool(2);
            base::SimVfs::Options options;
            options.names = names;
            auto disk = a_disk(options);
            Acked acked;
            for (std::uint64_t run = 1; run <= 3; ++run) {
                auto store = open_segments(tiny_segments(run), *disk, clock, pool);
                CAPTURE(seed, run);
                REQUIRE(whole(*store, acked) == acked.size());
                write_at_once(*store, run * 100, 3, acked);
                auto left = disk->crash(seed * 10 + run);
                store.reset();
                disk = std::move(left);
            }
            auto store = open_segments(tiny_segments(9), *disk, clock, pool);
            REQUIRE(whole(*store, acked) == acked.size());
        }
}

TEST_CASE("segments: a disk whose syncs lie loses acked blobs, and the crash test sees it",
          "[storage][segment][crash]") {
    base::SystemClock clock;
    base::WorkerPool pool(2);
    base::SimVfs::Options options;
    options.syncs_lie = true;
    const auto disk = a_disk(options);
    Acked acked;
    auto store = open_segments(tiny_segments(1), *disk, clock, pool);
    write_at_once(*store, 0, 3, acked);
    const auto left = disk->crash(1);
    const auto after = open_segments(tiny_segments(2), *left, clock, pool);
    CHECK(whole(*after, acked) < acked.size());
}

TEST_CASE("segments: a crash in the middle of writing loses nothing acked before it",
          "[storage][segment][crash]") {
    base::SystemClock clock;
    for (std::uint64_t seed = 0; seed < 40; ++seed) {
        base::WorkerPool pool(3);
        const auto disk = a_disk();
        auto store = open_segments(tiny_segments(1), *disk, clock, pool);
        Acked acked;
        Acked acked_before;
        std::unique_ptr<base::SimVfs> left;
        LoopOfNobody borrowed;
        auto& loop = *borrowed;
        const auto crash_between = [&]() -> base::Awaitable<void> {
            co_await write_some(*store, 400, 401 + seed % 4, acked);
            acked_before = acked;  // the others are somewhere in the middle
            left = disk->crash(seed);
        };
        base::spawn(loop, crash_between());
        for (std::uint64_t writer = 0; writer < 3; ++writer)
            base::spawn(loop, write_some(*store, writer * 100, writer * 100 + 4, acked));
        loop.run();
        store.reset();
        const auto after = open_segments(tiny_segments(2), *left, clock, pool);
        CAPTURE(seed);
        REQUIRE(!acked_before.empty());
        CHECK(whole(*after, acked_before) == acked_before.size());
        CHECK(after->close());
    }
}
