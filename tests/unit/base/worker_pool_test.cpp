#include "base/worker_pool.h"

#include <atomic>
#include <future>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>

#include "base/spawn.h"
#include "tests/catch.h"
#include "tests/run_coroutine.h"

using namespace holdfast::base;
namespace test = holdfast::test;

// Each test's loop outlives its pool: a thread that has handed a result over may still touch the
// loop when the coroutine has gone on already.

namespace {

struct Threads {
    std::thread::id before, inside, after;
};

Awaitable<Threads> threads_of_a_run(WorkerPool& pool) {
    Threads threads;
    threads.before = std::this_thread::get_id();
    auto work = [] { return std::this_thread::get_id(); };
    threads.inside = co_await pool.run(work);
    threads.after = std::this_thread::get_id();
    co_return threads;
}

Awaitable<std::unique_ptr<std::string>> run_for_what_only_moves(WorkerPool& pool) {
    auto work = [] { return std::make_unique<std::string>("made"); };
    co_return co_await pool.run(work);
}

Awaitable<int> run_for_nothing(WorkerPool& pool) {
    int runs = 0;
    auto work = [&runs] { ++runs; };
    co_await pool.run(work);
    co_await pool.run(work);
    co_return runs;
}

Awaitable<int> run_what_throws(WorkerPool& pool) {
    auto work = []() -> int { throw std::out_of_range("too far"); };
    co_return co_await pool.run(work);
}

Awaitable<void> run_void_that_throws(WorkerPool& pool) {
    auto work = [] { throw std::out_of_range("too far"); };
    co_await pool.run(work);
}

Awaitable<std::thread::id> thread_that_catches(WorkerPool& pool) {
    try {
        co_await run_what_throws(pool);
    } catch (const std::out_of_range&) {
        co_return std::this_thread::get_id();
    }
    co_return std::thread::id();
}

Awaitable<void> run_until_released(WorkerPool& pool, std::future<void>& released, int& order) {
    auto work = [&released] { released.wait(); };
    co_await pool.run(work);
    CHECK(++order == 2);
}

Awaitable<void> release(std::promise<void>& released, int& order) {
    CHECK(++order == 1);
    released.set_value();
    co_return;
}

Awaitable<void> count_a_run(WorkerPool& pool, std::atomic<int>& runs, int& resumed) {
    auto work = [&runs] { ++runs; };
    co_await pool.run(work);
    ++resumed;
}

}  // namespace

TEST_CASE("worker pool: work runs on a thread of its own, the coroutine resumes on its loop",
          "[base][worker_pool]") {
    asio::io_context loop(1);
    WorkerPool pool(2);
    const auto threads = test::run_on(loop, threads_of_a_run(pool));
    CHECK(threads.before == std::this_thread::get_id());
    CHECK(threads.inside != std::this_thread::get_id());
    CHECK(threads.after == std::this_thread::get_id());
}

TEST_CASE("worker pool: results are handed over, those that only move and none too",
          "[base][worker_pool]") {
    asio::io_context loop(1);
    WorkerPool pool(1);
    CHECK(*test::run_on(loop, run_for_what_only_moves(pool)) == "made");
    CHECK(test::run_on(loop, run_for_nothing(pool)) == 2);
}

TEST_CASE("worker pool: what the work throws comes out of run, on the loop's thread",
          "[base][worker_pool]") {
    asio::io_context loop(1);
    WorkerPool pool(1);
    CHECK_THROWS_AS(test::run_on(loop, run_what_throws(pool)), std::out_of_range);
    CHECK_THROWS_WITH(test::run_on(loop, run_void_that_throws(pool)), "too far");
    CHECK(test::run_on(loop, thread_that_catches(pool)) == std::this_thread::get_id());
    CHECK(test::run_on(loop, run_for_nothing(pool)) == 2);
}

TEST_CASE("worker pool: the loop goes on while work blocks", "[base][worker_pool]") {
    asio::io_context loop(1);
    WorkerPool pool(1);
    std::promise<void> released;
    auto future = released.get_future();
    int order = 0;
    spawn(loop, run_until_released(pool, future, order));
    spawn(loop, release(released, order));
    loop.run();
    CHECK(order == 2);
}

TEST_CASE("worker pool: many coroutines of one loop share few threads", "[base][worker_pool]") {
    constexpr int coroutines = 500;
    asio::io_context loop(1);
    WorkerPool pool(2);
    std::atomic<int> runs = 0;
    int resumed = 0;  // counted on the loop's thread only
    for (int i = 0; i < coroutines; ++i) spawn(loop, count_a_run(pool, runs, resumed));
    loop.run();
    CHECK(runs == coroutines);
    CHECK(resumed == coroutines);
}

TEST_CASE("worker pool: join waits for everything that was posted", "[base][worker_pool]") {
    constexpr int jobs = 200;
    WorkerPool pool(2);
    std::atomic<int> done = 0;
    for (int i = 0; i < jobs; ++i)
        pool.post([&pool, &done] {
            if (++done % 2 != 0) pool.post([&done] { ++done; });
        });
    pool.join();
    CHECK(done > jobs);
    pool.join();
}
