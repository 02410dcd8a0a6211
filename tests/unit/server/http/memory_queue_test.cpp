// Who waits for memory, in which order, and how a wait ends. Spec durability 4 (total memory).

#include "server/http/memory_queue.h"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <future>
#include <thread>
#include <vector>

#include "base/random.h"
#include "base/spawn.h"
#include "tests/catch.h"

using namespace holdfast;
using namespace std::chrono_literals;
using http::MemoryGovernor;
using http::MemoryQueue;
using http::WaitTicket;
using Verdict = MemoryGovernor::Verdict;

namespace {

constexpr std::uint64_t limit_bytes = 1'000'000;
const auto never = std::chrono::steady_clock::time_point::max();

/// A process whose size the test says, with room for 100 bytes of requests.
struct Process {
    explicit Process(std::size_t waiting_max = 100)
        : governor(std::make_shared<MemoryGovernor>(
              MemoryGovernor::Options{limit_bytes, 100, [this] { return bytes.load(); }, {}},
              clock)),
          queue({governor, waiting_max}) {}
    ~Process() { queue.close(); }
    Process(const Process&) = delete;
    Process& operator=(const Process&) = delete;

    void grow_to(std::uint64_t now) {
        bytes = now;
        clock.advance(MemoryGovernor::measurement_interval);
        governor->measure_when_due();
    }

