#include "base/log_writer.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <deque>
#include <filesystem>
#include <future>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "base/metrics.h"
#include "tests/catch.h"
#include "tests/temporary_directory.h"
#include "tests/unit/base/child.h"

using namespace holdfast::base;
using holdfast::tests::run_in_child;
using holdfast::tests::TemporaryDirectory;
using log::LineQueue;
using log::Writer;

namespace {

Writer::Notices notices() {
    return {[](std::uint64_t lines) { return "dropped " + std::to_string(lines) + '\n'; },
            [](const std::string& path, int code) {
                return "not opened " + path + ' ' + std::to_string(code) + '\n';
            }};
}

/// What the metric of lost lines says; 0 before the first.
std::uint64_t lines_lost(const std::string& reason) {
    const auto text = metrics::render();
    const auto name = "\nholdfast_log_lines_lost_total{reason=\"" + reason + "\"} ";
    const auto found = text.find(name);
    return found == std::string::npos ? 0 : std::stoull(text.substr(found + name.size()));
}

std::vector<std::string> lines_of(const std::string& text) {
    std::vector<std::string> lines;
    std::istringstream stream(text);
    for (std::string line; std::getline(stream, line);) lines.push_back(line);
    return lines;
}

std::string read_to_end(int from) {
    std::string text;
    std::array<char, 4096> buffer;
    for (;;) {
        const auto got = ::read(from, buffer.data(), buffer.size());
        if (got <= 0) return text;
        text.append(buffer.data(), static_cast<std::size_t>(got));
    }
}

constexpr std::size_t line_bytes = 100;

std::string numbered_line(std::size_t number) {
    auto line = std::to_string(number) + ' ';
    line.resize(line_bytes - 1, '.');
    return line + '\n';
}

}  // namespace

TEST_CASE("log queue: lines come out once, oldest first", "[base][log]") {
    LineQueue queue(10, 100);
    CHECK(queue.empty());
    queue.push("a");
    queue.push("b");
    CHECK_FALSE(queue.empty());
    const auto batch = queue.take();
    CHECK(batch.lines == std::deque<std::string>{"a", "b"});
    CHECK(batch.dropped == 0);
    CHECK(queue.empty());
    CHECK(queue.take().lines.empty());
}

TEST_CASE("log queue: too many lines drop the oldest, counted until the next take", "[base][log]") {
    LineQueue queue(2, 100);
    for (const char* line : {"a", "b", "c", "d"}) queue.push(line);
    const auto batch = queue.take();
    CHECK(batch.lines == std::deque<std::string>{"c", "d"});
    CHECK(batch.dropped == 2);
    queue.push("e");
    CHECK(queue.take().dropped == 0);
}

TEST_CASE("log queue: too many bytes drop the oldest, the last line always stays", "[base][log]") {
    LineQueue queue(100, 10);
    for (const char* line : {"aaaa", "bbbb", "cc"}) queue.push(line);
    CHECK(queue.take().dropped == 0);
    for (const char* line : {"aaaa", "bbbb", "ccc"}) queue.push(line);
    auto batch = queue.take();
    CHECK(batch.lines == std::deque<std::string>{"bbbb", "ccc"});
    CHECK(batch.dropped == 1);
    queue.push("a");
    queue.push(std::string(50, 'b'));
    batch = queue.take();
    CHECK(batch.lines == std::deque<std::string>{std::string(50, 'b')});
    CHECK(batch.dropped == 1);
    queue.push("aaaa");  // a take gives all the room back
    queue.push("bbbb");
    CHECK(queue.take().dropped == 0);
}

TEST_CASE("log writer: what is queued when it ends is written", "[base][log]") {
    const TemporaryDirectory directory;
    for (const auto* text : {"first\n", "second\n"})
        Writer(directory.file("log"), notices()).push(text);
    CHECK(directory.read("log") == "first\nsecond\n");
    { const Writer silent(directory.file("silent"), notices()); }
    CHECK(std::filesystem::is_empty(directory.file("silent")));
}

TEST_CASE("log writer: a line is written without an end or another line", "[base][log]") {
    const TemporaryDirectory directory;
    Writer writer(directory.file("log"), notices());
    for (const auto* expected : {"a\n", "a\nb\n"}) {
        writer.push(std::string(expected).substr(std::string(expected).size() - 2));
        while (directory.read("log") != expected) std::this_thread::yield();
    }
}

TEST_CASE("log writer: lines of many threads stay whole and in each one's order", "[base][log]") {
    const TemporaryDirectory directory;
    constexpr int threads = 4;
    constexpr int lines_each = 2'000;
    {
        Writer writer(directory.file("log"), notices());
        std::vector<std::jthread> workers;
        for (int thread = 0; thread < threads; ++thread)
            workers.emplace_back([&writer, thread] {
                for (int i = 0; i < lines_each; ++i)
                    writer.push(std::to_string(thread) + ' ' + std::to_string(i) + '\n');
            });
    }
    std::array<int, threads> next{};
    for (const auto& line : lines_of(directory.read("log"))) {
        auto& number = next.at(static_cast<std::size_t>(line.front() - '0'));
        REQUIRE(line.substr(1) == ' ' + std::to_string(number));
        ++number;
    }
    for (const int number : next) CHECK(number == lines_each);
}

