#include "server/http/bound_socket.h"

#include <fmt/format.h>
#include <sys/socket.h>
#include <unistd.h>

#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <cerrno>
#include <cstring>

namespace holdfast::http {

namespace {

using Endpoint = boost::asio::ip::tcp::endpoint;

enum class Sharing { alone, with_other_loops };

StartError failed(const std::string& step, const std::string& address, std::uint16_t port) {
    return {fmt::format("listen {} port {}: {}: {}", address, port, step, std::strerror(errno))};
}

/// -1 with errno set when it cannot be had.
int bind_socket(Endpoint& endpoint, Sharing sharing) {
    const int socket =
        ::socket(endpoint.protocol().family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (socket < 0) return -1;
    const int on = 1;
    bool good = ::setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0;
    if (sharing == Sharing::with_other_loops)
        good = good && ::setsockopt(socket, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on) == 0;
    auto length = static_cast<socklen_t>(endpoint.size());
    good = good && ::bind(socket, endpoint.data(), length) == 0;
    good = good && ::getsockname(socket, endpoint.data(), &length) == 0;
    if (good) return socket;
    const int reason = errno;
    ::close(socket);
    errno = reason;
    return -1;
}

/// With SO_REUSEPORT two servers could take the same port without noticing: try it without first.
bool is_free(Endpoint endpoint) {
    const int socket = bind_socket(endpoint, Sharing::alone);
    if (socket < 0) return false;
    const bool free = ::listen(socket, 1) == 0;
    const int reason = errno;
    ::close(socket);
    errno = reason;
    return free;
}

}  // namespace

base::Expected<BoundSockets, StartError> bind_sockets(const std::string& address,
                                                      std::uint16_t port, std::size_t count) {
    boost::system::error_code error;
    const auto parsed = boost::asio::ip::make_address(address, error);
    if (error) return StartError{fmt::format("listen address \"{}\": not an IP address", address)};
    Endpoint endpoint(parsed, port);
    if (count > 1 && port != 0 && !is_free(endpoint)) return failed("bind", address, port);

    BoundSockets bound;
    bound.is_v6 = parsed.is_v6();
    const auto give_up = [&bound](StartError why) {
        for (const int socket : bound.sockets) ::close(socket);
        return why;
    };
    while (bound.sockets.size() < count) {
        const int socket =
            bind_socket(endpoint, count > 1 ? Sharing::with_other_loops : Sharing::alone);
        if (socket < 0) return give_up(failed("bind", address, port));
        bound.sockets.push_back(socket);
        if (::listen(socket, SOMAXCONN) != 0) return give_up(failed("listen", address, port));
    }
    bound.port = endpoint.port();
    return bound;
}

}  // namespace holdfast::http
