#include "storage/local/supervisor.h"

#include <future>

#include "tests/catch.h"

using namespace holdfast;
using namespace holdfast::storage::local;
using namespace std::chrono_literals;

namespace {

using Outcome = std::optional<std::string>;

/// Due at once: what is tested is who tries how often, not when.
constexpr Supervisor::Options at_once{0ms};

}  // namespace

TEST_CASE("supervisor: 2.5 a fault is answered by attempts until one succeeds",
          "[local][supervisor]") {
    const base::SystemClock clock;
    int attempts = 0;
    std::promise<void> succeeded;
    Supervisor supervisor(at_once, clock, [&]() -> Outcome {
        if (++attempts < 3) return "the disk is broken";
        succeeded.set_value();
        return std::nullopt;
    });
    supervisor.fault();
    succeeded.get_future().wait();
    supervisor.stop();
    CHECK(attempts == 3);
    CHECK_FALSE(supervisor.state().gave_up);
}

TEST_CASE("supervisor: 2.5 after five failures it waits for an operator", "[local][supervisor]") {
    const base::SystemClock clock;
    std::atomic<int> attempts = 0;
    std::atomic<bool> broken = true;
    std::promise<void> last;
    Supervisor supervisor(at_once, clock, [&]() -> Outcome {
        if (++attempts == 5) last.set_value();
        return broken ? Outcome("the disk is broken") : std::nullopt;
    });
    supervisor.fault();
    last.get_future().wait();
    // Waits for the attempt that runs, then makes one of its own.
    CHECK(supervisor.resume() == "the disk is broken");
    broken = false;
    CHECK(supervisor.resume() == std::nullopt);
    CHECK_FALSE(supervisor.state().gave_up);
    supervisor.fault();
    supervisor.stop();
}

TEST_CASE("supervisor: a fault during the attempt that succeeds is not forgotten",
          "[local][supervisor]") {
    const base::SystemClock clock;
    int attempts = 0;
    std::promise<void> second;
    Supervisor* self = nullptr;
    Supervisor supervisor(at_once, clock, [&]() -> Outcome {
        if (++attempts == 1) self->fault();
        if (attempts == 2) second.set_value();
        return std::nullopt;
    });
    self = &supervisor;
    supervisor.fault();
    second.get_future().wait();
    supervisor.stop();
    CHECK(attempts == 2);
}

TEST_CASE("supervisor: nothing is tried after the stop", "[local][supervisor]") {
    const base::SystemClock clock;
    int attempts = 0;
    Supervisor supervisor(at_once, clock, [&]() -> Outcome {
        ++attempts;
        return std::nullopt;
    });
    supervisor.stop();
    supervisor.fault();
    CHECK(supervisor.resume());
    CHECK(attempts == 0);
}
