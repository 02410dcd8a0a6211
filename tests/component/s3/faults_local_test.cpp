// The table of spec durability 2.5, row by row, through S3 requests over a disk that fails: status,
// code, count, and that nothing half done is seen.

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <thread>

#include "base/failpoint.h"
#include "tests/component/s3/fault_signs.h"
#include "tests/component/s3/local_world.h"
#include "tests/component/s3/memory_endpoint.h"

namespace holdfast::test {

namespace {

const std::string large(300'000, 'L');
const std::string other(300'000, 'O');
const std::string nearly_full = "the disk is nearly full: uploads are refused";

Signs::Names full_disk() {
    return {"holdfast_segment_write_failures_total{reason=\"no_space\"}", "segment.write_failed",
            "bodies given up on a full disk"};
}

Signs::Names failed_write() {
    return {"holdfast_segment_write_failures_total{reason=\"io\"}", "segment.write_failed",
            "bodies given up after a failed write"};
}

/// Turns one bit of the first segment's frames around that holds `byte`.
void damage_stored_bytes(const FaultyWorld& world) {
    for (const auto& entry : std::filesystem::directory_iterator(world.path("segments"))) {
        std::fstream file(entry.path(), std::ios::in | std::ios::out | std::ios::binary);
        file.seekp(64 + 1000);  // behind the extent's header
        const int byte = file.peek();
        file.put(static_cast<char>(byte ^ 1));
    }
}

void check_still_works(FaultyWorld& world) {
    CHECK(world->put("/photos/after", large).status == 200);
    CHECK(world->get("/photos/after").body == large);
}

}  // namespace

TEST_CASE("2.5 ENOSPC or EDQUOT on a body: 507, nothing visible, others unaffected",
          "[s3][local][faults]") {
    for (const int code : {ENOSPC, EDQUOT}) {
        for (const char* operation : {"pwrite", "allocate"}) {
            INFO(operation << " " << code);
            Log log;
            Signs given_up(log, full_disk());
            FaultyWorld world;
            REQUIRE(world->put("/photos/k", large).status == 200);
            const auto upload = world->start_upload("/photos/u");
            const auto before = world->rows_of("photos");
            world.disk.fail({operation, ".segment", 1, code, true});
            // Larger than what is allocated ahead.
            const std::string body(std::string(operation) == "allocate" ? 34 << 20 : 2 << 20, 'x');
            CHECK(world->put("/photos/k", body).outcome() == "507 InsufficientStorage");
            CHECK(world->put("/photos/u?partNumber=1&uploadId=" + upload, body).outcome() ==
                  "507 InsufficientStorage");
            CHECK(world.disk.failed());
            CHECK(world->rows_of("photos") == before);
            CHECK(world->get("/photos/k").body == large);
            CHECK(world->put("/photos/small", "inline").status == 200);
            world.disk.heal();
            check_still_works(world);
            given_up.check(2);
        }
    }
}

TEST_CASE("2.5 free space below the reserve: 507 before the body is asked for, the rest works",
          "[s3][local][faults]") {
    Log log;
    Counted refused("holdfast_space_refused_total");
    FaultyWorld world;
    REQUIRE(world->put("/photos/k", large).status == 200);
    CHECK(remarked(nearly_full) == 0);
    REQUIRE(world->put("/photos/gone", large).status == 200);
    const auto upload = world->start_upload("/photos/u");
    world->put_part("/photos/u", upload, 1, large);
    world.keep_free(std::uint64_t{1} << 60);
    world.crash_and_restart();
    for (const auto& [target, body] : {std::pair{std::string("/photos/new"), large},
                                       {std::string("/photos/new"), "inline"},
                                       {"/photos/u?partNumber=2&uploadId=" + upload, large}}) {
        const auto answer = world->put(target, body);
        CHECK(answer.outcome() == "507 InsufficientStorage");
        CHECK_FALSE(answer.continued);
    }
    CHECK(refused.more() == 3);
    CHECK(remarked(nearly_full) == 1);
    CHECK(world->get("/photos/k").body == large);
    CHECK(world->get("/photos").elements("Key") == std::vector<std::string>{"gone", "k"});
    CHECK(world->remove("/photos/gone").status == 204);
    CHECK(world->remove("/photos/u?uploadId=" + upload).status == 204);
    CHECK(world->get("/photos?uploads").elements("UploadId").empty());
    world.keep_free(1);
    world.crash_and_restart();
    check_still_works(world);
    CHECK(remarked(nearly_full) == 0);
    CHECK(log.lines("space.short") == 1);
}

TEST_CASE("2.5 free space below the reserve: an upload whose parts are there is completed",
          "[s3][local][faults]") {
    FaultyWorld world;
    const auto upload = world->start_upload("/photos/u");
    const auto part = world->put_part("/photos/u", upload, 1, large);
    world.keep_free(std::uint64_t{1} << 60);
    world.crash_and_restart();
    CHECK(world->put("/photos/new", large).outcome() == "507 InsufficientStorage");
    const auto list = part_list({{1, part}});
    CHECK(world->post("/photos/u?uploadId=" + upload, list).status == 200);
    CHECK(world->get("/photos/u").body == large);
}

TEST_CASE("2.5 no inodes left is no space left", "[s3][local][faults]") {
    Log log;
    Signs given_up(log, full_disk());
    FaultyWorld world;
    world.disk.fail({"open", ".segment", 1, ENOSPC, true});
    CHECK(world->put("/photos/k", large).outcome() == "507 InsufficientStorage");
    world.disk.heal();
    check_still_works(world);
    given_up.check(1);
}

TEST_CASE("2.5 write EIO, short write or close error: 500, the blob is given up under its name",
          "[s3][local][faults]") {
    Log log;
    Signs given_up(log, failed_write());
    double faults = 1;
    FaultyWorld world;
    REQUIRE(world->put("/photos/k", large).status == 200);
    world.disk.fail({"pwrite", ".segment", 1, EIO, false});  // half of it is written
    CHECK(world->put("/photos/k", other).outcome() == "500 InternalError");
    CHECK(world.disk.failed());
    CHECK(world->get("/photos/k").body == large);
#ifdef HF_FAILPOINTS
    for (const char* failpoint : {"blob.write=short@1", "blob.footer=eio@1", "blob.close=eio@1"}) {
        INFO(failpoint);
        REQUIRE(base::set_failpoints(failpoint));
        CHECK(world->put("/photos/k", other).outcome() == "500 InternalError");
        REQUIRE(base::set_failpoints(""));
        CHECK(given_up.counted() == ++faults);
        CHECK(world->get("/photos/k").body == large);
    }
#endif
    // The same body again lies elsewhere and is whole, also after a restart.
    CHECK(world->put("/photos/k", other).status == 200);
    world.crash_and_restart();
    CHECK(world->get("/photos/k").body == other);
    given_up.check(faults);
}

TEST_CASE("2.5 a segment whose sync failed is dead, what it acked stays; three stop the writes",
          "[s3][local][faults]") {
    Log log;
    Signs dead(log, {"holdfast_segment_dead_total", "segment.given_up_after_failed_sync",
                     "segments given up after a failed sync"});
    Signs stopped(log, stopped_writes());
    FaultyWorld world;
    REQUIRE(world->put("/photos/k", large).status == 200);
    for (const int code : {ENOSPC, EIO, EDQUOT}) {
        world.disk.fail({"sync_data", ".segment", 1, code, false});
        CHECK(world->put("/photos/k", other).outcome() == "500 InternalError");
        CHECK(world->get("/photos/k").body == large);
    }
    const auto refused = world->put("/photos/k", other);
    CHECK(refused.outcome() == "503 ServiceUnavailable");
    CHECK(refused.header("Retry-After") == "5");
    CHECK(world->get("/photos/k").body == large);
    world.crash_and_restart();
    CHECK(world->get("/photos/k").body == large);
    check_still_works(world);
    dead.check(3);
    stopped.check(1);
}

TEST_CASE("2.5 a failed sync of the segments' directory stops the writes, reads go on",
          "[s3][local][faults]") {
    Log log;
    Signs stopped(log, stopped_writes());
    FaultyWorld world;
    REQUIRE(world->put("/photos/small", "inline").status == 200);
    world.disk.fail({"sync_directory", "segments", 1, EIO, false});
    CHECK(world->put("/photos/k", large).outcome() == "500 InternalError");
    CHECK(world->put("/photos/k", large).outcome() == "503 ServiceUnavailable");
    CHECK(world->get("/photos/small").body == "inline");
    CHECK(world->get("/photos/k").outcome() == "404 NoSuchKey");
    stopped.check(1);
}

TEST_CASE("2.5 a file system that turned read-only stops the writes, reads go on",
          "[s3][local][faults]") {
    Log log;
    Signs stopped(log, stopped_writes());
    FaultyWorld world;
    REQUIRE(world->put("/photos/k", large).status == 200);
    world.disk.fail({"pwrite", ".segment", 1, EROFS, true});
    CHECK(world->put("/photos/k", other).outcome() == "500 InternalError");
    world.disk.fail({"open", ".segment", 1, EROFS, true});
    CHECK(world->put("/photos/k", other).outcome() == "500 InternalError");
    CHECK(world->put("/photos/k", other).outcome() == "503 ServiceUnavailable");
    world.disk.heal();
    CHECK(world->get("/photos/k").body == large);
    stopped.check(1);
}

#ifdef HF_FAILPOINTS
TEST_CASE("4. a commit queue over its limit: SlowDown for who comes then, the rest is unaffected",
          "[s3][local][faults]") {
    Counted refused("holdfast_commit_queue_refused_total");
    FaultyWorld world({}, 1);
    std::vector<Request> puts;
    for (int i = 0; i < 8; ++i)
        puts.push_back(Request("PUT", "/photos/" + std::to_string(i)).body("small"));
    // One is being written and one waits at most, until six were refused.
    REQUIRE(base::set_failpoints("commit.wal.before=pause"));
    std::thread releaser([&refused] {
        const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
        while (refused.more() < 6 && std::chrono::steady_clock::now() < deadline)
            std::this_thread::yield();
        base::set_failpoints("");
    });
    const auto answers = world->race(puts);
    releaser.join();
    int done = 0;
    for (std::size_t i = 0; i < puts.size(); ++i) {
        const auto read = world->get("/photos/" + std::to_string(i));
        if (answers[i].status == 200) {
            ++done;
            CHECK(read.body == "small");
            continue;
        }
        CHECK(answers[i].outcome() == "503 SlowDown");
        CHECK(answers[i].header("Retry-After") == "1");
        CHECK(read.status == 404);
    }
    CHECK(done > 0);
    CHECK(refused.more() == 8 - done);
    for (const auto& put : puts) CHECK(world->send(put).status == 200);
}
#endif

TEST_CASE("2.5 read EIO: asked again past the cache, then 500 before the head, a cut behind it",
          "[s3][local][faults]") {
    Log log;
    Signs refused(log, {"holdfast_segment_read_failures_total", "segment.read_failed",
                        "reads of segments that the disk refused"});
    FaultyWorld world;
    const std::string body(2'000'000, 'r');
    REQUIRE(world->put("/photos/k", body).status == 200);
    world.disk.fail({"pread_nowait", ".segment", 1, EIO, false});
    CHECK(world->get("/photos/k").body == body);
    CHECK(refused.counted() == 0);
    world.disk.fail({"", ".segment", 1, EIO, true});
    const auto read = world->get("/photos/k");
    CHECK(read.outcome() == "500 InternalError");
    CHECK_FALSE(read.aborted);
    CHECK(refused.counted() == 1);
    CHECK(metric("holdfast_damaged") == 1);
    CHECK(world->head("/photos/k").status == 200);
    // One that fails only later: the reads in the order of the body.
    for (std::uint64_t nth = 2; nth < 12; ++nth) {
        world.disk.fail({"", ".segment", nth, EIO, true});
        const auto cut = world->get("/photos/k");
        INFO(nth << ": " << cut.status);
        if (!world.disk.failed()) CHECK(cut.body == body);
        if (!world.disk.failed()) break;
        CHECK((cut.outcome() == "500 InternalError" || (cut.status == 200 && cut.aborted)));
        if (cut.status == 200) CHECK(cut.body == body.substr(0, cut.body.size()));
    }
    world.disk.heal();
    CHECK(world->get("/photos/k").body == body);
    CHECK(metric("holdfast_damaged") == 1);
    refused.check(refused.counted());
}

TEST_CASE("2.5 a damaged frame: GET is 500, HEAD, the list, DELETE and an overwrite work",
          "[s3][local][faults]") {
    Log log;
    Signs damaged(log, {"holdfast_segment_corrupt_frames_total", "segment.damaged_frame",
                        "reads of segments that met damage"});
    FaultyWorld world;
    REQUIRE(world->put("/photos/k", large).status == 200);
    world.crash_and_restart([&] { damage_stored_bytes(world); });
    const auto read = world->get("/photos/k");
    CHECK((read.outcome() == "500 InternalError" || read.aborted));
    CHECK(read.body.find(large.substr(0, 100)) == std::string::npos);
    CHECK(damaged.counted() == 1);
    CHECK(metric("holdfast_damaged") == 1);
    CHECK(world->head("/photos/k").status == 200);
    CHECK(world->get("/photos").elements("Key") == std::vector<std::string>{"k"});
    CHECK(world->send(Request("PUT", "/photos/copy").header("x-amz-copy-source", "/photos/k"))
              .outcome() == "500 InternalError");
    CHECK(world->put("/photos/k", other).status == 200);
    CHECK(world->get("/photos/k").body == other);
    CHECK(world->remove("/photos/k").status == 204);
    damaged.check(2);
}

TEST_CASE("2.5 a segment that is gone: its objects are damaged, and it is told",
          "[s3][local][faults]") {
    Log log;
    Signs damaged(log, {"holdfast_segment_corrupt_frames_total", "segment.damaged_frame",
                        "reads of segments that met damage"});
    FaultyWorld world;
    REQUIRE(world->put("/photos/k", large).status == 200);
    REQUIRE(world->put("/photos/small", "inline").status == 200);
    world.crash_and_restart([&] {
        for (const auto& entry : std::filesystem::directory_iterator(world.path("segments")))
            std::filesystem::remove(entry.path());
    });
    CHECK(world->get("/photos/k").outcome() == "500 InternalError");
    CHECK(metric("holdfast_damaged") == 1);
    CHECK(world->head("/photos/k").status == 200);
    CHECK(world->get("/photos/small").body == "inline");
    CHECK(world->put("/photos/k", other).status == 200);
    CHECK(world->get("/photos/k").body == other);
    damaged.check(1);
}

TEST_CASE("2.5 a segment that cannot be opened is a read that the disk refused",
          "[s3][local][faults]") {
    Log log;
    Signs refused(log, {"holdfast_segment_read_failures_total", "segment.read_failed",
                        "reads of segments that the disk refused"});
    FaultyWorld world;
    REQUIRE(world->put("/photos/k", large).status == 200);
    world.crash_and_restart([&] { world.disk.fail({"open", ".segment", 1, EIO, true}); });
    CHECK(world->get("/photos/k").outcome() == "500 InternalError");
    world.disk.heal();
    CHECK(world->get("/photos/k").body == large);
    refused.check(1);
}

TEST_CASE(
    "2.5 fd exhaustion: an object that cannot be opened for that is asked for again, not damaged",
    "[s3][local][faults]") {
    Log log;
    const auto code = GENERATE(EMFILE, ENFILE, ENOMEM);
    FaultyWorld world;
    REQUIRE(world->put("/photos/k", large).status == 200);
    world.crash_and_restart([&] { world.disk.fail({"open", ".segment", 1, code, true}); });
    const auto damaged = metric("holdfast_damaged");
    CHECK(world->get("/photos/k").outcome() == "503 SlowDown");
    CHECK(metric("holdfast_damaged") == damaged);
    world.disk.heal();
    CHECK(world->get("/photos/k").body == large);
}

}  // namespace holdfast::test