TEST_CASE("log writer: a stuck file drops the oldest lines, and their number is told",
          "[base][log]") {
    // A pipe nobody reads takes 64 KiB; what the writer holds and what may wait is less than half
    // of the lines each, so that some must go.
    constexpr std::size_t lines = 40'000;
    const TemporaryDirectory directory;
    REQUIRE(::mkfifo(directory.file("pipe").c_str(), 0600) == 0);
    const int reader = ::open(directory.file("pipe").c_str(), O_RDONLY | O_NONBLOCK);
    REQUIRE(reader >= 0);
    const auto lost_before = lines_lost("queue_full");
    std::future<std::string> text;
    {
        Writer writer(directory.file("pipe"), notices());
        REQUIRE(::fcntl(reader, F_SETFL, 0) == 0);
        for (std::size_t i = 0; i < lines; ++i) writer.push(numbered_line(i));
        text = std::async(std::launch::async, [reader] { return read_to_end(reader); });
    }
    std::uint64_t next = 0;
    std::uint64_t dropped = 0;
    for (const auto& line : lines_of(text.get())) {
        if (line.starts_with("dropped ")) {
            const auto gap = std::stoull(line.substr(8));
            dropped += gap;
            next += gap;
        } else {
            REQUIRE(line + '\n' == numbered_line(next));
            ++next;
        }
    }
    ::close(reader);
    CHECK(next == lines);
    CHECK(dropped > 0);
    CHECK(lines_lost("queue_full") - lost_before == dropped);
}

TEST_CASE("log writer: lines that cannot be written are counted", "[base][log]") {
    const auto lost_before = lines_lost("write_failed");
    {
        Writer writer("/dev/full", notices());
        for (int i = 0; i < 3; ++i) writer.push("x\n");
    }
    CHECK(lines_lost("write_failed") - lost_before == 3);
}

TEST_CASE("log writer: its end says whether the last lines were written", "[base][log]") {
    const TemporaryDirectory directory;
    Writer silent("/dev/full", notices());
    CHECK(silent.finish());
    Writer full("/dev/full", notices());
    full.push("x\n");
    CHECK_FALSE(full.finish());
    Writer writer(directory.file("log"), notices());
    writer.push("x\n");
    CHECK(writer.finish());
    CHECK(directory.read("log") == "x\n");
}

TEST_CASE("log writer: after a rotation lines go to the new file, none is lost", "[base][log]") {
    const TemporaryDirectory directory;
    {
        Writer writer(directory.file("log"), notices());
        writer.push("before\n");
        std::filesystem::rename(directory.file("log"), directory.file("log.1"));
        writer.reopen();
        writer.push("after\n");
    }
    // The line from before may have waited until the new file was there.
    CHECK(directory.read("log.1") + directory.read("log") == "before\nafter\n");
    CHECK(directory.read("log").ends_with("after\n"));
}

TEST_CASE("log writer: the new file is made although nothing is said", "[base][log]") {
    const TemporaryDirectory directory;
    Writer writer(directory.file("log"), notices());
    std::filesystem::rename(directory.file("log"), directory.file("log.1"));
    writer.reopen();
    while (!std::filesystem::exists(directory.file("log"))) std::this_thread::yield();
}

TEST_CASE("log writer: a rotation that fails is told in the old file, which stays in use",
          "[base][log]") {
    const TemporaryDirectory directory;
    std::filesystem::create_directory(directory.file("d"));
    const auto path = directory.file("d/log");
    {
        Writer writer(path, notices());
        std::filesystem::rename(directory.file("d"), directory.file("e"));
        writer.reopen();
        writer.push("after\n");
    }
    CHECK(directory.read("e/log") ==
          "not opened " + path + ' ' + std::to_string(ENOENT) + "\nafter\n");
}

TEST_CASE("log writer: without its file lines go to standard error until a reopen finds it",
          "[base][log]") {
    const TemporaryDirectory directory;
    const auto path = directory.file("d/log");
    const auto told = "not opened " + path + ' ' + std::to_string(ENOENT) + '\n';
    const auto end = run_in_child([&] {
        { Writer(path, notices()).push("lost its file\n"); }
        Writer writer(path, notices());
        std::filesystem::create_directory(directory.file("d"));
        writer.reopen();
        writer.push("found it\n");
    });
    CHECK(end.exit_code == 0);
    CHECK(end.errors == told + "lost its file\n" + told);
    CHECK(directory.read("d/log") == "found it\n");
}

TEST_CASE("log writer: its thread takes no signals from those that serve", "[base][log]") {
    const TemporaryDirectory directory;
    const auto end = run_in_child([&] {
        const Writer writer(directory.file("log"), notices());
        sigset_t usr1;
        sigemptyset(&usr1);
        sigaddset(&usr1, SIGUSR1);
        sigset_t before;
        pthread_sigmask(SIG_BLOCK, &usr1, &before);
        if (sigismember(&before, SIGUSR1) != 0) ::_exit(1);  // the caller's mask is as it was
        ::kill(::getpid(), SIGUSR1);                         // deadly if a thread has it unblocked
        int taken = 0;
        sigwait(&usr1, &taken);
    });
    CHECK(end.signal == 0);
    CHECK(end.exit_code == 0);
}
