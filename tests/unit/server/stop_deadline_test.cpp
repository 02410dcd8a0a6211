// The end of a stop: spec durability 3 (drain).

#include "server/stop_deadline.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <future>

#include "base/log.h"
#include "server/failure.h"
#include "tests/catch.h"
#include "tests/temporary_directory.h"
#include "tests/unit/base/child.h"

using namespace holdfast;
using namespace std::chrono_literals;
using server::ExitCode;
using server::StopDeadline;
using tests::run_in_child;

TEST_CASE("stop: what does not end in time ends the process, and the log says what it was",
          "[server]") {
    // The log is waited for half a second, and a busy disk may take longer.
    const tests::TemporaryDirectory directory(tests::in_memory());
    const auto end = run_in_child([&] {
        base::log::start({base::log::Level::info, base::log::Format::json, directory.file("log")});
        StopDeadline deadline(2s, "requests");
        deadline.waits_for("the disk");
        std::promise<void>().get_future().wait();
    });
    CHECK(end.signal == 0);
    CHECK(end.exit_code == static_cast<int>(ExitCode::failure));
    CHECK_THAT(directory.read("log"),
               Catch::Contains(R"("event":"stopped_uncleanly","unfinished":"the disk")"));
}

TEST_CASE("stop: one that ends in time is left alone", "[server]") {
    const auto end = run_in_child([] { const StopDeadline deadline(1h, "requests"); });
    CHECK(end.signal == 0);
    CHECK(end.exit_code == 0);
}

TEST_CASE("stop: a log that hangs does not keep the process", "[server]") {
    const tests::TemporaryDirectory directory;
    const auto path = directory.file("log");
    REQUIRE(::mkfifo(path.c_str(), 0600) == 0);
    const auto end = run_in_child([&] {
        // Opens at once with a reader there, and hangs when the pipe is full.
        const int reader = ::open(path.c_str(), O_RDONLY | O_NONBLOCK);
        base::log::start({base::log::Level::info, base::log::Format::json, path});
        const std::string much(1 << 20, 'x');
        base::log::info("filler", {{"text", much}});
        static_cast<void>(reader);
        const StopDeadline deadline(50ms, "requests");
        std::promise<void>().get_future().wait();
    });
    CHECK(end.exit_code == static_cast<int>(ExitCode::failure));
}
