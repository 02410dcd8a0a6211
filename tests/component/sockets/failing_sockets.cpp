#include "tests/component/sockets/failing_sockets.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <limits>

namespace holdfast::test {

namespace {

std::atomic<std::uint64_t> calls_left = 0;  ///< 0: none is to fail
std::atomic<bool> fails_for_ever = false;
std::atomic<SocketFault> kind = SocketFault::reset;
std::atomic<std::uint64_t> accepts_left = 0;
std::atomic<int> accept_code = 0;
std::atomic<bool> failed = false;
thread_local bool is_client = false;

bool is_socket(int descriptor) {
    struct stat status {};
    return ::fstat(descriptor, &status) == 0 && S_ISSOCK(status.st_mode);
}

/// Counts this call.
bool must_fail() {
    if (is_client) return false;
    auto left = calls_left.load();
    do {
        if (left == 0) return false;
        if (left == 1 && fails_for_ever) break;
    } while (!calls_left.compare_exchange_weak(left, left - 1));
    if (left > 1) return false;
    failed = true;
    return true;
}

ssize_t fail_with(int code) {
    errno = code;
    return -1;
}

/// What a call moves that is to move `size` bytes: the number of bytes, or what it returns instead.
struct Move {
    std::size_t size;
    bool happens = true;
    ssize_t result = 0;
};

Move moved(std::size_t size, bool reads) {
    if (!must_fail()) return {size};
    switch (kind) {
        case SocketFault::reset:
            return {0, false, fail_with(ECONNRESET)};
        case SocketFault::broken:
            return {0, false, reads ? 0 : fail_with(EPIPE)};
        case SocketFault::interrupted:
            return {0, false, fail_with(EINTR)};
        case SocketFault::short_count:
            break;
    }
    return {std::min<std::size_t>(size, 1)};
}

/// Of a call that moves nothing.
bool fails_as_such() {
    if (!must_fail() || kind == SocketFault::short_count) return false;
    errno = EINVAL;
    return true;
}

}  // namespace

void fail_socket_call(std::uint64_t nth, SocketFault fault, bool for_ever) {
    is_client = true;
    failed = false;
    kind = fault;
    fails_for_ever = for_ever;
    calls_left = nth;
}

void fail_accepts(std::uint64_t count, int code) {
    is_client = true;
    failed = false;
    accept_code = code;
    accepts_left = count;
}

bool heal_sockets() {
    calls_left = 0;
    accepts_left = 0;
    return failed;
}

bool socket_call_failed() {
    return failed;
}

}  // namespace holdfast::test

namespace test = holdfast::test;

extern "C" ssize_t recv(int socket, void* to, std::size_t size, int flags) {
    const auto move = test::moved(size, true);
    if (!move.happens) return move.result;
    return ::syscall(SYS_recvfrom, socket, to, move.size, flags, nullptr, nullptr);
}

extern "C" ssize_t send(int socket, const void* from, std::size_t size, int flags) {
    const auto move = test::moved(size, false);
    if (!move.happens) return move.result;
    return ::syscall(SYS_sendto, socket, from, move.size, flags, nullptr, 0);
}

extern "C" ssize_t sendmsg(int socket, const msghdr* message, int flags) {
    constexpr auto everything = std::numeric_limits<std::size_t>::max();
    const auto move = test::moved(everything, false);
    if (!move.happens) return move.result;
    if (move.size == everything) return ::syscall(SYS_sendmsg, socket, message, flags);
    const auto* const parts = message->msg_iov;
    const auto* const first = std::find_if(parts, parts + message->msg_iovlen,
                                           [](const iovec& part) { return part.iov_len > 0; });
    if (first == parts + message->msg_iovlen) return 0;
    return ::syscall(SYS_sendto, socket, first->iov_base, move.size, flags, nullptr, 0);
}

// OpenSSL reads and writes its sockets with these two.
extern "C" ssize_t read(int descriptor, void* to, std::size_t size) {
    if (!test::is_client && test::is_socket(descriptor)) {
        const auto move = test::moved(size, true);
        if (!move.happens) return move.result;
        size = move.size;
    }
    return ::syscall(SYS_read, descriptor, to, size);
}

extern "C" ssize_t write(int descriptor, const void* from, std::size_t size) {
    if (!test::is_client && test::is_socket(descriptor)) {
        const auto move = test::moved(size, false);
        if (!move.happens) return move.result;
        size = move.size;
    }
    return ::syscall(SYS_write, descriptor, from, size);
}

extern "C" int setsockopt(int socket, int level, int name, const void* value,
                          socklen_t size) noexcept {
    if (test::fails_as_such()) return -1;
    return static_cast<int>(::syscall(SYS_setsockopt, socket, level, name, value, size));
}

extern "C" int shutdown(int socket, int how) noexcept {
    if (test::fails_as_such()) return -1;
    return static_cast<int>(::syscall(SYS_shutdown, socket, how));
}

extern "C" int accept4(int socket, sockaddr* address, socklen_t* size, int flags) {
    auto left = test::accepts_left.load();
    while (left > 0 && !test::accepts_left.compare_exchange_weak(left, left - 1)) {
    }
    if (left > 0) {
        test::failed = true;
        errno = test::accept_code;
        return -1;
    }
    return static_cast<int>(::syscall(SYS_accept4, socket, address, size, flags));
}
