#include "storage/workers/reclaimer.h"

#include <set>

#include "base/metrics.h"
#include "tests/unit/storage/workers/reclaimer_support.h"

using namespace holdfast::test;
using namespace holdfast::tests;
using holdfast::base::Awaitable;

namespace {

double blobs_counted() {
    return holdfast::base::metrics::counter("holdfast_reclaimed_blobs_total",
                                            "Blobs whose space was given back.")
        .Value();
}

}  // namespace

TEST_CASE("Reclaimer: what was dropped is given back, then its row goes, P13",
          "[workers][reclaimer]") {
    ReclaimingBucket r;
    r.make_garbage(10);
    r.c.put("kept", make_text(20'000));
    CHECK(r.garbage_rows() == 10);
    const auto before = blobs_counted();
    r.run_once();
    CHECK(r.c.blobs.live() == 1);
    CHECK(r.garbage_rows() == 0);
    CHECK(blobs_counted() - before >= 10);
    CHECK(r.c.get("kept") == make_text(20'000));
}

TEST_CASE("Reclaimer: a row never goes before its blob, 2.7.1", "[workers][reclaimer]") {
    ReclaimingBucket r;
    r.make_garbage(5);
    bool early = false;
    std::set<BlobId> begun;
    r.c.blobs.before_release = [&](const BlobId& id) -> Awaitable<void> {
        if (r.garbage_rows() + begun.size() < 5) early = true;
        begun.insert(id);
        co_return;
    };
    r.run_once();
    CHECK_FALSE(early);
    CHECK(r.garbage_rows() == 0);
}

TEST_CASE("Reclaimer: many rows are dropped in few commits", "[workers][reclaimer]") {
    ReclaimingBucket r;
    r.make_garbage(600);
    r.c.rows.take_counts();
    r.run_once();
    CHECK(r.c.rows.take_counts().commits <= 5);
    r.check_all_given_back();
}

TEST_CASE("Reclaimer: at the start it finds what an earlier run left, in every bucket",
          "[workers][reclaimer]") {
    Reclaiming r;
    std::vector<std::string> buckets;
    for (int i = 0; i < 150; ++i) {
        buckets.push_back(r.c.make_bucket("bucket" + std::to_string(i)));
        r.make_garbage(1);
    }
    r.make_garbage(300);
    r.restart();
    r.run_once();
    CHECK(r.c.blobs.live() == 0);
    for (const auto& bucket : buckets) {
        r.c.bucket = bucket;
        CHECK(r.garbage_rows() == 0);
    }
}

TEST_CASE("Reclaimer: sweeps at the start and then every interval, not every time",
          "[workers][reclaimer]") {
    ReclaimingBucket r;
    r.run_once();
    r.c.rows.take_counts();
    r.run_once();
    CHECK(r.c.rows.take_counts().scans == 0);
    r.make_garbage(3);
    r.c.garbage.take();  // lost, but for the rows
    r.run_after(std::chrono::minutes(59));
    CHECK(r.garbage_rows() == 3);
    r.run_after(std::chrono::minutes(1));
    r.check_all_given_back();
}

TEST_CASE("Reclaimer: what the list had no room for is found by a sweep that comes soon, 2.7",
          "[workers][reclaimer]") {
    ReclaimingBucket r;
    r.run_once();
    catalog::GarbageList::Item all_it_holds;
    all_it_holds.blobs.resize(catalog::GarbageList::default_blobs_max);
    r.c.garbage.add(std::move(all_it_holds));
    r.make_garbage(3);
    CHECK(r.c.garbage.take().size() == 1);
    r.run_once();
    r.run_after(std::chrono::seconds(59));
    CHECK(r.garbage_rows() == 3);
    r.run_after(std::chrono::seconds(1));
    r.check_all_given_back();
}

TEST_CASE("Reclaimer: a list that was full does not put off the sweep at the start",
          "[workers][reclaimer]") {
    ReclaimingBucket r;
    catalog::GarbageList::Item too_much;
    too_much.blobs.resize(catalog::GarbageList::default_blobs_max + 1);
    r.c.garbage.add(std::move(too_much));
    r.make_garbage(3);
    r.c.garbage.take();
    r.run_once();
    CHECK(r.garbage_rows() == 0);
}

TEST_CASE("Reclaimer: of a row with many blobs all are released before it goes",
          "[workers][reclaimer]") {
    ReclaimingBucket r;
    const auto upload = r.c.start_upload("a");
    for (std::uint32_t number = 1; number <= 20; ++number) r.c.put_part(upload, number, "x");
    REQUIRE(run(r.c.uploads.abort(upload)));
    CHECK(r.garbage_rows() == 1);
    r.c.blobs.failing_releases = 1;
    r.run_once();  // from the list: fails; from the sweep that follows: all of it
    r.check_all_given_back();
}

TEST_CASE("Reclaimer: deleted buckets give everything back", "[workers][reclaimer]") {
    ReclaimingBucket r;
    const auto upload = r.c.start_upload("a");
    for (std::uint32_t number = 1; number <= 3; ++number)
        r.c.put_part(upload, number, make_text(100'000));
    r.make_garbage(2);
    r.remove_bucket("photos");
    r.run_once();
    CHECK(r.c.blobs.live() == 0);
    for (const char kind : {'B', 'u', 'p', 't', 'g', 'm'}) CHECK(r.c.rows_of_kind(kind) == 0);
}

TEST_CASE("Reclaimer: ended uploads are forgotten after the completion memory, ABT-03, CPL-50",
          "[workers][reclaimer]") {
    ReclaimingBucket r;
    const auto upload = r.c.start_upload("a");
    r.c.put_part(upload, 1, "x");
    r.c.complete(upload);
    r.run_once();
    r.run_after(std::chrono::hours(24));
    CHECK(r.c.rows_of_kind('m') == 1);
    r.run_after(std::chrono::hours(1));
    CHECK(r.c.rows_of_kind('m') == 0);
    CHECK(r.c.get("a") == "x");
}

TEST_CASE("Reclaimer: P7 an ended upload is not forgotten because the clock was set forward, 2.5",
          "[workers][reclaimer]") {
    ReclaimingBucket r;
    const auto upload = r.c.start_upload("a");
    r.c.put_part(upload, 1, "x");
    r.c.complete(upload);
    r.run_once();
    r.c.clock.set_wall_clock(std::chrono::hours(24 * 30));
    r.run_after(std::chrono::hours(23));
    CHECK(r.c.rows_of_kind('m') == 1);
    // After a day of agreement that is what the time is.
    r.run_after(std::chrono::hours(24));
    CHECK(r.c.rows_of_kind('m') == 0);
}
