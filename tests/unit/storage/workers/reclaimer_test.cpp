#include "storage/workers/reclaimer.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <functional>
#include <memory>
#include <set>
#include <stdexcept>

#include "base/metrics.h"
#include "tests/unit/storage/catalog/fixture.h"

using namespace holdfast::test;
using holdfast::base::Awaitable;
using holdfast::storage::workers::Reclaimer;
namespace asio = holdfast::base::asio;

namespace {

/// A catalog and a reclaimer on a loop that lives as long.
struct Reclaiming {
    explicit Reclaiming(Reclaimer::Options options = {})
        : reclaimer(std::make_unique<Reclaimer>(loop.get_executor(), c.store, c.buckets, c.uploads,
                                                options)) {}

    void run_once() { run_on(loop, reclaimer->run_once()); }
    /// As a new process over the same data.
    void restart(const Reclaimer::Options& options = {}) {
        c.garbage.take();
        reclaimer = std::make_unique<Reclaimer>(loop.get_executor(), c.store, c.buckets, c.uploads,
                                                options);
    }

    Catalog c;
    asio::io_context loop{1};
    std::unique_ptr<Reclaimer> reclaimer;
};

double blobs_counted() {
    return holdfast::base::metrics::counter("holdfast_reclaimed_blobs_total",
                                            "Blobs whose space was given back.")
        .Value();
}

double failures_counted() {
    return holdfast::base::metrics::counter(
               "holdfast_reclaim_failures_total",
               "Failures to give back a blob's space or to drop its row.")
        .Value();
}

/// Objects that come and go: so many garbage rows of one blob each.
void make_garbage(Catalog& c, int rows) {
    for (int i = 0; i < rows; ++i) {
        c.put("k" + std::to_string(i), make_text(20'000));
        c.remove("k" + std::to_string(i));
    }
}

}  // namespace

TEST_CASE("Reclaimer: what was dropped is given back, then its row goes, P13",
          "[workers][reclaimer]") {
    Reclaiming r;
    r.c.make_bucket();
    make_garbage(r.c, 10);
    r.c.put("kept", make_text(20'000));
    CHECK(r.c.rows_of_kind('g') == 10);
    const auto before = blobs_counted();
    r.run_once();
    CHECK(r.c.blobs.live() == 1);
    CHECK(r.c.rows_of_kind('g') == 0);
    CHECK(blobs_counted() - before >= 10);
    CHECK(r.c.get("kept") == make_text(20'000));
}

TEST_CASE("Reclaimer: a row never goes before its blob, 2.7.1", "[workers][reclaimer]") {
    Reclaiming r;
    r.c.make_bucket();
    make_garbage(r.c, 5);
    bool early = false;
    std::set<BlobId> begun;
    r.c.blobs.before_release = [&](const BlobId& id) -> Awaitable<void> {
        if (r.c.rows_of_kind('g') + begun.size() < 5) early = true;
        begun.insert(id);
        co_return;
    };
    r.run_once();
    CHECK_FALSE(early);
    CHECK(r.c.rows_of_kind('g') == 0);
}

TEST_CASE("Reclaimer: many rows are dropped in few commits", "[workers][reclaimer]") {
    Reclaiming r;
    r.c.make_bucket();
    make_garbage(r.c, 600);
    r.c.rows.take_counts();
    r.run_once();
    CHECK(r.c.rows.take_counts().commits <= 5);
    CHECK(r.c.rows_of_kind('g') == 0);
    CHECK(r.c.blobs.live() == 0);
}

TEST_CASE("Reclaimer: at the start it finds what an earlier run left, in every bucket",
          "[workers][reclaimer]") {
    Reclaiming r;
    std::vector<std::string> buckets;
    for (int i = 0; i < 150; ++i) {
        buckets.push_back(r.c.make_bucket("bucket" + std::to_string(i)));
        make_garbage(r.c, 1);
    }
    make_garbage(r.c, 300);
    r.restart();
    r.run_once();
    CHECK(r.c.blobs.live() == 0);
    for (const auto& bucket : buckets) {
        r.c.bucket = bucket;
        CHECK(r.c.rows_of_kind('g') == 0);
    }
}

TEST_CASE("Reclaimer: sweeps at the start and then every interval, not every time",
          "[workers][reclaimer]") {
    Reclaiming r;
    r.c.make_bucket();
    r.run_once();
    r.c.rows.take_counts();
    r.run_once();
    CHECK(r.c.rows.take_counts().scans == 0);
    make_garbage(r.c, 3);
    r.c.garbage.take();  // lost, but for the rows
    r.c.clock.advance(std::chrono::minutes(59));
    r.run_once();
    CHECK(r.c.rows_of_kind('g') == 3);
    r.c.clock.advance(std::chrono::minutes(1));
    r.run_once();
    CHECK(r.c.rows_of_kind('g') == 0);
    CHECK(r.c.blobs.live() == 0);
}

TEST_CASE("Reclaimer: what the list had no room for is found by a sweep that comes soon, 2.7",
          "[workers][reclaimer]") {
    Reclaiming r;
    r.c.make_bucket();
    r.run_once();
    catalog::GarbageList::Item all_it_holds;
    all_it_holds.blobs.resize(catalog::GarbageList::default_blobs_max);
    r.c.garbage.add(std::move(all_it_holds));
    make_garbage(r.c, 3);
    CHECK(r.c.garbage.take().size() == 1);
    r.run_once();
    r.c.clock.advance(std::chrono::seconds(59));
    r.run_once();
    CHECK(r.c.rows_of_kind('g') == 3);
    r.c.clock.advance(std::chrono::seconds(1));
    r.run_once();
    CHECK(r.c.rows_of_kind('g') == 0);
    CHECK(r.c.blobs.live() == 0);
}

TEST_CASE("Reclaimer: a list that was full does not put off the sweep at the start",
          "[workers][reclaimer]") {
    Reclaiming r;
    r.c.make_bucket();
    catalog::GarbageList::Item too_much;
    too_much.blobs.resize(catalog::GarbageList::default_blobs_max + 1);
    r.c.garbage.add(std::move(too_much));
    make_garbage(r.c, 3);
    r.c.garbage.take();
    r.run_once();
    CHECK(r.c.rows_of_kind('g') == 0);
}

TEST_CASE("Reclaimer: a release that fails is counted, keeps its row and is tried again soon",
          "[workers][reclaimer]") {
    Reclaiming r;
    r.c.make_bucket();
    r.run_once();
    make_garbage(r.c, 5);
    r.c.blobs.failing_releases = 2;
    const auto before = failures_counted();
    r.run_once();
    CHECK(failures_counted() - before == 2);
    CHECK(r.c.rows_of_kind('g') == 2);
    CHECK(r.c.blobs.live() == 2);
    r.c.clock.advance(std::chrono::seconds(59));
    r.run_once();
    CHECK(r.c.rows_of_kind('g') == 2);
    r.c.clock.advance(std::chrono::seconds(1));
    r.run_once();
    CHECK(r.c.rows_of_kind('g') == 0);
    CHECK(r.c.blobs.live() == 0);
}

TEST_CASE("Reclaimer: a row that cannot be dropped is worked off again", "[workers][reclaimer]") {
    Reclaiming r;
    r.c.make_bucket();
    make_garbage(r.c, 3);
    r.c.rows.fails = [](const holdfast::storage::Transaction&) { return true; };
    r.run_once();
    r.c.rows.fails = nullptr;
    CHECK(r.c.blobs.live() == 0);
    CHECK(r.c.rows_of_kind('g') == 3);
    r.c.clock.advance(std::chrono::minutes(1));
    r.run_once();
    CHECK(r.c.rows_of_kind('g') == 0);
}

TEST_CASE("Reclaimer: of a row with many blobs all are released before it goes",
          "[workers][reclaimer]") {
    Reclaiming r;
    r.c.make_bucket();
    const auto upload = r.c.start_upload("a");
    for (std::uint32_t number = 1; number <= 20; ++number) r.c.put_part(upload, number, "x");
    REQUIRE(run(r.c.uploads.abort(upload)));
    CHECK(r.c.rows_of_kind('g') == 1);
    r.c.blobs.failing_releases = 1;
    r.run_once();  // from the list: fails; from the sweep that follows: all of it
    CHECK(r.c.blobs.live() == 0);
    CHECK(r.c.rows_of_kind('g') == 0);
}

TEST_CASE("Reclaimer: deleted buckets give everything back", "[workers][reclaimer]") {
    Reclaiming r;
    r.c.make_bucket();
    const auto upload = r.c.start_upload("a");
    for (std::uint32_t number = 1; number <= 3; ++number)
        r.c.put_part(upload, number, make_text(100'000));
    make_garbage(r.c, 2);
    auto bucket = run(r.c.buckets.find("photos"));
    REQUIRE(bucket);
    REQUIRE(run(r.c.buckets.remove(*bucket)));
    r.run_once();
    CHECK(r.c.blobs.live() == 0);
    for (const char kind : {'B', 'u', 'p', 't', 'g', 'm'}) CHECK(r.c.rows_of_kind(kind) == 0);
}

TEST_CASE("Reclaimer: a bucket whose purge fails stays, the others go", "[workers][reclaimer]") {
    Reclaiming r;
    for (const char* name : {"aaa", "bbb", "ccc"}) {
        r.c.make_bucket(name);
        const auto upload = r.c.start_upload("a");
        r.c.put_part(upload, 1, make_text(100'000));
        auto bucket = run(r.c.buckets.find(name));
        REQUIRE(bucket);
        REQUIRE(run(r.c.buckets.remove(*bucket)));
    }
    r.c.blobs.failing_releases = 1;
    r.run_once();
    CHECK(r.c.blobs.live() == 1);
    r.c.clock.advance(std::chrono::minutes(1));
    r.run_once();
    CHECK(r.c.blobs.live() == 0);
}

TEST_CASE("Reclaimer: ended uploads are forgotten after the completion memory, ABT-03, CPL-50",
          "[workers][reclaimer]") {
    Reclaiming r;
    r.c.make_bucket();
    const auto upload = r.c.start_upload("a");
    r.c.put_part(upload, 1, "x");
    r.c.complete(upload);
    r.run_once();
    r.c.clock.advance(std::chrono::hours(24));
    r.run_once();
    CHECK(r.c.rows_of_kind('m') == 1);
    r.c.clock.advance(std::chrono::hours(1));
    r.run_once();
    CHECK(r.c.rows_of_kind('m') == 0);
    CHECK(r.c.get("a") == "x");
}

TEST_CASE("Reclaimer: P7 an ended upload is not forgotten because the clock was set forward, 2.5",
          "[workers][reclaimer]") {
    Reclaiming r;
    r.c.make_bucket();
    const auto upload = r.c.start_upload("a");
    r.c.put_part(upload, 1, "x");
    r.c.complete(upload);
    r.run_once();
    r.c.clock.set_wall_clock(std::chrono::hours(24 * 30));
    r.c.clock.advance(std::chrono::hours(23));
    r.run_once();
    CHECK(r.c.rows_of_kind('m') == 1);
    // After a day of agreement that is what the time is.
    r.c.clock.advance(std::chrono::hours(24));
    r.run_once();
    CHECK(r.c.rows_of_kind('m') == 0);
}

TEST_CASE("Reclaimer: a damaged garbage row is left alone, the others are worked off, P11",
          "[workers][reclaimer]") {
    Reclaiming r;
    r.c.make_bucket();
    make_garbage(r.c, 3);
    holdfast::storage::Transaction damage;
    damage.puts.push_back({{holdfast::storage::RowFamily::index, "g\x01"}, "\xff\xff"});
    REQUIRE(run(r.c.rows.commit(catalog::bucket_partition(r.c.bucket), std::move(damage))));
    r.restart();
    r.run_once();
    CHECK(r.c.rows_of_kind('g') == 1);
    CHECK(r.c.blobs.live() == 0);
}

namespace {

/// Releases wait at the gate until it opens, as those of blobs with readers do.
class Gate {
public:
    explicit Gate(asio::io_context& loop) : changed_(loop.get_executor()) {
        changed_.expires_at(Timer::time_point::max());
    }
    Awaitable<void> pass() {
        ++waiting;
        while (!open_) co_await changed_.async_wait(asio::as_tuple(holdfast::base::use_awaitable));
        --waiting;
    }
    void open() {
        open_ = true;
        changed_.cancel();
    }
    int waiting = 0;

private:
    using Timer = asio::basic_waitable_timer<std::chrono::steady_clock,
                                             asio::wait_traits<std::chrono::steady_clock>,
                                             holdfast::base::IoExecutor>;
    Timer changed_;
    bool open_ = false;
};

Reclaimer::Options impatient() {
    Reclaimer::Options options;
    options.patience = std::chrono::milliseconds(1);
    options.interval = std::chrono::milliseconds(1);
    return options;
}

/// Lets the loop go on until this is so.
Awaitable<void> until(asio::io_context& loop, const std::function<bool()>& condition) {
    while (!condition()) co_await asio::post(loop.get_executor(), holdfast::base::use_awaitable);
}

}  // namespace

TEST_CASE("Reclaimer: blobs with readers do not hold up the others, and go when they end",
          "[workers][reclaimer]") {
    Reclaiming r(impatient());
    r.c.make_bucket();
    make_garbage(r.c, 10);
    std::set<BlobId> read;  // the first ten
    Gate gate(r.loop);
    r.c.blobs.before_release = [&](const BlobId& id) -> Awaitable<void> {
        if (read.size() < 10) read.insert(id);
        if (read.count(id) > 0) co_await gate.pass();
    };
    const auto work = [&]() -> Awaitable<void> {
        co_await r.reclaimer->run_once();
        const int waiting = gate.waiting;
        CHECK(waiting >= 10);  // the sweep may have found the same rows
        make_garbage(r.c, 10);
        co_await r.reclaimer->run_once();
        CHECK(r.c.blobs.live() == 10);
        CHECK(r.c.rows_of_kind('g') == 10);
        gate.open();
        co_await r.reclaimer->stop();
        CHECK(r.c.blobs.live() == 0);
        CHECK(r.c.rows_of_kind('g') == 0);
    };
    run_on(r.loop, work());
}

TEST_CASE("Reclaimer: the loop works until it is stopped, and stop waits for its end",
          "[workers][reclaimer]") {
    Reclaiming r(impatient());
    r.c.make_bucket();
    make_garbage(r.c, 3);
    bool ended = false;
    const auto loop = [&]() -> Awaitable<void> {
        co_await r.reclaimer->run();
        ended = true;
    };
    const auto work = [&]() -> Awaitable<void> {
        co_await until(r.loop, [&] { return r.c.rows_of_kind('g') == 0; });
        make_garbage(r.c, 3);
        co_await until(r.loop, [&] { return r.c.rows_of_kind('g') == 0; });
        co_await r.reclaimer->stop();
        CHECK(r.c.blobs.live() == 0);
        co_await until(r.loop, [&] { return ended; });
    };
    asio::co_spawn(r.loop, loop(), asio::detached);
    run_on(r.loop, work());
    CHECK(ended);
}

TEST_CASE("Reclaimer: stop waits for releases under way", "[workers][reclaimer]") {
    Reclaiming r(impatient());
    r.c.make_bucket();
    make_garbage(r.c, 1);
    Gate gate(r.loop);
    bool stopped = false;
    r.c.blobs.before_release = [&](const BlobId&) { return gate.pass(); };
    const auto stop = [&]() -> Awaitable<void> {
        co_await r.reclaimer->stop();
        stopped = true;
    };
    const auto work = [&]() -> Awaitable<void> {
        co_await until(r.loop, [&] { return gate.waiting > 0; });
        asio::co_spawn(r.loop, stop(), asio::detached);
        for (int i = 0; i < 10; ++i)
            co_await asio::post(r.loop.get_executor(), holdfast::base::use_awaitable);
        CHECK_FALSE(stopped);
        gate.open();
        co_await until(r.loop, [&] { return stopped; });
        CHECK(r.c.blobs.live() == 0);
    };
    asio::co_spawn(r.loop, r.reclaimer->run(), asio::detached);
    run_on(r.loop, work());
    CHECK(stopped);
}

TEST_CASE("Reclaimer: an exception of the engine is a failure like any other",
          "[workers][reclaimer]") {
    Reclaiming r;
    r.c.make_bucket();
    make_garbage(r.c, 2);
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
    Reclaimer::Options options;
    options.may_release = [&allowed] { return allowed; };
    Reclaiming r(options);
    r.c.make_bucket();
    make_garbage(r.c, 10);
    r.run_once();
    CHECK(r.c.blobs.live() == 10);
    CHECK(r.c.rows_of_kind('g') == 10);
    allowed = true;
    r.run_once();
    CHECK(r.c.blobs.live() == 0);
    CHECK(r.c.rows_of_kind('g') == 0);
}

TEST_CASE("Reclaimer: a bucket whose deletion was cut off is open again once writes are taken, P4",
          "[workers][reclaimer]") {
    bool allowed = false;
    Reclaimer::Options options;
    options.may_release = [&allowed] { return allowed; };
    Reclaiming r(options);
    for (const char* name : {"other", "photos"}) r.c.make_bucket(name);
    const auto bucket = run(r.c.buckets.find("photos"));
    REQUIRE(bucket);
    r.c.rows.fails = [](const holdfast::storage::Transaction& transaction) {
        return !transaction.deletes.empty();
    };
    r.c.rows.failure = StorageError::Kind::in_doubt;
    REQUIRE_FALSE(run(r.c.buckets.remove(*bucket)));
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
    r.c.rows.fails = [](const holdfast::storage::Transaction& transaction) {
        return !transaction.deletes.empty();
    };
    REQUIRE_FALSE(run(r.c.buckets.remove(*bucket)));
    r.c.rows.fails = nullptr;
    allowed = false;
    r.run_once();
    allowed = true;
    r.run_once();
    r.c.put("b", "x");
}
