#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <functional>

#include "base/failpoint.h"
#include "base/limits.h"
#include "base/metrics.h"
#include "base/spawn.h"
#include "tests/component/workers/collector_support.h"

using namespace holdfast;
using namespace holdfast::test;
using namespace std::chrono_literals;
using base::KiB;
using base::MiB;

namespace {

/// In whole blocks, as a run is reserved: header, frames with their tags, table, and some room.
std::uint64_t blocks_of(const storage::BlobRef& blob) {
    std::uint64_t bytes = 0;
    for (const auto& extent : blob.extents) bytes += (extent.length + 4095) / 4096 * 4096;
    return bytes;
}

/// As a kill does: the writer neither finishes nor gives its space back. It stays reachable, so
/// that it is no leak.
void lose(std::unique_ptr<storage::BlobWriter> writer) {
    static auto* const lost = new std::vector<storage::BlobWriter*>;
    lost->push_back(writer.release());
}

double failures_counted() {
    const auto text = base::metrics::render();
    const std::string series = "holdfast_worker_failures_total{worker=\"collector\"} ";
    const auto at = text.find(series);
    return at == std::string::npos ? 0 : std::stod(text.substr(at + series.size()));
}

/// Asks for passes until `enough` of the report; whether its loop was still there then.
base::Awaitable<bool> collect_until(workers::OrphanCollector& collector,
                                    std::function<bool(const workers::CollectorReport&)> enough) {
    const auto executor = co_await base::asio::this_coro::executor;
    bool ended = false;
    base::spawn(executor, collector.run(), [&ended](const std::exception_ptr&) { ended = true; });
    collector.request(false);
    while (!ended && !enough(collector.report()))
        co_await base::asio::post(executor, base::use_awaitable);
    const bool there = !ended;
    if (there) co_await collector.stop();
    co_return there;
}

}  // namespace

TEST_CASE("gc report: the parts add up to the bytes on disk, whatever happened, P13",
          "[workers][collector]") {
    DiskCatalog disk(keeping(24h));
    for (int i = 0; i < 20; ++i) disk.put("k" + std::to_string(i), 40 * KiB + i * 1000);
    disk.put_multipart("large", 3 * MiB);
    check_sum(disk, disk.collect());
    SECTION("after deletes and overwrites that were not reclaimed yet") {
        for (int i = 0; i < 10; ++i) disk.remove("k" + std::to_string(i));
        disk.put("k11", 90 * KiB);
        const auto report = disk.collect();
        check_sum(disk, report);
        CHECK(report.use.queued_bytes > 11 * 40 * KiB);
        disk.reclaim();
        const auto after = disk.collect();
        check_sum(disk, after);
        CHECK(after.use.queued_bytes == 0);
    }
    SECTION("while something is written") {
        const auto writer = disk.begin_blob(300 * KiB);
        const auto report = disk.collect();
        check_sum(disk, report);
        CHECK(report.use.in_flight_bytes >= 300 * KiB);
        CHECK(report.orphans == 0);
    }
    SECTION("after a kill in the middle of an upload") {
        lose(disk.begin_blob(3 * MiB));
        disk.kill_and_restart();
        const auto report = disk.collect();
        check_sum(disk, report);
        CHECK(report.use.quarantined_bytes >= 2 * MiB);
        CHECK(report.use.allocated_ahead_bytes == 0);
    }
    for (int i = 12; i < 20; ++i) {
        const auto key = "k" + std::to_string(i);
        CHECK(disk.get(key) == text_of(key, 40 * KiB + i * 1000));
    }
}

TEST_CASE("collector: what has an owner is never a candidate, 2.7.2", "[workers][collector]") {
    DiskCatalog disk(keeping(0ms));
    disk.put("object", 200 * KiB);
    disk.put_multipart("multipart", 300 * KiB);
    const auto upload = disk.start_upload("unfinished");
    disk.put_part(upload, 1, 400 * KiB);
    disk.put("dropped", 100 * KiB);
    disk.remove("dropped");
    disk.kill_and_restart();
    const auto report = disk.collect();
    check_sum(disk, report);
    CHECK(report.blobs >= 4);  // and what completing the upload decided
    CHECK(report.released == 0);
    CHECK(report.orphans == 0);
    CHECK(report.use.queued_bytes > 0);
    disk.complete(upload);
    CHECK(disk.get("object") == text_of("object", 200 * KiB));
    CHECK(disk.get("multipart") ==
          text_of("multipart1", 300 * KiB) + text_of("multipart2", 300 * KiB));
    CHECK(disk.get("unfinished") == text_of("unfinished1", 400 * KiB));
}

