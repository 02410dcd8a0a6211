#include <cerrno>
#include <filesystem>

#include "base/failpoint.h"
#include "base/limits.h"
#include "base/spawn.h"
#include "tests/component/workers/disk_catalog.h"

using namespace holdfast;
using namespace holdfast::test;
using base::KiB;
using base::MiB;

namespace {

/// A byte of the blob's frames.
void damage_frames(DiskCatalog& disk, const storage::BlobRef& blob) {
    const auto& extent = blob.extents.front();
    disk.damage(extent.segment, extent.offset + 64 + 1000);
}

storage::Damage only_damage(DiskCatalog& disk) {
    const auto all = disk.upkeep().damage().all();
    REQUIRE(all.size() == 1);
    return all.front();
}

/// Asks for passes until two have failed, the second of them after a turn of the other work; then
/// stops it. Whether it ended by itself, or by throwing, before it was told to.
base::Awaitable<bool> run_through_failures(workers::Scrubber& scrubber) {
    const auto executor = co_await base::asio::this_coro::executor;
    bool ended = false;
    base::spawn(executor, scrubber.run(), [&ended](const std::exception_ptr&) { ended = true; });
    for (int pass = 0; pass < 2 && !ended; ++pass) {
        scrubber.request();
        for (bool begun = false; !ended;) {
            co_await base::asio::post(executor, base::use_awaitable);
            const auto report = scrubber.report();
            if (begun && !report.running && !report.failure.empty()) break;
            begun = begun || report.running;
        }
    }
    const bool early = ended;
    if (!early) co_await scrubber.stop();
    co_return early;
}

}  // namespace

TEST_CASE("scrub: finds nothing wrong with whole data, and says how much it read, 2.7.5",
          "[workers][scrub]") {
    DiskCatalog disk;
    disk.put("inline", 1000);
    disk.put("small", 200 * KiB);
    disk.put("large", 5 * MiB);
    disk.put_multipart("multipart", 300 * KiB);
    disk.scrub();
    const auto report = disk.scrubber().report();
    CHECK(report.failure.empty());
    CHECK(report.passes == 1);
    CHECK(report.blobs >= 4);  // and what completing the upload decided
    CHECK(report.bytes > 5 * MiB + 800 * KiB);
    CHECK(disk.upkeep().damage().size() == 0);
}

TEST_CASE("scrub: a flipped byte is found and named; nothing is removed, P11", "[workers][scrub]") {
    DiskCatalog disk;
    disk.put("whole", 200 * KiB);
    disk.put("cat.jpg", 200 * KiB);
    const auto blob = disk.blob_of("cat.jpg");
    const auto& extent = blob.extents.front();
    SECTION("in a frame") {
        damage_frames(disk, blob);
    }
    SECTION("in the header") {
        disk.damage(extent.segment, extent.offset + 20);
    }
    SECTION("in the end mark") {
        disk.damage(extent.segment, extent.offset + extent.length - 30);
    }
    SECTION("in the identity") {
        disk.damage(extent.segment, extent.offset + extent.length - 64 - 2);
    }
    SECTION("in the frame table") {
        disk.damage(extent.segment, extent.offset + 64 + blob.stored_bytes + 1);
    }
    disk.scrub();
    const auto damage = only_damage(disk);
    CHECK(damage.blob.id == blob.id);
    CHECK(damage.bucket == "photos");
    CHECK(damage.row_key == "ocat.jpg");
    CHECK_FALSE(damage.what.empty());
    CHECK(disk.get("whole") == text_of("whole", 200 * KiB));
    CHECK(disk.blob_of("cat.jpg").id == blob.id);
}

TEST_CASE("scrub: a damaged part of an object is named with its number", "[workers][scrub]") {
    DiskCatalog disk;
    disk.put_multipart("movie", 300 * KiB);
    damage_frames(disk, disk.blob_of("movie"));
    disk.scrub();
    CHECK(only_damage(disk).part == 1);
    CHECK(only_damage(disk).row_key == "omovie");
}

TEST_CASE("scrub: a segment that is gone is damage of all that was in it, P11",
          "[workers][scrub]") {
    DiskCatalog disk;
    disk.put("a", 200 * KiB);
    disk.put("b", 200 * KiB);
    const auto segment = disk.blob_of("a").extents.front().segment;
    disk.kill_and_restart([&] { std::filesystem::remove(disk.segment_path(segment)); });
    disk.scrub();
    CHECK(disk.upkeep().damage().size() == 2);
}

