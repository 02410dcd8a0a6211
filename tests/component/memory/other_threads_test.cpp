// Threads that work for requests run out of memory: what was waited for goes on, because nothing of
// resuming it is allocated there. Spec durability 2.5 (memory).

#include <functional>
#include <new>
#include <thread>

#include "base/log.h"
#include "base/metrics.h"
#include "base/worker_pool.h"
#include "server/s3/payload_md5.h"
#include "storage/checksum/digest.h"
#include "tests/catch.h"
#include "tests/component/memory/failing_new.h"
#include "tests/run_coroutine.h"

namespace holdfast::test {

namespace {

using storage::checksum::Md5Hasher;

/// A thread on which no allocation works.
std::thread start_without_memory(std::function<void()> body) {
    return std::thread([run = std::move(body)] {
        fail_allocation(1, true);
        run();
        heal_allocations();
    });
}

base::Awaitable<base::Bytes> md5_of(Md5Hasher& hasher, std::shared_ptr<base::Bytes> bytes,
                                    int pieces) {
    s3::PayloadMd5 md5(hasher);
    for (int i = 0; i < pieces; ++i) {
        md5.update(*bytes, bytes);
        co_await md5.settle();
    }
    co_return md5.finish();
}

base::Awaitable<int> run_without_memory(base::WorkerPool& pool) {
    auto work = [] {
        fail_allocation(1, true);
        return 7;
    };
    co_return co_await pool.run(work);
}

base::Awaitable<bool> allocate_without_memory(base::WorkerPool& pool) {
    auto work = [] {
        fail_allocation(1, true);
        return base::Bytes(100'000);
    };
    try {
        co_await pool.run(work);
    } catch (const std::bad_alloc&) {
        co_return true;
    }
    co_return false;
}

/// On the loop every allocation of the wait fails in turn.
base::Awaitable<int> run_with_failing(base::WorkerPool& pool, std::uint64_t nth) {
    auto work = [] { return 7; };
    try {
        fail_allocation(nth, false);
        const int result = co_await pool.run(work);
        heal_allocations();
        co_return result;
    } catch (const std::bad_alloc&) {
        heal_allocations();
        co_return 0;
    }
}

}  // namespace

TEST_CASE("2.5 memory: an upload's MD5 is told by a thread that has no memory left", "[memory]") {
    if (!Md5Hasher::useful()) WARN("this processor hashes on the event loops only");
    Md5Hasher hasher(2, start_without_memory);
    const auto bytes = std::make_shared<base::Bytes>(Md5Hasher::piece_bytes_min, 0x61);
    base::Bytes whole;
    for (int i = 0; i < 3; ++i) whole.insert(whole.end(), bytes->begin(), bytes->end());
    const auto expected = storage::checksum::md5(whole);
    CHECK(run(md5_of(hasher, bytes, 3)) == base::Bytes(expected.begin(), expected.end()));
}

TEST_CASE("2.5 memory: any allocation of starting the MD5 threads fails, and none is left behind",
          "[memory][sweep]") {
    Md5Hasher(1);  // what is made once for the process
    std::uint64_t nth = 0;
    for (bool failed = true; failed;) {
        fail_allocation(++nth, false);
        try {
            const Md5Hasher hasher(3);
            failed = heal_allocations();
            CHECK_FALSE(failed);
        } catch (const std::bad_alloc&) {
            CHECK(heal_allocations());
        }
    }
    CHECK(nth > 4);  // each thread has one, and what holds them
}

TEST_CASE("2.5 memory: a pool's thread without memory hands its result or its failure over",
          "[memory]") {
    base::asio::io_context loop(1);
    base::WorkerPool pool(1);
    CHECK(run_on(loop, run_without_memory(pool)) == 7);
    CHECK(run_on(loop, allocate_without_memory(pool)));
    auto heal = [] { heal_allocations(); };
    pool.post(heal);
    pool.join();
}

TEST_CASE("2.5 memory: any allocation of handing work to a pool fails in the coroutine alone",
          "[memory][sweep]") {
    base::asio::io_context loop(1);
    base::WorkerPool pool(1);
    std::uint64_t nth = 1;
    while (run_on(loop, run_with_failing(pool, nth)) != 7) ++nth;
    CHECK(nth > 1);
    pool.join();
}

TEST_CASE("2.5 memory: a line of the log that there is no memory for is lost, its writer goes on",
          "[memory][log]") {
    const auto lost = [] {
        double lines = 0;
        for (const auto& sample : base::metrics::samples())
            if (sample.name == "holdfast_log_lines_lost_total") lines += sample.value;
        return lines;
    };
    base::log::info("log.begins");
    const auto before = lost();
    fail_allocation(1, true);
    base::log::error("log.line", {{"reason", "one that is longer than a short string is"}});
    CHECK(heal_allocations());
    CHECK(lost() == before + 1);
}

}  // namespace holdfast::test
