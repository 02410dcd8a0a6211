#include "base/log.h"

#include <algorithm>
#include <filesystem>
#include <set>
#include <sstream>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "tests/catch.h"
#include "tests/temporary_directory.h"
#include "tests/unit/base/child.h"

using namespace holdfast::base;
using holdfast::tests::run_in_child;
using holdfast::tests::TemporaryDirectory;
using log::Format;
using log::Level;

namespace {

/// Stops the log also when a check fails in between.
struct Started {
    explicit Started(const log::Options& options) { log::start(options); }
    Started(const Started&) = delete;
    Started& operator=(const Started&) = delete;
    ~Started() { log::stop(); }
};

std::size_t time_bytes(std::string_view before) {
    return before.size() + std::string_view("2026-01-31T09:30:00.125Z").size();
}

}  // namespace

TEST_CASE("log: JSON lines with the fields as given", "[base][log]") {
    const TemporaryDirectory directory;
    {
        const Started started({Level::info, Format::json, directory.file("log")});
        log::warning("disk.slow", {{"path", "a\nb"}, {"milliseconds", 12}});
    }
    const auto text = directory.read("log");
    const std::string before = R"({"time":")";
    CHECK(text.starts_with(before));
    CHECK(text.substr(time_bytes(before)) ==
          R"(","level":"warning","event":"disk.slow","path":"a\nb","milliseconds":12})"
          "\n");
}

TEST_CASE("log: lines for people", "[base][log]") {
    const TemporaryDirectory directory;
    {
        const Started started({Level::info, Format::human, directory.file("log")});
        log::error("disk.broken", {{"path", "a b"}});
    }
    CHECK(directory.read("log").substr(time_bytes("")) == " error    disk.broken  path=\"a b\"\n");
}

TEST_CASE("log: left to itself it writes JSON to a file", "[base][log]") {
    const TemporaryDirectory directory;
    {
        const Started started({Level::info, Format::automatic, directory.file("log")});
        log::info("a");
    }
    CHECK(directory.read("log").starts_with("{\"time\":"));
}

TEST_CASE("log: events below the level are not written", "[base][log]") {
    const TemporaryDirectory directory;
    {
        const Started started({Level::warning, Format::human, directory.file("log")});
        CHECK_FALSE(log::enabled(Level::debug));
        CHECK_FALSE(log::enabled(Level::info));
        CHECK(log::enabled(Level::warning));
        CHECK(log::enabled(Level::error));
        log::write(Level::debug, "no");
        log::info("no");
        log::warning("yes.warning");
        log::error("yes.error");
    }
    const auto text = directory.read("log");
    CHECK(text.find("yes.warning\n") != std::string::npos);
    CHECK(text.find("yes.error\n") != std::string::npos);
    CHECK(std::count(text.begin(), text.end(), '\n') == 2);
}

TEST_CASE("log: stop writes all that was logged, in order", "[base][log]") {
    const TemporaryDirectory directory;
    constexpr int lines = 1'000;
    {
        const Started started({Level::info, Format::human, directory.file("log")});
        for (int i = 0; i < lines; ++i) log::info("e", {{"i", i}});
    }
    const auto text = directory.read("log");
    std::size_t at = 0;
    for (int i = 0; i < lines; ++i) {
        at = text.find(" i=" + std::to_string(i) + "\n", at);
        REQUIRE(at != std::string::npos);
    }
    CHECK(std::count(text.begin(), text.end(), '\n') == lines);
}

TEST_CASE("log: after a rotation and a reopen lines go to the new file", "[base][log]") {
    const TemporaryDirectory directory;
    {
        const Started started({Level::info, Format::human, directory.file("log")});
        log::info("before");
        std::filesystem::rename(directory.file("log"), directory.file("log.1"));
        log::reopen();
        log::info("after");
    }
    CHECK(directory.read("log").ends_with("after\n"));
    const auto all = directory.read("log.1") + directory.read("log");
    CHECK(all.find("before\n") < all.find("after\n"));
}

TEST_CASE("log: a second start takes over, the first file keeps its lines", "[base][log]") {
    const TemporaryDirectory directory;
    {
        const Started first({Level::info, Format::human, directory.file("1")});
        log::info("one");
        const Started second({Level::info, Format::json, directory.file("2")});
        log::info("two");
    }
    CHECK(directory.read("1").ends_with("one\n"));
    CHECK(directory.read("2").ends_with("\"two\"}\n"));
}

TEST_CASE("log: without a file, and after stop, lines go to standard error", "[base][log]") {
    const auto end = run_in_child([] {
        log::start({Level::info, Format::human, ""});
        log::info("queued");
        log::stop();
        log::reopen();  // of nothing
        log::stop();    // again
        log::info("direct");
    });
    CHECK(end.exit_code == 0);
    const auto queued = end.errors.find("queued\n");
    REQUIRE(queued != std::string::npos);
    CHECK(end.errors.find("direct\n", queued) != std::string::npos);
}

TEST_CASE("log: threads that log while it stops lose and tear no line", "[base][log]") {
    const TemporaryDirectory directory;
    constexpr int threads = 4;
    constexpr int lines_each = 1'000;
    const auto end = run_in_child([&] {
        log::start({Level::info, Format::human, directory.file("log")});
        std::vector<std::jthread> workers;
        for (int thread = 0; thread < threads; ++thread)
            workers.emplace_back([thread] {
                for (int i = 0; i < lines_each; ++i) log::info("e", {{"t", thread}, {"i", i}});
            });
        while (directory.read("log").empty()) std::this_thread::yield();
        log::stop();
    });
    CHECK(end.exit_code == 0);
    std::set<std::string> lines;
    std::istringstream text(directory.read("log") + end.errors);
    for (std::string line; std::getline(text, line);)
        CHECK(lines.insert(line.substr(time_bytes(""))).second);
    CHECK(lines.size() == threads * lines_each);
    for (int thread = 0; thread < threads; ++thread)
        for (int i = 0; i < lines_each; ++i)
            REQUIRE(lines.contains(" info     e  t=" + std::to_string(thread) +
                                   " i=" + std::to_string(i)));
}
