#include "tests/unit/base/child.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "tests/catch.h"

namespace holdfast::tests {

namespace {

// Catch reports signals it sees; the child must die of them instead, and leave no core file.
[[noreturn]] void be_child(const std::function<void()>& work, int errors) {
    ::signal(SIGABRT, SIG_DFL);
    const rlimit no_core{0, 0};
    ::setrlimit(RLIMIT_CORE, &no_core);
    ::dup2(errors, STDERR_FILENO);
    work();
    ::_exit(0);
}

std::string read_to_end(int from) {
    std::string text;
    std::array<char, 512> buffer;
    for (;;) {
        const auto got = ::read(from, buffer.data(), buffer.size());
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) return text;
        text.append(buffer.data(), static_cast<std::size_t>(got));
    }
}

}  // namespace

ChildEnd run_in_child(const std::function<void()>& work) {
    std::array<int, 2> pipe;
    REQUIRE(::pipe(pipe.data()) == 0);
    const pid_t child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) be_child(work, pipe[1]);
    ::close(pipe[1]);
    ChildEnd end;
    end.errors = read_to_end(pipe[0]);
    ::close(pipe[0]);
    int status = 0;
    REQUIRE(::waitpid(child, &status, 0) == child);
    if (WIFSIGNALED(status)) end.signal = WTERMSIG(status);
    if (WIFEXITED(status)) end.exit_code = WEXITSTATUS(status);
    return end;
}

}  // namespace holdfast::tests
