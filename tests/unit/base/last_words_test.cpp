#include "base/last_words.h"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <array>
#include <sstream>
#include <stdexcept>
#include <thread>
#include <vector>

#include "base/assert.h"
#include "base/async.h"
#include "base/log.h"
#include "base/spawn.h"
#include "tests/catch.h"
#include "tests/temporary_directory.h"
#include "tests/unit/base/child.h"

// Where ThreadSanitizer is in, abort() flushes standard error first, and waits.
#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define HF_ABORT_WAITS
#endif
#endif

using namespace holdfast;
using tests::in_memory;  // the log is waited for half a second, and a busy disk may take longer
using tests::run_in_child;
using tests::TemporaryDirectory;

namespace {

/// A process with a log, as the server's is.
void begin_logging(const TemporaryDirectory& directory) {
    base::log::start({base::log::Level::info, base::log::Format::json, directory.file("log")});
    base::crash_on_uncaught();
    base::log::info("before");
}

/// The event of each line, and the whole last one.
struct Written {
    std::vector<std::string> lines;
    explicit Written(const TemporaryDirectory& directory) {
        std::istringstream text(directory.read("log"));
        for (std::string line; std::getline(text, line);) lines.push_back(line);
    }
};

/// A pipe that is full: who writes to it waits for ever.
class FullPipe {
public:
    FullPipe() {
        REQUIRE(::pipe2(ends_.data(), O_NONBLOCK | O_CLOEXEC) == 0);
        const std::array<char, 4096> page{};
        while (::write(ends_[1], page.data(), page.size()) > 0) {
        }
        REQUIRE(::fcntl(ends_[1], F_SETFL, 0) == 0);
    }
    ~FullPipe() {
        for (const int end : ends_) ::close(end);
    }
    FullPipe(const FullPipe&) = delete;
    FullPipe& operator=(const FullPipe&) = delete;
    [[nodiscard]] int end_to_write() const { return ends_[1]; }
    [[nodiscard]] std::string path() const {
        return "/proc/self/fd/" + std::to_string(end_to_write());
    }

private:
    std::array<int, 2> ends_{};
};

base::Awaitable<void> fail() {
    throw std::runtime_error("on purpose");
    co_return;
}

}  // namespace

TEST_CASE("last words: 2.5 a thread that throws ends the process, and the log says why",
          "[base][log]") {
    const TemporaryDirectory directory(in_memory());
    const auto end = run_in_child([&] {
        begin_logging(directory);
        std::thread([] { throw std::runtime_error("on purpose"); }).join();
    });
    CHECK(end.signal == SIGABRT);
    const Written log(directory);
    REQUIRE(log.lines.size() == 2);
    CHECK_THAT(log.lines[0], Catch::Contains(R"("event":"before")"));
    CHECK_THAT(log.lines[1], Catch::Contains(R"("level":"error","event":"crashed")"));
    CHECK_THAT(log.lines[1], Catch::Contains("on purpose"));
}

TEST_CASE("last words: 2.5 what a coroutine throws that nobody awaits ends the process",
          "[base][log]") {
    const TemporaryDirectory directory(in_memory());
    const auto end = run_in_child([&] {
        begin_logging(directory);
        base::asio::io_context loop(1);
        base::spawn(loop, fail());
        std::thread([&] { loop.run(); }).join();
    });
    CHECK(end.signal == SIGABRT);
    const Written log(directory);
    REQUIRE(log.lines.size() == 2);
    CHECK_THAT(log.lines[1], Catch::Contains(R"("event":"crashed")"));
    CHECK_THAT(log.lines[1], Catch::Contains("on purpose"));
}

TEST_CASE("last words: 2.5 a broken assertion is the last line of the log", "[base][log]") {
    const TemporaryDirectory directory(in_memory());
    const auto end = run_in_child([&] {
        begin_logging(directory);
        HF_ASSERT(1 + 1 == 3);
    });
    CHECK(end.signal == SIGABRT);
    const Written log(directory);
    REQUIRE(log.lines.size() == 2);
    CHECK_THAT(log.lines[1], Catch::Contains("assertion failed: 1 + 1 == 3"));
}

TEST_CASE("last words: 2.5 a log that takes nothing does not keep a process from its end",
          "[base][log]") {
    const FullPipe log;
    const auto end = run_in_child([&] {
        base::log::start({base::log::Level::info, base::log::Format::json, log.path()});
        base::log::info("before");
        base::crash("on purpose");
    });
    CHECK(end.signal == SIGABRT);
    CHECK(end.errors == "holdfast: crashed: on purpose\n");
}

#ifndef HF_ABORT_WAITS
TEST_CASE("last words: 2.5 standard error that takes nothing does not keep a process from its end",
          "[base][log]") {
    const FullPipe full;
    const auto end = run_in_child([&] {
        ::dup2(full.end_to_write(), STDERR_FILENO);
        base::log::start({});
        base::log::info("before");
        base::crash("on purpose");
    });
    CHECK(end.signal == SIGABRT);
}

TEST_CASE("last words: 2.5 neither a log nor standard error that take anything", "[base][log]") {
    const FullPipe full;
    const auto end = run_in_child([&] {
        ::dup2(full.end_to_write(), STDERR_FILENO);
        base::log::start({base::log::Level::info, base::log::Format::json, full.path()});
        HF_ASSERT(1 + 1 == 3);
    });
    CHECK(end.signal == SIGABRT);
}
#endif

TEST_CASE("last words: 2.5 a log whose volume is full is as good as none", "[base][log]") {
    const auto end = run_in_child([&] {
        base::log::start({base::log::Level::info, base::log::Format::json, "/dev/full"});
        base::crash("on purpose");
    });
    CHECK(end.signal == SIGABRT);
    CHECK(end.errors == "holdfast: crashed: on purpose\n");
}

TEST_CASE("last words: 2.5 of threads that fail together one tells why, whole", "[base][log]") {
    const TemporaryDirectory directory(in_memory());
    const auto end = run_in_child([&] {
        begin_logging(directory);
        std::vector<std::jthread> threads;
        for (int i = 0; i < 4; ++i) threads.emplace_back([] { base::crash("on purpose"); });
    });
    CHECK(end.signal == SIGABRT);
    CHECK(end.errors.empty());
    const Written log(directory);
    REQUIRE(log.lines.size() == 2);
    CHECK_THAT(log.lines[1], Catch::Contains("on purpose"));
}