    base::FakeClock clock{base::WallTime{}};
    std::atomic<std::uint64_t> bytes{100'000};
    std::shared_ptr<MemoryGovernor> governor;
    MemoryQueue queue;
    base::asio::io_context loop{1};  ///< the queue outlives who still waits on it
};

/// One that wants memory: nothing is known yet, or what came of it.
struct Asker {
    WaitTicket ticket;
    std::optional<bool> taken;
};

/// Starts to wait. What can be decided at once is decided when it returns.
void ask(Process& process, Asker& asker, MemoryQueue::Wanted wanted,
         std::chrono::steady_clock::time_point deadline = never) {
    const auto work = [](MemoryQueue& queue, Asker& to, MemoryQueue::Wanted what,
                         std::chrono::steady_clock::time_point until) -> base::Awaitable<void> {
        const bool taken = co_await queue.take(to.ticket, what, until);
        to.taken = taken;
    };
    base::spawn(process.loop, work(process.queue, asker, wanted, deadline));
    process.loop.restart();
    process.loop.poll();
}

/// What was woken goes on; nobody's time is waited for.
void settle(Process& process) {
    process.loop.restart();
    process.loop.poll();
}

}  // namespace

TEST_CASE("memory queue: what is given back wakes who waits, in the order they came",
          "[http][memory]") {
    Process process;
    std::array<Asker, 5> askers;
    for (auto& asker : askers) ask(process, asker, {60, true});
    REQUIRE(askers[0].taken == true);
    for (std::size_t next = 1; next < askers.size(); ++next) {
        for (std::size_t other = next; other < askers.size(); ++other)
            CHECK_FALSE(askers[other].taken);
        process.queue.give_back(60);
        settle(process);
        CHECK(askers[next].taken == true);
    }
    process.queue.give_back(60);
}

TEST_CASE("memory queue: nobody overtakes a large request, however small its own is",
          "[http][memory]") {
    Process process;
    Asker running;
    Asker other;
    Asker large;
    Asker small;
    Asker small_without_body;
    ask(process, running, {50, false});
    ask(process, other, {10, false});
    ask(process, large, {80, true});
    ask(process, small, {1, true});
    ask(process, small_without_body, {1, false});
    CHECK_FALSE(small.taken);
    CHECK_FALSE(small_without_body.taken);
    process.queue.give_back(10);
    settle(process);
    CHECK_FALSE(large.taken);
    CHECK_FALSE(small.taken);
    process.queue.give_back(50);
    settle(process);
    CHECK(large.taken == true);
    CHECK(small.taken == true);
    CHECK(small_without_body.taken == true);
    process.queue.give_back(82);
}

TEST_CASE("memory queue: while no body is read, requests without one pass by", "[http][memory]") {
    Process process(1);
    Asker running;
    Asker body;
    ask(process, running, {10, false});
    process.grow_to(900'000);
    ask(process, body, {10, true});
    CHECK_FALSE(body.taken);
    Asker without;  // and there is room for one that waits, which this one need not
    ask(process, without, {10, false});
    CHECK(without.taken == true);
    Asker second;
    ask(process, second, {10, true});
    CHECK(second.taken == false);
    process.grow_to(990'000);
    process.queue.give_back(10);
    settle(process);
    CHECK(body.taken == false);  // refused, as everybody is
    process.queue.give_back(10);
}

TEST_CASE("memory queue: memory that comes back by itself is noticed, one of them looks",
          "[http][memory]") {
    Process process;
    Asker running;
    std::array<Asker, 3> bodies;
    ask(process, running, {10, false});
    process.grow_to(900'000);
    for (auto& body : bodies) ask(process, body, {10, true});
    // The first of them goes, another one looks in its place.
    bodies[0].ticket.cancel();
    settle(process);
    CHECK(bodies[0].taken == false);
    process.bytes = 100'000;
    process.clock.advance(MemoryGovernor::measurement_interval);
    process.loop.restart();
    process.loop.run_for(1min);  // ends as soon as nobody waits
    CHECK(bodies[1].taken == true);
    CHECK(bodies[2].taken == true);
    process.queue.give_back(30);
}

TEST_CASE("memory queue: a wait that is cancelled or too long leaves nothing behind",
          "[http][memory]") {
    Process process;
    Asker running;
    Asker cancelled;
    Asker late;
    Asker last;
    ask(process, running, {60, true});
    ask(process, cancelled, {100, true});
    ask(process, last, {40, true});
    CHECK_FALSE(last.taken);
    cancelled.ticket.cancel();
    settle(process);
    CHECK(cancelled.taken == false);
    CHECK(last.taken == true);  // it had waited for that one alone
    ask(process, late, {1, true}, std::chrono::steady_clock::now() + 1ms);
    process.loop.restart();
    process.loop.run_for(1min);
    CHECK(late.taken == false);
    process.queue.give_back(60);
    process.queue.give_back(40);
    Asker all;
    ask(process, all, {100, true});
    CHECK(all.taken == true);
    process.queue.give_back(100);
    cancelled.ticket.cancel();  // of a wait that is over
}

TEST_CASE("memory queue: cancelled after it was let in, it has its memory", "[http][memory]") {
    Process process;
    Asker running;
    Asker waiting;
    ask(process, running, {60, true});
    ask(process, waiting, {60, true});
    process.queue.give_back(60);
    waiting.ticket.cancel();
    settle(process);
    CHECK(waiting.taken == true);
    process.queue.give_back(60);
}

TEST_CASE("memory queue: a stop while some wait leaves nothing set aside", "[http][memory]") {
    Asker running;
    Asker woken;
    Asker waiting;
    std::shared_ptr<MemoryGovernor> governor;
    base::FakeClock clock{base::WallTime{}};
    {
        governor = std::make_shared<MemoryGovernor>(
            MemoryGovernor::Options{limit_bytes, 100, [] { return std::uint64_t{0}; }, {}}, clock);
        MemoryQueue queue({governor, 10});
        base::asio::io_context loop{1};
        const auto work = [&queue](Asker& asker) -> base::Awaitable<void> {
            const MemoryQueue::Wanted wanted{60, true};
            const bool taken = co_await queue.take(asker.ticket, wanted, never);
            asker.taken = taken;
        };
        for (auto* asker : {&running, &woken, &waiting}) base::spawn(loop, work(*asker));
        loop.poll();
        queue.give_back(60);  // to the second one, which does not get to hear of it
        queue.close();
    }
    CHECK(running.taken == true);
    CHECK_FALSE(woken.taken);
    CHECK_FALSE(waiting.taken);
    CHECK(governor->decide(100, true) == Verdict::admitted);
    governor->release(100);
    CHECK(governor->decide(5'000, true) == Verdict::admitted);
    governor->release(5'000);
}

TEST_CASE("memory queue: many threads share what there is, and everybody is served",
          "[http][memory]") {
    constexpr int threads = 4;
    constexpr int askers_each = 8;
    constexpr int rounds = 200;
    Process process(threads * askers_each);
    std::atomic<std::int64_t> in_use{0};
    std::atomic<std::int64_t> most{0};
    std::atomic<int> served{0};
    const auto work = [&](std::uint64_t seed) -> base::Awaitable<void> {
        base::SeededRandom random(seed);
        const auto executor = co_await base::asio::this_coro::executor;
        for (int round = 0; round < rounds; ++round) {
            std::array<std::uint8_t, 2> dice{};
            random.fill(dice);
            const MemoryQueue::Wanted wanted{1 + dice[0] % 100U, dice[1] % 2 == 0};
            WaitTicket ticket;
            const bool taken = co_await process.queue.take(ticket, wanted, never);
            if (!taken) co_return;
            const auto now = in_use += static_cast<std::int64_t>(wanted.bytes);
            auto before = most.load();
            while (before < now && !most.compare_exchange_weak(before, now)) {
            }
            co_await base::asio::post(executor, base::use_awaitable);
            in_use -= static_cast<std::int64_t>(wanted.bytes);
            process.queue.give_back(wanted.bytes);
            ++served;
        }
    };
    std::vector<std::unique_ptr<base::asio::io_context>> loops;
    for (int i = 0; i < threads; ++i) {
        loops.push_back(std::make_unique<base::asio::io_context>(1));
        for (int j = 0; j < askers_each; ++j)
            base::spawn(*loops.back(), work(static_cast<std::uint64_t>(i * askers_each + j)));
    }
    // All loops stay until the last is done: who gives back wakes those of other loops.
    std::vector<std::thread> running;
    for (auto& loop : loops) running.emplace_back([&loop = *loop] { loop.run_for(4min); });
    for (auto& thread : running) thread.join();
    CHECK(served == threads * askers_each * rounds);
    CHECK(most <= 100);
    CHECK(in_use == 0);
}
