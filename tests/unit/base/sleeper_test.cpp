#include "base/sleeper.h"

#include <thread>
#include <vector>

#include "base/spawn.h"
#include "tests/catch.h"
#include "tests/run_coroutine.h"

using namespace holdfast::base;
using namespace std::chrono_literals;
namespace test = holdfast::test;

namespace {

const auto never = Sleeper::TimePoint::max();

/// Sleeps until it is told that it is over.
Awaitable<int> sleep_until_over(std::shared_ptr<Sleeper> sleeper, const std::atomic<bool>& over) {
    int sleeps = 0;
    for (bool ended = over; !ended; ended = over) {
        ++sleeps;
        co_await sleeper->sleep_until(never);
    }
    co_return sleeps;
}

}  // namespace

TEST_CASE("sleeper: a sleep ends at its time", "[base][sleeper]") {
    asio::io_context loop(1);
    const auto sleeper = std::make_shared<Sleeper>(loop.get_executor());
    const auto until = std::chrono::steady_clock::now() + 1ms;
    const auto work = [](std::shared_ptr<Sleeper> one, Sleeper::TimePoint time) -> Awaitable<int> {
        co_await one->sleep_until(time);
        co_return 1;
    };
    CHECK(test::run_on(loop, work(sleeper, until)) == 1);
    CHECK(std::chrono::steady_clock::now() >= until);
}

TEST_CASE("sleeper: whoever wakes it, and however often, no wake is lost", "[base][sleeper]") {
    constexpr int rounds = 500;
    for (int round = 0; round < rounds; ++round) {
        asio::io_context loop(1);
        const auto sleeper = std::make_shared<Sleeper>(loop.get_executor());
        std::atomic<bool> over = false;
        std::vector<std::jthread> others;
        for (int i = 0; i < 3; ++i)
            others.emplace_back([&, i] {
                Sleeper::wake(sleeper);  // for nothing
                if (i == 0) over = true;
                Sleeper::wake(sleeper);
            });
        CHECK(test::run_on(loop, sleep_until_over(sleeper, over)) >= 0);
        others.clear();  // they wake before the loop goes
    }
}

TEST_CASE("sleeper: a loop that ends takes who sleeps with it, woken or not", "[base][sleeper]") {
    const auto sleep = [](std::shared_ptr<Sleeper> one,
                          const std::atomic<bool>& over) -> Awaitable<void> {
        co_await sleep_until_over(std::move(one), over);
    };
    for (const bool woken : {false, true}) {
        std::atomic<bool> over = false;
        std::weak_ptr<Sleeper> gone;
        {
            asio::io_context loop(1);
            auto sleeper = std::make_shared<Sleeper>(loop.get_executor());
            gone = sleeper;
            spawn(loop, sleep(sleeper, over));
            loop.poll();
            if (woken) Sleeper::wake(sleeper);
            sleeper.reset();
            CHECK_FALSE(gone.expired());
        }
        CHECK(gone.expired());
    }
}
