#include "base/spawn.h"

#include <exception>
#include <optional>
#include <stdexcept>
#include <thread>

#include "tests/catch.h"

using namespace holdfast::base;

namespace {

Awaitable<void> note(int& runs) {
    ++runs;
    co_return;
}

Awaitable<void> fail() {
    throw std::runtime_error("on purpose");
    co_return;
}

}  // namespace

TEST_CASE("spawn: who asked is told on the loop's thread how it ended", "[base][spawn]") {
    asio::io_context loop(1);
    int runs = 0;
    std::optional<std::exception_ptr> ended;
    std::thread::id told_on;
    const auto note_end = [&](const std::exception_ptr& thrown) {
        ended = thrown;
        told_on = std::this_thread::get_id();
    };
    const bool fails = GENERATE(false, true);
    spawn(loop, fails ? fail() : note(runs), note_end);
    CHECK_FALSE(ended);
    std::thread thread([&] { loop.run(); });
    const auto on = thread.get_id();
    thread.join();
    REQUIRE(ended);
    CHECK((*ended != nullptr) == fails);
    CHECK(runs == (fails ? 0 : 1));
    CHECK(told_on == on);
}

TEST_CASE("spawn: what is thrown leaves the loop unless somebody asked", "[base][spawn]") {
    asio::io_context loop(1);
    spawn(loop, fail());
    CHECK_THROWS_WITH(loop.run(), "on purpose");
}

TEST_CASE("spawn: it begins at once on the loop's own thread, and nowhere else", "[base][spawn]") {
    asio::io_context loop(1);
    int runs = 0;
    int runs_behind_the_call = 0;
    const auto outer = [&]() -> Awaitable<void> {
        spawn(loop, note(runs));
        runs_behind_the_call = runs;
        co_return;
    };
    spawn(loop, outer());
    CHECK(runs == 0);
    loop.run();
    CHECK(runs_behind_the_call == 1);
}
