/// The system calls on sockets, which fail when they are told to, on every thread but the one that
/// tells: the server's loops, not the test's client.
#pragma once

#include <cstdint>

namespace holdfast::test {

enum class SocketFault {
    reset,        ///< ECONNRESET
    broken,       ///< a read finds the end, a write EPIPE
    short_count,  ///< a byte is moved at most
    interrupted,  ///< EINTR
};

/// The nth call of recv, send, sendmsg, read, write, setsockopt or shutdown on a socket from here
/// on; for_ever: and all after it.
void fail_socket_call(std::uint64_t nth, SocketFault fault, bool for_ever);
/// So many calls of accept4 from here on, with this errno.
void fail_accepts(std::uint64_t count, int code);
/// Everything works again. Whether a call had failed.
bool heal_sockets();
/// A call has failed. threads: any.
bool socket_call_failed();

}  // namespace holdfast::test
