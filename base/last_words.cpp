#include "base/last_words.h"

#include <signal.h>
#include <sys/time.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <initializer_list>

#include "base/log.h"

namespace holdfast::base {

namespace {

/// For the log, which takes half a second at most, and then for standard error.
constexpr std::chrono::milliseconds patience{900};
static_assert(patience < std::chrono::seconds(1));  // tv_usec takes no more

std::atomic<bool> crashing{false};

/// Text of a fixed size: there may be no memory for any other. What is too long is cut off.
class Text {
public:
    Text(std::initializer_list<std::string_view> parts) {
        for (const auto part : parts)
            bytes_used_ += part.copy(bytes_.data() + bytes_used_, bytes_.size() - bytes_used_);
    }
    [[nodiscard]] std::string_view view() const { return {bytes_.data(), bytes_used_}; }

private:
    std::array<char, 1024> bytes_;
    std::size_t bytes_used_ = 0;
};

Text reason_of(const std::exception_ptr& uncaught) {
    if (!uncaught) return {"terminated without an exception"};
    try {
        std::rethrow_exception(uncaught);
    } catch (const std::exception& thrown) {
        return {"an exception that nobody caught: ", thrown.what()};
    } catch (...) {
        return {"an unknown exception that nobody caught"};
    }
}

[[noreturn]] void terminated() {
    crash(reason_of(std::current_exception()).view());
}

/// Whatever hangs meanwhile, on whatever lock or pipe.
void abort_in_time() {
    ::signal(SIGALRM, [](int) { std::abort(); });
    sigset_t alarm;
    ::sigemptyset(&alarm);
    ::sigaddset(&alarm, SIGALRM);
    ::pthread_sigmask(SIG_UNBLOCK, &alarm, nullptr);
    const itimerval once{{}, {0, std::chrono::microseconds(patience).count()}};
    ::setitimer(ITIMER_REAL, &once, nullptr);
}

bool write_to_log(std::string_view reason) {
    try {
        return log::write_last("crashed", {{"reason", reason}});
    } catch (...) {
        return false;  // without memory there may be no thread to write it
    }
}

/// Past the lock of the C library's stream, which a thread may hold that hangs in it.
void write_to_standard_error(std::string_view reason) {
    const Text line{"holdfast: crashed: ", reason, "\n"};
    // Nobody is left to be told when that fails as well.
    const auto written = ::write(STDERR_FILENO, line.view().data(), line.view().size());
    static_cast<void>(written);
}

}  // namespace

void crash_on_uncaught() {
    std::set_terminate(terminated);
}

bool is_crashing() noexcept {
    return crashing.load(std::memory_order_relaxed);
}

void crash(std::string_view reason) noexcept {
    while (crashing.exchange(true)) ::pause();  // also when writing the last line ends here
    abort_in_time();
    if (!write_to_log(reason)) write_to_standard_error(reason);
    std::abort();
}

}  // namespace holdfast::base