TEST_CASE(
    "collector: an orphan of an earlier run is kept for the quarantine, then given back, 2.7.2",
    "[workers][collector]") {
    DiskCatalog disk(keeping(24h));
    disk.put("kept", 100 * KiB);
    const auto orphan = disk.write_blob(200 * KiB);
    disk.kill_and_restart();
    const auto first = disk.collect();
    check_sum(disk, first);
    CHECK(first.quarantined == 1);
    CHECK(first.released == 0);
    CHECK(first.use.quarantined_bytes == blocks_of(orphan));
    REQUIRE(first.listed.size() == 1);
    CHECK(first.listed[0].leftover.blob == orphan.id);

    disk.clock.advance(23h);
    CHECK(disk.collect().released == 0);
    disk.clock.advance(1h);
    const auto last = disk.collect();
    check_sum(disk, last);
    CHECK(last.released == 1);
    CHECK(last.quarantined == 0);
    CHECK(last.use.live_bytes == blocks_of(disk.blob_of("kept")));
    CHECK(disk.get("kept") == text_of("kept", 100 * KiB));
}

TEST_CASE("collector: a restart does not shorten the quarantine, 2.7.2", "[workers][collector]") {
    DiskCatalog disk(keeping(24h));
    disk.write_blob(200 * KiB);
    disk.kill_and_restart();
    CHECK(disk.collect().quarantined == 1);
    disk.clock.advance(10h);
    CHECK(disk.collect().quarantined == 1);  // ten hours are on the disk
    disk.kill_and_restart([&] { disk.clock.advance(100h); });
    const auto after = disk.collect();
    CHECK(after.quarantined == 1);
    CHECK(after.released == 0);
    CHECK(after.listed.at(0).age == 10h);
    disk.clock.advance(14h);
    CHECK(disk.collect().released == 1);
}

TEST_CASE(
    "collector: what this run wrote counts only after an hour without owner and writer, 2.7.2",
    "[workers][collector]") {
    DiskCatalog disk(keeping(0ms));
    disk.write_blob(200 * KiB);
    CHECK(disk.collect().orphans == 1);
    disk.clock.advance(59min);
    CHECK(disk.collect().released == 0);
    disk.clock.advance(1min);
    const auto report = disk.collect();
    check_sum(disk, report);
    CHECK(report.released == 1);
}

TEST_CASE("collector: suspiciously many orphans stop it until an operator consents, 2.7.3",
          "[workers][collector]") {
    DiskCatalog disk(keeping(0ms));
    disk.put("kept", 100 * KiB);
    for (int i = 0; i < 1001; ++i) disk.write_blob(1000);
    disk.kill_and_restart();
    const auto stopped = disk.collect();
    check_sum(disk, stopped);
    CHECK(stopped.stopped_at == 1001);
    CHECK(stopped.stop_limit == 1000);
    CHECK(stopped.released == 0);
    CHECK(stopped.quarantined == 0);
    CHECK(stopped.orphans == 1001);
    const auto consented = disk.collect(true);
    check_sum(disk, consented);
    CHECK(consented.released == 1001);
    CHECK(disk.get("kept") == text_of("kept", 100 * KiB));
}

TEST_CASE("collector: nothing is given back once a read of the index failed, 2.7.3",
          "[workers][collector]") {
    DiskCatalog disk(keeping(0ms));
    disk.write_blob(200 * KiB);
    disk.kill_and_restart();
    disk.vfs.fail({"pread", "/index/", 1, EIO, true});
    CHECK_FALSE(disk.collect().failure.empty());
    disk.vfs.heal();
    REQUIRE(disk.upkeep().index_failures() > 0);
    const auto report = disk.collect();
    check_sum(disk, report);
    CHECK_FALSE(report.blocked.empty());
    CHECK(report.released == 0);
    CHECK(report.quarantined == 0);
    CHECK(report.orphans == 1);
    disk.kill_and_restart();
    CHECK(disk.collect().released == 1);
}

