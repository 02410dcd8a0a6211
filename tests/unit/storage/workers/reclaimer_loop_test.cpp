// The reclaimer's own loop and its end, with releases that wait for readers.

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/post.hpp>
#include <functional>
#include <set>

#include "base/spawn.h"
#include "tests/unit/storage/workers/reclaimer_support.h"

using namespace holdfast::test;
using namespace holdfast::tests;
using holdfast::base::Awaitable;
using holdfast::base::spawn;
namespace asio = holdfast::base::asio;

namespace {

using Timer = asio::basic_waitable_timer<std::chrono::steady_clock,
                                         asio::wait_traits<std::chrono::steady_clock>,
                                         holdfast::base::IoExecutor>;

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
    ReclaimingBucket r(impatient());
    r.make_garbage(10);
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
        r.make_garbage(10);
        co_await r.reclaimer->run_once();
        CHECK(r.c.blobs.live() == 10);
        CHECK(r.garbage_rows() == 10);
        gate.open();
        co_await r.reclaimer->stop();
        r.check_all_given_back();
    };
    run_on(r.loop, work());
}

TEST_CASE("Reclaimer: the loop works until it is stopped, and stop waits for its end",
          "[workers][reclaimer]") {
    ReclaimingBucket r(impatient());
    r.make_garbage(3);
    bool ended = false;
    const auto loop = [&]() -> Awaitable<void> {
        co_await r.reclaimer->run();
        ended = true;
    };
    const auto work = [&]() -> Awaitable<void> {
        co_await until(r.loop, [&] { return r.garbage_rows() == 0; });
        r.make_garbage(3);
        co_await until(r.loop, [&] { return r.garbage_rows() == 0; });
        co_await r.reclaimer->stop();
        CHECK(r.c.blobs.live() == 0);
        co_await until(r.loop, [&] { return ended; });
    };
    spawn(r.loop, loop());
    run_on(r.loop, work());
    CHECK(ended);
}

TEST_CASE("Reclaimer: stop waits for releases under way", "[workers][reclaimer]") {
    ReclaimingBucket r(impatient());
    r.make_garbage(1);
    Gate gate(r.loop);
    bool stopped = false;
    r.c.blobs.before_release = [&](const BlobId&) { return gate.pass(); };
    const auto stop = [&]() -> Awaitable<void> {
        co_await r.reclaimer->stop();
        stopped = true;
    };
    const auto work = [&]() -> Awaitable<void> {
        co_await until(r.loop, [&] { return gate.waiting > 0; });
        spawn(r.loop, stop());
        for (int i = 0; i < 10; ++i)
            co_await asio::post(r.loop.get_executor(), holdfast::base::use_awaitable);
        CHECK_FALSE(stopped);
        gate.open();
        co_await until(r.loop, [&] { return stopped; });
        CHECK(r.c.blobs.live() == 0);
    };
    spawn(r.loop, r.reclaimer->run());
    run_on(r.loop, work());
    CHECK(stopped);
}

TEST_CASE("Reclaimer: no more releases wait for readers than may, and the rest comes after them, 4",
          "[workers][reclaimer]") {
    auto options = impatient();
    options.at_once = 8;
    options.waiting_max = 2;
    const bool stops = GENERATE(false, true);
    ReclaimingBucket r(options);
    r.make_garbage(5);
    Gate gate(r.loop);
    r.c.blobs.before_release = [&](const BlobId&) -> Awaitable<void> { co_await gate.pass(); };
    bool ended = false;
    const auto turn = [&]() -> Awaitable<void> {
        co_await r.reclaimer->run_once();
        ended = true;
    };
    const auto work = [&]() -> Awaitable<void> {
        co_await until(r.loop, [&] { return gate.waiting == 2; });
        // Its patience is over more than once meanwhile.
        Timer later(r.loop.get_executor(), std::chrono::milliseconds(20));
        co_await later.async_wait(asio::as_tuple(holdfast::base::use_awaitable));
        CHECK(gate.waiting == 2);
        CHECK_FALSE(ended);
        gate.open();
        if (stops) co_await r.reclaimer->stop();
        co_await until(r.loop, [&] { return ended; });
    };
    spawn(r.loop, turn());
    run_on(r.loop, work());
    if (stops) {
        CHECK(r.c.blobs.live() > 0);  // those are left to the next start
        CHECK(r.c.blobs.live() == r.garbage_rows());
        r.restart();
        r.run_once();
    }
    r.check_all_given_back();
}
