#include "bench/micro/loopback.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <system_error>

namespace holdfast::bench {

namespace {

int checked(int result, const char* what) {
    if (result < 0) throw std::system_error(errno, std::generic_category(), what);
    return result;
}

}  // namespace

Loopback::Loopback() {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    sockaddr generic{};
    std::memcpy(&generic, &address, sizeof generic);
    socklen_t length = sizeof generic;
    const int listener = checked(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket");
    checked(::bind(listener, &generic, length), "bind");
    checked(::listen(listener, 1), "listen");
    checked(::getsockname(listener, &generic, &length), "getsockname");
    sender_ = checked(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket");
    checked(::connect(sender_, &generic, length), "connect");
    receiver_ = checked(::accept(listener, nullptr, nullptr), "accept");
    ::close(listener);
    const int on = 1;
    checked(::setsockopt(sender_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on), "TCP_NODELAY");
}

Loopback::~Loopback() {
    ::close(sender_);
    ::close(receiver_);
}

bool Loopback::send(base::ByteView bytes) const {
    while (!bytes.empty()) {
        const auto sent = ::send(sender_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (sent <= 0) return false;
        bytes = bytes.subspan(static_cast<std::size_t>(sent));
    }
    return true;
}

std::size_t Loopback::receive(base::ByteSpan to) const {
    const auto got = ::recv(receiver_, to.data(), to.size(), 0);
    return got < 0 ? 0 : static_cast<std::size_t>(got);
}

std::size_t Loopback::discard(std::size_t bytes_max) const {
    iovec nowhere{nullptr, bytes_max};  // nothing is written, so there need not be room
    msghdr message{};
    message.msg_iov = &nowhere;
    message.msg_iovlen = 1;
    const auto got = ::recvmsg(receiver_, &message, MSG_TRUNC);
    return got < 0 ? 0 : static_cast<std::size_t>(got);
}

void Loopback::end_sending() const {
    ::shutdown(sender_, SHUT_WR);
}

}  // namespace holdfast::bench