TEST_CASE("a read that meets damage lists it, and the object can be replaced, 2.5",
          "[workers][scrub]") {
    DiskCatalog disk;
    disk.put("cat.jpg", 200 * KiB);
    damage_frames(disk, disk.blob_of("cat.jpg"));
    const auto read = disk.run(disk.read("cat.jpg"));
    REQUIRE_FALSE(read);
    CHECK(read.error().storage.kind == storage::StorageError::Kind::corrupt);
    CHECK(only_damage(disk).row_key.empty());

    SECTION("the scrub says whose it is") {
        disk.scrub();
        CHECK(only_damage(disk).row_key == "ocat.jpg");
    }
    disk.put("cat.jpg", 100 * KiB);
    disk.reclaim();
    CHECK(disk.get("cat.jpg") == text_of("cat.jpg", 100 * KiB));
    CHECK(disk.upkeep().damage().size() == 0);
}

TEST_CASE("scrub: a read that fails once is no damage, one that fails twice is, 2.5",
          "[workers][scrub]") {
    DiskCatalog disk;
    disk.put("cat.jpg", 200 * KiB);
    REQUIRE(base::set_failpoints("scrub.frame=eio@1"));
    disk.scrub();
    CHECK(disk.upkeep().damage().size() == 0);
    REQUIRE(base::set_failpoints("scrub.frame=eio"));
    disk.scrub();
    REQUIRE(base::set_failpoints(""));
    CHECK(only_damage(disk).row_key == "ocat.jpg");
    disk.scrub();
    CHECK(disk.upkeep().damage().size() == 0);
}

TEST_CASE("scrub: what could not be read for want of descriptors or memory is no damage, 2.5",
          "[workers][scrub]") {
    DiskCatalog disk;
    disk.put("cat.jpg", 200 * KiB);
    disk.kill_and_restart();  // nothing is being written to that segment any more
    const auto [operation, path] = GENERATE(table<std::string, std::string>(
        {{"open_medium", ".segment"}, {"pread", ".segment"}, {"open_medium", "incarnation"}}));
    for (const int code : {EMFILE, ENOMEM}) {
        CAPTURE(operation, path, code);
        disk.vfs.fail({operation, path, 1, code, true});
        disk.scrub();
        CHECK(disk.vfs.failed());
        CHECK_FALSE(disk.scrubber().report().failure.empty());
        CHECK(disk.upkeep().damage().size() == 0);
        disk.vfs.heal();
        disk.scrub();
        CHECK(disk.scrubber().report().failure.empty());
    }
}

TEST_CASE("scrub: what was found survives a restart and is looked at first, 2.7.5",
          "[workers][scrub]") {
    DiskCatalog disk;
    disk.put("cat.jpg", 200 * KiB);
    disk.put_multipart("movie", 300 * KiB);
    const auto blob = disk.blob_of("cat.jpg");
    damage_frames(disk, blob);
    damage_frames(disk, disk.blob_of("movie"));
    disk.scrub();
    CHECK(disk.upkeep().damage().size() == 2);
    const auto first_seen = disk.upkeep().damage().all().front().first_seen;
    disk.kill_and_restart([&] { damage_frames(disk, blob); });  // that one is whole again
    CHECK(disk.upkeep().damage().size() == 0);
    disk.run(disk.scrubber().recheck());
    CHECK(only_damage(disk).row_key == "omovie");
    CHECK(only_damage(disk).part == 1);
    CHECK(only_damage(disk).first_seen == first_seen);
}

TEST_CASE("scrub: a damaged file of the index is found by its checksum", "[workers][scrub]") {
    DiskCatalog disk;
    for (int i = 0; i < 50; ++i) disk.put("inline" + std::to_string(i), 4000);
    disk.kill_and_restart();  // replays the log into files
    auto files = disk.run(disk.upkeep().index_files());
    REQUIRE(files);
    REQUIRE_FALSE(files->empty());
    disk.scrub();
    CHECK(disk.upkeep().damage().size() == 0);
    const auto victim = files->front();
    disk.damage_file(disk.index_path(victim.name), victim.size_bytes / 2);
    disk.scrub();
    CHECK(only_damage(disk).file == victim.name);
}

TEST_CASE("scrub: what is thrown on the way ends no more than one turn, and it can be stopped",
          "[workers][scrub]") {
    DiskCatalog disk;
    disk.put("cat.jpg", 200 * KiB);
    storage::Damage damage;  // as a read tells it: nobody knows yet whose the blob is
    damage.blob = disk.blob_of("cat.jpg");
    damage.what = "told by the test";
    disk.upkeep().damage().note(std::move(damage));
    REQUIRE(base::set_failpoints("scrub.frame=throw"));
    const bool ended_early = disk.run(run_through_failures(disk.scrubber()));
    REQUIRE(base::set_failpoints(""));
    CHECK_FALSE(ended_early);
}
