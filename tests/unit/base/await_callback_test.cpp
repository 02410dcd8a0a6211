#include "base/await_callback.h"

#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <thread>

#include "base/spawn.h"
#include "tests/catch.h"
#include "tests/run_coroutine.h"

using namespace holdfast::base;
namespace test = holdfast::test;

namespace {

struct Resumed {
    int value = 0;
    bool start_had_returned = false;
    std::thread::id thread;
};

/// The callback is called by `call`, now or later, on whatever thread.
Awaitable<Resumed> await_call(std::function<void(std::function<void(int)>)> call) {
    Resumed resumed;
    bool returned = false;
    auto start = [&](auto resume) {
        call(resume);
        returned = true;
    };
    resumed.value = co_await await_callback<int>(start);
    resumed.start_had_returned = returned;
    resumed.thread = std::this_thread::get_id();
    co_return resumed;
}

}  // namespace

TEST_CASE("await_callback: a call from another thread resumes on the coroutine's loop",
          "[base][await_callback]") {
    asio::io_context loop(1);
    std::jthread caller;
    const auto call = [&caller](const std::function<void(int)>& resume) {
        caller = std::jthread([resume] { resume(7); });
    };
    const auto resumed = test::run_on(loop, await_call(call));
    CHECK(resumed.value == 7);
    CHECK(resumed.start_had_returned);
    CHECK(resumed.thread == std::this_thread::get_id());
}

TEST_CASE("await_callback: a call before start returns resumes after it",
          "[base][await_callback]") {
    const auto resumed =
        test::run(await_call([](const std::function<void(int)>& resume) { resume(8); }));
    CHECK(resumed.value == 8);
    CHECK(resumed.start_had_returned);
}

namespace {

/// What is thrown here is caught by the coroutine; 0: nothing was.
Awaitable<int> thrown_by_start(std::function<void(Resume<int>)> start) {
    try {
        co_await await_callback<int>(start);
    } catch (const std::out_of_range&) {
        co_return 1;
    }
    co_return 0;
}

}  // namespace

TEST_CASE("await_callback: what start throws is thrown in the coroutine, not out of its loop",
          "[base][await_callback]") {
    CHECK(test::run(thrown_by_start([](const Resume<int>&) { throw std::out_of_range("x"); })) ==
          1);
}

TEST_CASE("await_callback: the first outcome counts, also when start kept its argument and throws",
          "[base][await_callback]") {
    std::optional<Resume<int>> kept;
    CHECK(test::run(thrown_by_start([&kept](const Resume<int>& resume) {
              kept = resume;
              throw std::out_of_range("x");
          })) == 1);
    (*kept)(9);  // nobody is there any more
    const auto resumed = test::run(await_call([](const std::function<void(int)>& resume) {
        resume(1);
        resume(2);
    }));
    CHECK(resumed.value == 1);
}

TEST_CASE("await_callback: a loop that ends before the callback takes the coroutine with it",
          "[base][await_callback]") {
    const auto token = std::make_shared<int>(0);
    std::optional<Resume<int>> kept;
    {
        asio::io_context loop(1);
        const auto wait = [](std::shared_ptr<int>,
                             std::optional<Resume<int>>& to) -> Awaitable<void> {
            auto start = [&to](const Resume<int>& resume) { to = resume; };
            co_await await_callback<int>(start);
        };
        spawn(loop, wait(token, kept));
        loop.run_one();
        REQUIRE(kept);
        (*kept)(1);  // in the loop's queue, which nobody runs
        kept.reset();
        CHECK(token.use_count() > 1);
    }
    CHECK(token.use_count() == 1);
}
