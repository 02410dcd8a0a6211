// Where holes cannot be punched: blobs move out of sparse segments, which go as a whole.

#include <thread>

#include "base/limits.h"
#include "tests/component/workers/collector_support.h"

using namespace holdfast;
using namespace holdfast::test;
using namespace std::chrono_literals;
using base::KiB;
using base::MiB;

namespace {

void refuse_holes(DiskCatalog& disk) {
    disk.vfs.fail({"punch_hole", "", 1, EOPNOTSUPP, true});
}

/// Objects k0 to k39; all but every eighth are dropped.
void put_and_drop(DiskCatalog& disk) {
    for (int i = 0; i < 40; ++i) disk.put("k" + std::to_string(i), 700 * KiB);
    for (int i = 0; i < 40; ++i)
        if (i % 8 != 0) disk.remove("k" + std::to_string(i));
}

void check_what_is_left(DiskCatalog& disk) {
    for (int i = 0; i < 40; i += 8) {
        const auto key = "k" + std::to_string(i);
        CHECK(disk.get(key) == text_of(key, 700 * KiB));
    }
}

}  // namespace

TEST_CASE("compaction: who reads a blob while it is moved reads it to its end, 2.2.9",
          "[workers][compactor]") {
    DiskCatalog disk(keeping(0ms));
    refuse_holes(disk);
    for (int i = 0; i < 20; ++i) disk.put("k" + std::to_string(i), 700 * KiB);
    for (int i = 1; i < 20; ++i) disk.remove("k" + std::to_string(i));
    disk.kill_and_restart();
    disk.reclaim();
    const auto old = disk.blob_of("k0");
    auto reader = disk.run(disk.store().blobs.open(old));
    REQUIRE(reader);
    CHECK(disk.collect().moved == 1);
    CHECK(disk.blob_of("k0").extents.front().segment != old.extents.front().segment);

    const auto frames = (old.stored_bytes + old.frame_bytes - 1) / old.frame_bytes;
    base::Bytes content(frames * old.frame_bytes);
    const auto read = disk.run((*reader)->read(0, frames, content));
    REQUIRE(read);
    CHECK(*read == old.stored_bytes);
    reader->reset();
    disk.reclaim();
    disk.collect();
    CHECK(disk.segments_of_run(1) == 0);
    CHECK(disk.get("k0") == text_of("k0", 700 * KiB));
}

TEST_CASE("compaction: without holes, segments less than half full are emptied and unlinked, 2.2.9",
          "[workers][compactor]") {
    DiskCatalog disk(keeping(0ms));
    refuse_holes(disk);
    disk.put_multipart("multipart", 700 * KiB);
    const auto upload = disk.start_upload("unfinished");
    disk.put_part(upload, 1, 700 * KiB);
    put_and_drop(disk);
    disk.kill_and_restart();
    CHECK(disk.segments_of_run(1) >= 2);
    disk.reclaim();
    REQUIRE_FALSE(disk.upkeep().punches_holes());

    const auto first = disk.collect();
    CHECK(first.failure.empty());
    CHECK(first.moved >= 5);
    disk.reclaim();  // the old places
    const auto second = disk.collect();
    CHECK(second.failure.empty());
    CHECK(second.released == 0);
    CHECK(disk.segments_of_run(1) == 0);
    check_what_is_left(disk);
    CHECK(disk.get("multipart") ==
          text_of("multipart1", 700 * KiB) + text_of("multipart2", 700 * KiB));
    disk.complete(upload);
    CHECK(disk.get("unfinished") == text_of("unfinished1", 700 * KiB));
}

TEST_CASE("compaction: a blob that cannot be read stays, the others are moved, 2.2.9",
          "[workers][compactor]") {
    DiskCatalog disk(keeping(0ms));
    refuse_holes(disk);
    put_and_drop(disk);
    disk.kill_and_restart();
    REQUIRE(disk.segments_of_run(1) >= 2);
    disk.reclaim();
    REQUIRE_FALSE(disk.upkeep().punches_holes());
    const auto unreadable = disk.blob_of("k0").extents.front().segment;
    const auto path = disk.segment_path(unreadable);
    disk.vfs.fail({"pread", path.substr(path.rfind('/')), 1, EIO, true});
    const auto report = disk.collect();
    CHECK(report.failure.empty());
    CHECK(report.moved >= 1);
    CHECK(disk.blob_of("k0").extents.front().segment == unreadable);
    disk.vfs.heal();
    check_what_is_left(disk);
}

TEST_CASE("compaction: what was moved and then deleted gives all of its space back, P13, 2.2.9",
          "[workers][compactor]") {
    DiskCatalog disk(keeping(0ms));
    refuse_holes(disk);
    disk.put_multipart("multipart", 700 * KiB);
    put_and_drop(disk);
    disk.kill_and_restart();
    disk.reclaim();
    REQUIRE(disk.collect().moved >= 5);
    disk.reclaim();
    for (int i = 0; i < 40; i += 8) disk.remove("k" + std::to_string(i));
    disk.remove("multipart");
    disk.reclaim();
    // What this run wrote is closed for good by the next one.
    disk.kill_and_restart();
    disk.reclaim();
    disk.collect();
    const auto report = disk.collect();
    check_sum(disk, report);
    CHECK(report.blobs == 0);
    CHECK(report.segments == 0);
    CHECK(disk.bytes_on_disk() == 0);
}

TEST_CASE("compaction: emptied segments go although everything was given back in the run before",
          "[workers][compactor]") {
    DiskCatalog disk(keeping(0ms));
    refuse_holes(disk);
    for (int i = 0; i < 4; ++i) disk.put("k" + std::to_string(i), 700 * KiB);
    for (int i = 0; i < 4; ++i) disk.remove("k" + std::to_string(i));
    disk.reclaim();
    disk.stop_and_restart();
    // The engine looks after what it was given back, on a thread of its own.
    while (disk.upkeep().punches_holes()) std::this_thread::yield();
    const auto report = disk.collect();
    CHECK(report.failure.empty());
    CHECK(report.segments == 0);
    CHECK(disk.bytes_on_disk() == 0);
}
