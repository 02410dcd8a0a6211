#include <sys/socket.h>

#include <cerrno>

#include "server/http/transport.h"

namespace holdfast::http {

namespace {

class PlainTransport final : public Transport {
public:
    explicit PlainTransport(int socket) : socket_(socket) {}

    IoStep handshake() override { return {IoStep::State::done, 0}; }

    IoStep read(base::ByteSpan to) override {
        ssize_t count = 0;
        do {
            count = ::recv(socket_, to.data(), to.size(), 0);
        } while (count < 0 && errno == EINTR);
        if (count > 0) return {IoStep::State::done, static_cast<std::size_t>(count)};
        if (count == 0) return {IoStep::State::ended, 0};
        return {would_block() ? IoStep::State::wants_read : IoStep::State::failed, 0};
    }

    IoStep write(std::span<const iovec> parts) override {
        msghdr message{};
        // The kernel's interface lacks const; it does not write there.
        message.msg_iov = const_cast<iovec*>(parts.data());
        message.msg_iovlen = parts.size();
        ssize_t count = 0;
        do {
            count = ::sendmsg(socket_, &message, MSG_NOSIGNAL);
        } while (count < 0 && errno == EINTR);
        if (count >= 0) return {IoStep::State::done, static_cast<std::size_t>(count)};
        return {would_block() ? IoStep::State::wants_write : IoStep::State::failed, 0};
    }

    void end_writing() override { ::shutdown(socket_, SHUT_WR); }

    [[nodiscard]] bool may_hold_bytes() const override { return false; }

private:
    static bool would_block() { return errno == EAGAIN || errno == EWOULDBLOCK; }

    const int socket_;
};

}  // namespace

std::unique_ptr<Transport> make_plain_transport(int socket) {
    return std::make_unique<PlainTransport>(socket);
}

}  // namespace holdfast::http
