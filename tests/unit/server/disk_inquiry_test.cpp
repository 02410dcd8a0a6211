#include "server/disk_inquiry.h"

#include <atomic>
#include <boost/asio/executor_work_guard.hpp>
#include <future>
#include <new>
#include <vector>

#include "base/faulty_vfs.h"
#include "base/sim_vfs.h"
#include "base/spawn.h"
#include "tests/catch.h"
#include "tests/run_coroutine.h"

using namespace holdfast;
using namespace std::chrono_literals;
using server::DiskFigures;
using server::DiskInquiry;

namespace {

/// A disk that does not say how much space it has until it is let.
struct HangingDisk {
    HangingDisk() {
        REQUIRE(below.make_directories("/data/segments"));
        disk.watch([this](const char* operation, const std::string&) {
            if (std::string_view(operation) != "space") return;
            ++asked;
            let.wait();
        });
    }
    ~HangingDisk() {
        release();
        pool.join();
    }
    HangingDisk(const HangingDisk&) = delete;
    HangingDisk& operator=(const HangingDisk&) = delete;

    void release() {
        if (!released) gate.set_value();
        released = true;
    }

    base::SimVfs below;
    base::FaultyVfs disk{below};
    std::atomic<int> asked = 0;
    std::promise<void> gate;
    std::shared_future<void> let = gate.get_future().share();
    bool released = false;
    base::WorkerPool pool{2};
};

}  // namespace

TEST_CASE("disk inquiry: all who ask while a question is under way get the answer to that one",
          "[server]") {
    base::asio::io_context loop(1);
    HangingDisk hanging;
    DiskInquiry inquiry(hanging.pool, hanging.disk, "/data", 1h);
    std::vector<std::optional<DiskFigures>> answers;
    const auto one = [&]() -> base::Awaitable<void> {
        auto figures = co_await inquiry.ask();
        answers.push_back(std::move(figures));
    };
    for (int i = 0; i < 20; ++i) base::spawn(loop, one());
    loop.poll();  // all of them wait
    CHECK(answers.empty());
    hanging.release();
    loop.run();
    CHECK(hanging.asked == 1);
    REQUIRE(answers.size() == 20);
    for (const auto& answer : answers) {
        REQUIRE(answer);
        CHECK(answer->space);
    }
    // What was answered is out of date.
    CHECK(test::run_on(loop, inquiry.ask()));
    CHECK(hanging.asked == 2);
}

TEST_CASE("disk inquiry: a disk that hangs is asked once, and keeps one thread of the pool busy",
          "[server]") {
    base::asio::io_context loop(1);
    HangingDisk hanging;
    DiskInquiry inquiry(hanging.pool, hanging.disk, "/data", 10ms);
    for (int i = 0; i < 20; ++i) CHECK_FALSE(test::run_on(loop, inquiry.ask()));
    // Nothing is queued in front of other work, and one thread does it.
    std::promise<void> worked;
    hanging.pool.post([&] { worked.set_value(); });
    CHECK(worked.get_future().wait_for(1min) == std::future_status::ready);
    CHECK(hanging.asked == 1);

    // Its answer comes too late for them, and makes room for another question.
    auto staying = base::asio::make_work_guard(loop);
    hanging.release();
    loop.restart();
    CHECK(loop.run_one() == 1);
    staying.reset();
    const auto deadline = std::chrono::steady_clock::now() + 1min;
    std::optional<DiskFigures> figures;
    while (!figures && std::chrono::steady_clock::now() < deadline)
        figures = test::run_on(loop, inquiry.ask());
    CHECK(figures);
    CHECK(hanging.asked > 1);
}

TEST_CASE("disk inquiry: segments that cannot be listed are not none", "[server]") {
    base::asio::io_context loop(1);
    base::SimVfs disk;
    REQUIRE(disk.make_directories("/data"));
    base::WorkerPool pool{1};
    DiskInquiry inquiry(pool, disk, "/data", 1h);
    const auto figures = test::run_on(loop, inquiry.ask());
    pool.join();
    REQUIRE(figures);
    CHECK(figures->space);
    REQUIRE_FALSE(figures->segments);
    CHECK(figures->segments.error().path == "/data/segments");
}

TEST_CASE("disk inquiry: 2.5 memory: a lack of it on the pool's thread fails who asks, alone",
          "[server]") {
    base::asio::io_context loop(1);
    base::SimVfs below;
    REQUIRE(below.make_directories("/data/segments"));
    base::FaultyVfs disk(below);
    std::atomic<bool> without_memory = true;
    disk.watch([&](const char*, const std::string&) {
        if (without_memory) throw std::bad_alloc();
    });
    base::WorkerPool pool{1};
    DiskInquiry inquiry(pool, disk, "/data", 1h);
    CHECK_THROWS_AS(test::run_on(loop, inquiry.ask()), std::bad_alloc);
    without_memory = false;
    CHECK(test::run_on(loop, inquiry.ask()));
    pool.join();
}