TEST_CASE("collector: a pass that is cut off before it gives anything back is made up for, C6",
          "[workers][collector]") {
    DiskCatalog disk(keeping(0ms));
    disk.put("kept", 200 * KiB);
    disk.write_blob(200 * KiB);
    disk.kill_and_restart();
    REQUIRE(base::set_failpoints("gc.trash.move=throw"));
    CHECK_FALSE(disk.collect().failure.empty());
    REQUIRE(base::set_failpoints(""));
    disk.kill_and_restart();
    const auto report = disk.collect();
    check_sum(disk, report);
    CHECK(report.released == 1);
    CHECK(disk.get("kept") == text_of("kept", 200 * KiB));
}

TEST_CASE("collector: what a cut-off writer reserved and never wrote comes back, P13",
          "[workers][collector]") {
    DiskCatalog disk(keeping(0ms));
    disk.put("before", 600 * KiB);
    auto writer = disk.begin_blob(900 * KiB, 0);
    disk.put("behind", 600 * KiB);
    lose(std::move(writer));
    disk.kill_and_restart();
    const auto report = disk.collect();
    check_sum(disk, report);
    const auto live = blocks_of(disk.blob_of("before")) + blocks_of(disk.blob_of("behind"));
    CHECK(report.use.live_bytes >= live);
    CHECK(report.allocated_bytes <= live + live / 100 + 64 * KiB);
}

TEST_CASE("space in use is at most live + 1 % + 64 MiB after a settled pass, P13",
          "[workers][collector]") {
    DiskCatalog disk(keeping(0ms));
    for (int i = 0; i < 60; ++i) disk.put("k" + std::to_string(i), 700 * KiB);
    for (int i = 0; i < 60; i += 2) disk.remove("k" + std::to_string(i));
    for (int i = 1; i < 60; i += 4) disk.put("k" + std::to_string(i), 300 * KiB);
    disk.write_blob(3 * MiB);
    disk.kill_and_restart();
    disk.reclaim();
    disk.collect();
    const auto report = disk.collect();
    check_sum(disk, report);
    CHECK(report.use.queued_bytes + report.use.orphan_bytes + report.use.quarantined_bytes == 0);
    CHECK(report.allocated_bytes <= report.use.live_bytes + report.use.live_bytes / 100 + 64 * MiB);
}

TEST_CASE(
    "collector: with a filter too small for what is stored, less is found and nothing wrongly, "
    "4 (memory)",
    "[workers][collector]") {
    auto options = keeping(1h);
    options.filter_bytes_max = GENERATE(16, 64, 1024);
    DiskCatalog disk(options);
    for (int i = 0; i < 100; ++i) disk.put("k" + std::to_string(i), 40 * KiB);
    for (int i = 0; i < 5; ++i) disk.write_blob(100 * KiB);
    disk.kill_and_restart();
    std::uint64_t found = 0;
    for (int pass = 0; pass < 6; ++pass) {
        const auto report = disk.collect();
        check_sum(disk, report);
        CHECK(report.blocked.empty());
        found += report.quarantined + report.released;
        disk.clock.advance(2h);
    }
    // A filter of a kilobyte has ten bits for each.
    if (options.filter_bytes_max == 1024) CHECK(found > 0);
    for (int i = 0; i < 100; ++i) {
        const auto key = "k" + std::to_string(i);
        CHECK(disk.get(key) == text_of(key, 40 * KiB));
    }
}

TEST_CASE("collector: what is thrown in a pass is told and counted, and the next one gives back",
          "[workers][collector]") {
    DiskCatalog disk(keeping(0ms));
    disk.put("kept", 100 * KiB);
    disk.write_blob(300 * KiB);
    disk.kill_and_restart();
    const auto before = failures_counted();
    REQUIRE(base::set_failpoints("gc.trash.move=throw@1"));
    const bool went_on = disk.run(collect_until(
        disk.collector(), [thrown = false, &disk](const workers::CollectorReport& report) mutable {
            if (!thrown && !report.running && !report.failure.empty()) {
                thrown = true;
                CHECK_THAT(report.failure, Catch::Contains("gc.trash.move"));
                disk.collector().request(false);
            }
            return thrown && report.passes > 0 && !report.running;
        }));
    REQUIRE(base::set_failpoints(""));
    CHECK(went_on);
    CHECK(failures_counted() - before == 1);
    const auto report = disk.collector().report();
    CHECK(report.failure.empty());
    CHECK(report.released == 1);
    CHECK(disk.get("kept") == text_of("kept", 100 * KiB));
}
