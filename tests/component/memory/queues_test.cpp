// Requests that wait for their turn, and a lack of memory: whoever gives back what they wait for
// needs none, and a wait that fails leaves nothing behind. Spec durability 2.5 (memory), 4.

#include <new>
#include <optional>

#include "base/spawn.h"
#include "server/http/memory_queue.h"
#include "server/http/request_gate.h"
#include "tests/catch.h"
#include "tests/component/memory/failing_new.h"

namespace holdfast::test {

namespace {

using http::MemoryGovernor;
using http::MemoryQueue;
using http::RequestGate;
using http::WaitTicket;
using Verdict = MemoryGovernor::Verdict;

const auto never = std::chrono::steady_clock::time_point::max();

/// One that waits, and what came of it.
struct Waiting {
    WaitTicket ticket;
    std::optional<bool> admitted;
    bool failed = false;
};

base::Awaitable<void> note(base::Awaitable<bool> wait, Waiting& to) {
    try {
        const bool admitted = co_await std::move(wait);
        to.admitted = admitted;
    } catch (const std::bad_alloc&) {
        to.failed = true;
    }
}

/// Runs what can run at once, with the nth allocation and, perhaps, all after it failing. Whether
/// one did.
bool run_failing(base::asio::io_context& loop, std::uint64_t nth) {
    loop.restart();
    fail_allocation(nth, false);
    loop.poll();
    return heal_allocations();
}

template <class Work>
void without_memory(Work work) {
    fail_allocation(1, true);
    work();
    heal_allocations();
}

void run_without_memory(base::asio::io_context& loop) {
    loop.restart();
    without_memory([&] { loop.poll(); });
}

/// A queue of which every byte is taken by one that runs.
struct Memory {
    Memory() { REQUIRE(governor->decide(60, true) == Verdict::admitted); }
    ~Memory() { queue.close(); }
    Memory(const Memory&) = delete;
    Memory& operator=(const Memory&) = delete;

    void start(Waiting& waiting, MemoryQueue::Wanted wanted) {
        base::spawn(loop, note(queue.take(waiting.ticket, wanted, never), waiting));
    }
    /// Only when nothing is set aside is more admitted than there is.
    bool nothing_is_set_aside() const {
        const bool admitted = governor->decide(5'000, true) == Verdict::admitted;
        if (admitted) governor->release(5'000);
        return admitted;
    }

    base::FakeClock clock{base::WallTime{}};
    std::shared_ptr<MemoryGovernor> governor = std::make_shared<MemoryGovernor>(
        MemoryGovernor::Options{1'000'000, 100, [] { return std::uint64_t{0}; }, {}}, clock);
    MemoryQueue queue{{governor, 10}};
    base::asio::io_context loop{1};
};

/// The nth allocation of two waits fails. False: they have fewer.
bool memory_waits_fail_at(std::uint64_t nth) {
    Memory memory;
    Waiting body;
    Waiting without;
    memory.start(body, {60, true});
    memory.start(without, {45, false});
    const bool failed = run_failing(memory.loop, nth);
    INFO("allocation " << nth);
    CHECK((body.failed || without.failed) == failed);
    CHECK_FALSE((body.admitted || without.admitted));
    // Each one's memory to the next, of which nobody has any.
    without_memory([&] { memory.queue.give_back(60); });
    run_without_memory(memory.loop);
    CHECK(body.admitted.has_value() != body.failed);
    if (body.admitted) without_memory([&] { memory.queue.give_back(60); });
    run_without_memory(memory.loop);
    CHECK(without.admitted.has_value() != without.failed);
    if (without.admitted) without_memory([&] { memory.queue.give_back(45); });
    CHECK(memory.nothing_is_set_aside());
    return failed;
}

struct Gate {
    Gate() { REQUIRE(gate.try_enter()); }
    ~Gate() { gate.close(); }
    Gate(const Gate&) = delete;
    Gate& operator=(const Gate&) = delete;

    void start(Waiting& waiting) {
        base::spawn(loop, note(gate.enter(waiting.ticket, never), waiting));
    }

    RequestGate gate{{1, 10}};
    base::asio::io_context loop{1};
};

bool gate_waits_fail_at(std::uint64_t nth) {
    Gate one;
    std::array<Waiting, 2> waiting;
    for (auto& each : waiting) one.start(each);
    const bool failed = run_failing(one.loop, nth);
    INFO("allocation " << nth);
    CHECK((waiting[0].failed || waiting[1].failed) == failed);
    without_memory([&] { one.gate.leave(); });
    for (auto& each : waiting) {
        run_without_memory(one.loop);
        CHECK(each.admitted.has_value() != each.failed);
        if (each.admitted) without_memory([&] { one.gate.leave(); });
    }
    CHECK(one.gate.try_enter());
    return failed;
}

}  // namespace

TEST_CASE("2.5 memory: any allocation of a wait for memory fails: that one ends, the others go on",
          "[memory][sweep]") {
    std::uint64_t nth = 1;
    while (memory_waits_fail_at(nth)) ++nth;
    CHECK(nth > 4);
}

TEST_CASE("2.5 memory: any allocation of a wait at the gate fails: that one ends, the others go on",
          "[memory][sweep]") {
    std::uint64_t nth = 1;
    while (gate_waits_fail_at(nth)) ++nth;
    CHECK(nth > 4);
}

TEST_CASE("2.5 memory: who looks now and then is appointed and relieved without memory",
          "[memory]") {
    Memory memory;
    std::array<Waiting, 3> waiting;
    for (auto& each : waiting) {
        memory.start(each, {60, true});
        memory.loop.restart();
        memory.loop.poll();
    }
    // The first goes, so that another one is to look.
    without_memory([&] { waiting[0].ticket.cancel(); });
    memory.loop.restart();
    memory.loop.poll();
    CHECK(waiting[0].admitted == false);
    for (std::size_t next = 1; next < waiting.size(); ++next) {
        without_memory([&] { memory.queue.give_back(60); });
        memory.loop.restart();
        memory.loop.poll();
        CHECK(waiting.at(next).admitted == true);
    }
    memory.queue.give_back(60);
    CHECK(memory.nothing_is_set_aside());
}

}  // namespace holdfast::test
