// The rows of the table of spec durability 2.5 that are about the index, through S3 requests: what
// is answered, and that it is counted, logged and remarked by /health/ready.

#include <cerrno>
#include <filesystem>
#include <fstream>

#include "tests/component/s3/fault_signs.h"
#include "tests/component/s3/local_world.h"

namespace holdfast::test {

namespace {

using Cause = storage::EngineCondition::Cause;

const std::string large(300'000, 'L');

Signs::Names own_work_failed() {
    return {"holdfast_index_background_errors_total", "index.background_error",
            "failures of the index' own work"};
}

/// Rows that do not compress, so that they fill many blocks.
std::string scattered(unsigned key) {
    return "/photos/" + hex_sha256(std::to_string(key));
}

void turn_over_a_block_of_the_largest_table(const FaultyWorld& world) {
    std::filesystem::path largest;
    for (const auto& entry : std::filesystem::directory_iterator(world.path("index")))
        if (entry.path().extension() == ".sst" &&
            (largest.empty() || entry.file_size() > std::filesystem::file_size(largest)))
            largest = entry.path();
    REQUIRE_FALSE(largest.empty());
    std::fstream file(largest, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(static_cast<std::streamoff>(std::filesystem::file_size(largest) / 3));
    file.write("\xff\xff\xff\xff\xff\xff\xff\xff", 8);
}

/// What every fault of the index leaves: no writes, of no kind, and reads.
void check_reads_only(FaultyWorld& world) {
    for (const auto& write :
         {Request("PUT", "/photos/after").body("small"),
          Request("PUT", "/photos/after").body(large), Request("DELETE", "/photos/k"),
          Request("POST", "/photos/after?uploads"), Request("PUT", "/fresh")}) {
        const auto refused = world->send(write);
        CHECK(refused.outcome() == "503 ServiceUnavailable");
        CHECK(refused.header("Retry-After") == "5");
    }
    // No body is asked for that is not wanted.
    CHECK_FALSE(world->put("/photos/after", large).continued);
    CHECK(world->get("/photos/k").body == large);
    CHECK(world->head("/photos/k").status == 200);
    CHECK(world->get("/photos/after").outcome() == "404 NoSuchKey");
    CHECK(metric("holdfast_storage_writable") == 0);
    // The first line of what /health/ready remarks.
    CHECK(world.engine().condition().cause == Cause::fault);
    CHECK_FALSE(world.engine().condition().reason.empty());
}

void check_takes_writes_again(FaultyWorld& world) {
    CHECK(world.engine().resume() == std::nullopt);
    CHECK(metric("holdfast_storage_writable") == 1);
    CHECK(world->put("/photos/after", large).status == 200);
    CHECK(world->get("/photos/after").body == large);
    CHECK(world->get("/photos/k").body == large);
}

}  // namespace

TEST_CASE("2.5 a damaged block of the index: only what needs it fails", "[s3][local][faults]") {
    Log log;
    Signs unread(log, {"holdfast_index_read_failures_total", "index.read_failed",
                       "reads of the index that failed"});
    FaultyWorld world;
    constexpr unsigned keys = 400;
    for (unsigned key = 0; key < keys; ++key)
        REQUIRE(world
                    ->send(Request("PUT", scattered(key))
                               .header("x-amz-meta-a", hex_sha256(scattered(key)))
                               .body(std::to_string(key)))
                    .status == 200);
    // The first start writes the log into tables, the second finds them with a block turned over.
    world.crash_and_restart();
    world.crash_and_restart([&] { turn_over_a_block_of_the_largest_table(world); });
    CHECK(unread.counted() == 0);
    unsigned whole = 0;
    unsigned failed = 0;
    for (unsigned key = 0; key < keys; ++key) {
        const auto read = world->get(scattered(key));
        if (read.status == 200) CHECK(read.body == std::to_string(key));
        if (read.status != 200) CHECK(read.outcome() == "500 InternalError");
        ++(read.status == 200 ? whole : failed);
    }
    CHECK(failed > 0);
    CHECK(whole > keys / 2);
    // What its own work meets comes on top.
    CHECK(world.engine().upkeep().index_failures() >= failed);
    CHECK(world.engine().condition().writable());
    unread.check(failed);
}

TEST_CASE("2.5 a failed write or sync of the index' log: 500 for who waited, then 503; reads go on",
          "[s3][local][faults]") {
    for (const char* operation : {"sync_data", "pwrite"}) {
        for (const int code : {EIO, ENOSPC, EDQUOT, EROFS}) {
            INFO(operation << " " << code);
            Log log;
            Signs stopped(log, stopped_writes());
            Signs own_work(log, own_work_failed());
            FaultyWorld world;
            REQUIRE(world->put("/photos/k", large).status == 200);
            world.disk.fail({operation, ".log", 1, code, true});
            CHECK(world->put("/photos/doubtful", "small").outcome() == "500 InternalError");
            CHECK(world.disk.failed());
            check_reads_only(world);
            // P5: nobody sees a state that the replay of the log may change.
            CHECK(world->get("/photos/doubtful").outcome() == "503 SlowDown");
            CHECK(world.engine().condition().reason.find("index could not be written") !=
                  std::string::npos);
            world.disk.heal();
            check_takes_writes_again(world);
            const auto happened = world->get("/photos/doubtful").status;
            CHECK((happened == 200 || happened == 404));
            world.crash_and_restart();
            CHECK(world->get("/photos/doubtful").status == happened);
            CHECK(log.lines("index.write_failed") == 1);
            stopped.check(1);
            own_work.check(own_work.counted());
        }
    }
}

TEST_CASE("2.5 a failed sync of the index' directory stops the writes, reads go on",
          "[s3][local][faults]") {
    Log log;
    Signs stopped(log, stopped_writes());
    Signs own_work(log, own_work_failed());
    FaultyWorld world;
    REQUIRE(world->put("/photos/k", large).status == 200);
    world.disk.fail({"sync_directory", "index", 1, EIO, true});
    // Until it begins another file.
    const std::string row(16'000, 'r');
    const auto puts_max = 5000;
    int acked = 0;
    auto answer = world->put("/photos/row", row);
    for (; answer.status == 200 && acked < puts_max; ++acked)
        answer = world->put("/photos/row", row);
    CHECK(world.disk.failed());
    CHECK(
        (answer.outcome() == "500 InternalError" || answer.outcome() == "503 ServiceUnavailable"));
    check_reads_only(world);
    world.disk.heal();
    check_takes_writes_again(world);
    const auto read = world->get("/photos/row");
    CHECK((read.body == row || (acked == 0 && read.status == 404)));
    stopped.check(1);
    own_work.check(own_work.counted());
}

TEST_CASE("2.5 an index without room gets that of the ballast", "[s3][local][faults]") {
    constexpr std::uint64_t ballast_bytes = 4 << 20;
    for (const int code : {ENOSPC, EDQUOT}) {
        INFO(code);
        Log log;
        Signs stopped(log, stopped_writes());
        Signs given_up(log, {"holdfast_storage_ballast_released_total", "ballast.released",
                             "times that the ballast was given up to a full disk"});
        FaultyWorld world;
        world.set_aside(ballast_bytes);
        world.crash_and_restart();
        REQUIRE(world->put("/photos/k", large).status == 200);
        // It is laid down behind a commit.
        REQUIRE(world->put("/photos/small", "inline").status == 200);
        CHECK(metric("holdfast_storage_ballast_bytes") == ballast_bytes);
        world.disk.fail({"pwrite", ".log", 1, code, false});
        CHECK(world->put("/photos/doubtful", "small").outcome() == "500 InternalError");
        CHECK(metric("holdfast_storage_ballast_bytes") == 0);
        check_reads_only(world);
        check_takes_writes_again(world);
        stopped.check(1);
        given_up.check(1);
    }
}

}  // namespace holdfast::test
