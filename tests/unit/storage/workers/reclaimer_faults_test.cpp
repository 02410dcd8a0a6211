// The reclaimer when something fails, or while the engine takes no writes: nothing is lost, and all
// of it is given back after.

#include <stdexcept>

#include "base/metrics.h"
#include "tests/unit/storage/workers/reclaimer_support.h"

using namespace holdfast::test;
using namespace holdfast::tests;
using holdfast::base::Awaitable;

namespace {

double failures_counted() {
    return holdfast::base::metrics::counter(
               "holdfast_reclaim_failures_total",
               "Failures to give back a blob's space or to drop its row.")
        .Value();
}

/// `allowed` outlives the reclaimer.
Reclaimer::Options while_allowed(const bool& allowed) {
    Reclaimer::Options options;
    options.may_release = [&allowed] { return allowed; };
    return options;
}

}  // namespace

TEST_CASE("Reclaimer: a release that fails is counted, keeps its row and is tried again soon",
          "[workers][reclaimer]") {
    ReclaimingBucket r;
    r.run_once();
    r.make_garbage(5);
    r.c.blobs.failing_releases = 2;
    const auto before = failures_counted();
    r.run_once();
    CHECK(failures_counted() - before == 2);
    CHECK(r.garbage_rows() == 2);
    CHECK(r.c.blobs.live() == 2);
    r.run_after(std::chrono::seconds(59));
    CHECK(r.garbage_rows() == 2);
    r.run_after(std::chrono::seconds(1));
    r.check_all_given_back();
}

TEST_CASE("Reclaimer: a row that cannot be dropped is worked off again", "[workers][reclaimer]") {
    ReclaimingBucket r;
    r.make_garbage(3);
    r.c.rows.fails = [](const holdfast::storage::Transaction&) { return true; };
    r.run_once();
    r.c.rows.fails = nullptr;
    CHECK(r.c.blobs.live() == 0);
    CHECK(r.garbage_rows() == 3);
    r.run_after(std::chrono::minutes(1));
    CHECK(r.garbage_rows() == 0);
}

TEST_CASE("Reclaimer: a bucket whose purge fails stays, the others go", "[workers][reclaimer]") {
    Reclaiming r;
    for (const char* name : {"aaa", "bbb", "ccc"}) {
        r.c.make_bucket(name);
        const auto upload = r.c.start_upload("a");
        r.c.put_part(upload, 1, make_text(100'000));
        r.remove_bucket(name);
    }
    r.c.blobs.failing_releases = 1;
    r.run_once();
    CHECK(r.c.blobs.live() == 1);
    r.run_after(std::chrono::minutes(1));
    CHECK(r.c.blobs.live() == 0);
}

TEST_CASE("Reclaimer: a damaged garbage row is left alone, the others are worked off, P11",
          "[workers][reclaimer]") {
    ReclaimingBucket r;
    r.make_garbage(3);
    holdfast::storage::Transaction damage;
    damage.puts.push_back({{holdfast::storage::RowFamily::index, "g\x01"}, "\xff\xff"});
    REQUIRE(run(r.c.rows.commit(catalog::bucket_partition(r.c.bucket), std::move(damage))));
    r.restart();
    r.run_once();
    CHECK(r.garbage_rows() == 1);
    CHECK(r.c.blobs.live() == 0);
}

TEST_CASE("Reclaimer: an exception of the engine is a failure like any other",
          "[workers][reclaimer]") {
    ReclaimingBucket r;
    r.make_garbage(2);
    int releases = 0;
    r.c.blobs.before_release = [&](const BlobId&) -> Awaitable<void> {
        if (++releases == 1) throw std::runtime_error("out of threads");
        co_return;
    };
    const auto before = failures_counted();
    r.run_once();
    CHECK(failures_counted() - before == 1);
    CHECK(r.c.blobs.live() == 0);  // the sweep came to it again
}

TEST_CASE("Reclaimer: nothing is given back while the engine forbids it, and all of it after, 2.6",
          "[workers][reclaimer]") {
    bool allowed = false;
    ReclaimingBucket r(while_allowed(allowed));
    r.make_garbage(10);
    r.run_once();
    CHECK(r.c.blobs.live() == 10);
    CHECK(r.garbage_rows() == 10);
    allowed = true;
    r.run_once();
    r.check_all_given_back();
}

TEST_CASE("Reclaimer: a bucket whose deletion was cut off is open again once writes are taken, P4",
          "[workers][reclaimer]") {
    bool allowed = false;
    const auto options = while_allowed(allowed);
    Reclaiming r(options);
    for (const char* name : {"other", "photos"}) r.c.make_bucket(name);
    const auto bucket = find_bucket(r.c, "photos");
    r.c.rows.fails = deletes_rows;
    r.c.rows.failure = StorageError::Kind::in_doubt;
    REQUIRE_FALSE(run(r.c.buckets.remove(bucket)));
    r.c.rows.fails = nullptr;
    r.restart(options);  // as after a crash, with nothing in memory
    r.run_once();
    CHECK_FALSE(run(r.c.put_async("a", "x", Catalog::How())));
    allowed = true;
    r.run_once();
    r.c.put("a", "x");
    CHECK(r.c.get("a") == "x");
    // And again, without a restart, after a fault that came and went.
    r.c.remove("a");
    r.c.rows.fails = deletes_rows;
    REQUIRE_FALSE(run(r.c.buckets.remove(bucket)));
    r.c.rows.fails = nullptr;
    allowed = false;
    r.run_once();
    allowed = true;
    r.run_once();
    r.c.put("b", "x");
}
