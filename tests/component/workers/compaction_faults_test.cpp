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

/// `action` runs before the nth call of that name.
void before_nth(CallFaults& faults, std::string call, int nth, std::function<void()> action) {
    faults.before = [call = std::move(call), left = nth,
                     action = std::move(action)](const std::string& called) mutable {
        if (called == call && --left == 0) action();
    };
}

/// Writes a row again as it is, as a change of an object's tags does.
void rewrite_row(DiskCatalog& disk, const std::string& key) {
    auto rows = disk.run(disk.store().metadata.get(disk.partition(), {{{}, key}}));
    REQUIRE(rows);
    REQUIRE(rows->front());
    storage::Transaction transaction;
    transaction.puts.push_back({{{}, key}, rows->front()->value});
    REQUIRE(disk.run(disk.store().metadata.commit(disk.partition(), std::move(transaction))));
}

/// Whether the blob lies in one of them.
bool is_in(const std::set<std::uint64_t>& segments, const storage::BlobRef& blob) {
    return segments.contains(blob.extents.front().segment);
}

}  // namespace

TEST_CASE("compaction: whichever call goes wrong, nothing is lost and all comes back, 2.2.9, P13",
          "[workers][compactor]") {
    const auto trouble = GENERATE(fails_once, is_stopped);
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
            static_cast<void>(moving.empty());
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

TEST_CASE("compaction: a blob whose bytes are bad stays, others move; what may pass ends it, 2.2.9",
          "[workers][compactor]") {
    const std::string call = GENERATE("blobs.open", "upkeep.check", "reader.read");
    const auto kind = GENERATE(StorageError::Kind::corrupt, StorageError::Kind::io,
                               StorageError::Kind::unavailable);
    FaultyDisk world(at_once());
    for (const char* key : {"a", "b", "c"}) world.disk.put(key, 300 * KiB);
    world.kill_and_restart();
    Moving moving(world);
    // Each of those blobs is read in two pieces.
    world.faults.fail({call, call == "reader.read" ? 3u : 2u, kind, false, false});
    const auto moved = moving.empty();
    CHECK(world.faults.failed());
    world.faults.heal();
    if (kind == StorageError::Kind::unavailable) {
        REQUIRE_FALSE(moved);
        CHECK(moved.error().kind == kind);
    } else {
        REQUIRE(moved);
        CHECK(*moved == 2);
    }
    CHECK_FALSE(is_in(moving.segments, world.disk.blob_of("a")));
    CHECK(is_in(moving.segments, world.disk.blob_of("b")));
    CHECK(is_in(moving.segments, world.disk.blob_of("c")) == !moved);
    for (const char* key : {"a", "b", "c"}) CHECK(world.disk.get(key) == text_of(key, 300 * KiB));
    world.disk.reclaim();
    check_settled(world, world.collect());
}

TEST_CASE("compaction: what somebody changes while it is moved is as that one left it, P6, P13",
          "[workers][compactor]") {
    const std::string call = GENERATE("rows.get", "blobs.create", "rows.commit");
    const bool removes = GENERATE(true, false);
    int nth = 0;
    for (bool came = true; came;) {
        ++nth;
        INFO(call << ' ' << nth << (removes ? " removed" : " replaced"));
        came = false;
        FaultyDisk world(at_once());
        auto& disk = world.disk;
        disk.put("large", 300 * KiB);
        disk.put_multipart("multipart", 300 * KiB);
        const auto upload = disk.start_upload("unfinished");
        disk.put_part(upload, 1, 300 * KiB);
        world.kill_and_restart();
        Moving moving(world);
        before_nth(world.faults, call, nth, [&] {
            came = true;
            if (removes) {
                disk.remove("large");
                disk.remove("multipart");
                disk.complete(upload);
            } else {
                disk.put("large", 1000);
                disk.put_multipart("multipart", 200 * KiB);
                disk.put_part(upload, 1, 200 * KiB);
            }
        });
        const auto moved = moving.empty();
        CHECK(moved);
        world.faults.before = nullptr;
        if (!came) break;
        if (removes) {
            CHECK_FALSE(disk.run(disk.read("large")));
            CHECK_FALSE(disk.run(disk.read("multipart")));
            CHECK(disk.get("unfinished") == text_of("unfinished1", 300 * KiB));
        } else {
            CHECK(disk.get("large") == text_of("large", 1000));
            CHECK(disk.get("multipart") ==
                  text_of("multipart1", 200 * KiB) + text_of("multipart2", 200 * KiB));
            disk.complete(upload);
            CHECK(disk.get("unfinished") == text_of("unfinished1", 200 * KiB));
        }
        disk.reclaim();
        const auto report = world.collect();
        check_settled(world, report);
        CHECK(report.released == 0);  // the copies that came too late went at once
    }
    CHECK(nth > 3);
}

TEST_CASE("compaction: a row that changes each time is left alone, and so is a bucket that goes",
          "[workers][compactor]") {
    FaultyDisk world(at_once());
    world.disk.put("large", 300 * KiB);
    world.kill_and_restart();
    Moving moving(world);
    int copies = 0;
    SECTION("the row") {
        world.faults.before = [&](const std::string& call) {
            if (call != "writer.finish") return;
            ++copies;
            rewrite_row(world.disk, "olarge");
        };
        const auto moved = moving.empty();
        REQUIRE(moved);
        CHECK(*moved == 0);
        CHECK(copies == 8);
    }
    SECTION("the row, and its copies are held by a snapshot") {
        before_nth(world.faults, "writer.finish", 1, [&] { rewrite_row(world.disk, "olarge"); });
        world.faults.fail({"blobs.release", 1, StorageError::Kind::held, true, true});
        const auto moved = moving.empty();
        REQUIRE(moved);
        CHECK(*moved == 1);
    }
    SECTION("the row, and its copy cannot be given back") {
        before_nth(world.faults, "writer.finish", 1, [&] { rewrite_row(world.disk, "olarge"); });
        world.faults.fail({"blobs.release", 1, StorageError::Kind::io, true, false});
        const auto moved = moving.empty();
        REQUIRE_FALSE(moved);
        CHECK(moved.error().kind == StorageError::Kind::io);
    }
    SECTION("the bucket") {
        const std::string state(catalog::bucket_state_row);
        auto rows =
            world.disk.run(world.disk.store().metadata.get(world.disk.partition(), {{{}, state}}));
        REQUIRE(rows);
        storage::Transaction gone;
        gone.deletes.push_back({{}, state});
        REQUIRE(world.disk.run(
            world.disk.store().metadata.commit(world.disk.partition(), std::move(gone))));
        const auto moved = moving.empty();
        REQUIRE(moved);
        CHECK(*moved == 0);
        storage::Transaction back;
        back.puts.push_back({{{}, state}, rows->front()->value});
        REQUIRE(world.disk.run(
            world.disk.store().metadata.commit(world.disk.partition(), std::move(back))));
    }
    world.faults.heal();
    world.faults.before = nullptr;
    CHECK(world.disk.get("large") == text_of("large", 300 * KiB));
    world.disk.reclaim();
    check_settled(world, world.collect());
}

TEST_CASE("compaction: a move whose commit is in doubt loses neither place, P5",
          "[workers][compactor]") {
    const bool happened = GENERATE(false, true);
    FaultyDisk world(at_once());
    world.disk.put("large", 300 * KiB);
    world.kill_and_restart();
    Moving moving(world);
    world.faults.fail({"rows.commit", 1, StorageError::Kind::in_doubt, false, happened});
    const auto moved = moving.empty();
    REQUIRE_FALSE(moved);
    CHECK(moved.error().kind == StorageError::Kind::in_doubt);
    world.faults.heal();
    CHECK(is_in(moving.segments, world.disk.blob_of("large")) == !happened);
    CHECK(world.disk.get("large") == text_of("large", 300 * KiB));
    world.disk.sweep();
    check_settled(world, world.collect());
    CHECK(world.disk.get("large") == text_of("large", 300 * KiB));
}
