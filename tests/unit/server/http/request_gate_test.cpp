// Who waits for a place at the gate, in which order, and how a wait ends. Spec durability 4
// (running requests).

#include "server/http/request_gate.h"

#include <array>
#include <optional>

#include "base/spawn.h"
#include "tests/catch.h"

using namespace holdfast;
using namespace std::chrono_literals;
using http::RequestGate;
using http::WaitTicket;

namespace {

const auto never = std::chrono::steady_clock::time_point::max();

/// A gate with one place, and the loop of who waits there.
struct Gate {
    explicit Gate(std::size_t queued_max = 100) : gate({1, queued_max}) {}
    ~Gate() { gate.close(); }
    Gate(const Gate&) = delete;
    Gate& operator=(const Gate&) = delete;

    RequestGate gate;
    base::asio::io_context loop{1};  ///< the gate outlives who still waits at it
};

struct Asker {
    WaitTicket ticket;
    std::optional<bool> entered;
};

/// What was woken goes on; nobody's time is waited for.
void settle(Gate& one) {
    one.loop.restart();
    one.loop.poll();
}

void ask(Gate& one, Asker& asker, std::chrono::steady_clock::time_point deadline = never) {
    const auto work = [](RequestGate& gate, Asker& to,
                         std::chrono::steady_clock::time_point until) -> base::Awaitable<void> {
        const bool entered = co_await gate.enter(to.ticket, until);
        to.entered = entered;
    };
    base::spawn(one.loop, work(one.gate, asker, deadline));
    settle(one);
}

}  // namespace

TEST_CASE("request gate: who leaves lets in who waits longest, and nobody overtakes",
          "[http][gate]") {
    Gate one;
    REQUIRE(one.gate.try_enter());
    std::array<Asker, 3> askers;
    for (auto& asker : askers) ask(one, asker);
    for (std::size_t next = 0; next < askers.size(); ++next) {
        CHECK_FALSE(one.gate.try_enter());
        for (std::size_t other = next; other < askers.size(); ++other)
            CHECK_FALSE(askers.at(other).entered);
        one.gate.leave();
        settle(one);
        CHECK(askers.at(next).entered == true);
    }
    one.gate.leave();
    CHECK(one.gate.try_enter());
}

TEST_CASE("request gate: a place that is free when the wait begins is taken at once",
          "[http][gate]") {
    Gate one;
    Asker asker;
    ask(one, asker);
    CHECK(asker.entered == true);
}

TEST_CASE("request gate: a full queue refuses at once", "[http][gate]") {
    Gate one(1);
    REQUIRE(one.gate.try_enter());
    std::array<Asker, 2> askers;
    for (auto& asker : askers) ask(one, asker);
    CHECK_FALSE(askers[0].entered);
    CHECK(askers[1].entered == false);
}

TEST_CASE("request gate: a wait that is too long or is cancelled ends and takes no place",
          "[http][gate]") {
    Gate one;
    REQUIRE(one.gate.try_enter());
    Asker late;
    Asker cancelled;
    ask(one, late, std::chrono::steady_clock::now() + 1ms);
    ask(one, cancelled);
    one.loop.restart();
    while (!late.entered) one.loop.run_one();
    CHECK(late.entered == false);
    CHECK_FALSE(cancelled.entered);
    cancelled.ticket.cancel();
    settle(one);
    CHECK(cancelled.entered == false);
    one.gate.leave();
    CHECK(one.gate.try_enter());
    cancelled.ticket.cancel();  // of a wait that is over
    settle(one);
}

TEST_CASE("request gate: cancelled after it was let in, it has its place", "[http][gate]") {
    Gate one;
    REQUIRE(one.gate.try_enter());
    Asker asker;
    ask(one, asker);
    one.gate.leave();
    asker.ticket.cancel();
    settle(one);
    CHECK(asker.entered == true);
    CHECK_FALSE(one.gate.try_enter());
}

TEST_CASE("request gate: a stop while some wait gives every place back", "[http][gate]") {
    RequestGate gate({1, 10});
    REQUIRE(gate.try_enter());
    Asker let_in;
    Asker waiting;
    {
        base::asio::io_context loop{1};
        const auto work = [&gate](Asker& asker) -> base::Awaitable<void> {
            const bool entered = co_await gate.enter(asker.ticket, never);
            asker.entered = entered;
        };
        for (auto* asker : {&let_in, &waiting}) base::spawn(loop, work(*asker));
        loop.poll();
        gate.leave();  // for the first one, which does not get to hear of it
        gate.close();
    }
    CHECK_FALSE(let_in.entered);
    CHECK_FALSE(waiting.entered);
    CHECK(gate.try_enter());
}
