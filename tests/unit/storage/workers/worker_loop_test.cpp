#include "storage/workers/worker_loop.h"

#include <stdexcept>

#include "base/metrics.h"
#include "base/spawn.h"
#include "tests/catch.h"

using namespace holdfast;
using namespace std::chrono_literals;
using storage::workers::WorkerLoop;

namespace {

double failures_of(const std::string& worker) {
    const auto text = base::metrics::render();
    const auto series = "holdfast_worker_failures_total{worker=\"" + worker + "\"} ";
    const auto at = text.find(series);
    return at == std::string::npos ? 0 : std::stod(text.substr(at + series.size()));
}

/// A worker whose turns do what the test says, on a loop of its own.
struct Worker {
    base::Awaitable<void> turn() {
        ++turns;
        if (turns <= failing_turns) throw std::runtime_error("on purpose");
        if (turns < turns_wanted) co_return;
        base::spawn(context, loop.stop(), [this](const std::exception_ptr&) { stopped = true; });
    }
    void run() {
        const auto first_turn = [this]() -> base::Awaitable<void> {
            ++firsts;
            if (failing_first) throw std::runtime_error("on purpose");
            co_return;
        };
        const auto last_turn = [this]() -> base::Awaitable<void> {
            ++lasts;
            co_return;
        };
        base::spawn(context, loop.run([this] { return turn(); }, first_turn, last_turn));
        context.run();
    }

    base::asio::io_context context{1};
    WorkerLoop loop{context.get_executor(), "tested"};
    int failing_turns = 0;
    bool failing_first = false;
    int turns_wanted = 3;
    int turns = 0;
    int firsts = 0;
    int lasts = 0;
    bool stopped = false;
};

}  // namespace

TEST_CASE("worker loop: turns one after the other until it is stopped", "[workers]") {
    Worker worker;
    worker.run();
    CHECK(worker.turns == 3);
    CHECK(worker.firsts == 1);
    CHECK(worker.lasts == 1);
    CHECK(worker.stopped);
}

TEST_CASE("worker loop: what is thrown ends a turn, is counted, and the worker goes on",
          "[workers]") {
    const auto before = failures_of("tested");
    Worker worker;
    worker.failing_first = true;
    worker.failing_turns = 2;
    worker.run();
    CHECK(worker.turns == 3);
    CHECK(worker.lasts == 1);
    CHECK(worker.stopped);
    CHECK(failures_of("tested") - before == 3);
}

TEST_CASE("worker loop: one that was stopped before does nothing", "[workers]") {
    Worker worker;
    base::spawn(worker.context, worker.loop.stop());
    worker.context.run();
    worker.context.restart();
    worker.run();
    CHECK(worker.turns + worker.firsts + worker.lasts == 0);
}

TEST_CASE("worker loop: a request or a stop ends a pause", "[workers]") {
    base::asio::io_context context{1};
    WorkerLoop loop(context.get_executor(), "tested");
    bool asked = false;
    const auto turn = [&]() -> base::Awaitable<void> {
        if (!asked) loop.wake([&] { asked = true; });
        const bool last = asked;
        if (last) base::spawn(context, loop.stop());
        co_await loop.pause(1h);
    };
    base::spawn(context, loop.run(turn));
    context.run();
    CHECK(asked);
}
