#include "server/http/listener.h"

#include <fcntl.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>

#include "base/failpoint.h"
#include "base/last_words.h"
#include "base/log.h"

namespace holdfast::http {

namespace asio = boost::asio;

namespace {

constexpr std::chrono::milliseconds out_of_descriptors_pause{100};
/// Between two looks at the loop's other work.
constexpr int accepted_in_a_row_max = 64;

/// An IPv4 client of a socket that serves both families is shown by its IPv4 address.
Peer peer_of(const asio::ip::tcp::endpoint& endpoint, bool tls) {
    asio::ip::address address = endpoint.address();
    if (address.is_v6() && address.to_v6().is_v4_mapped())
        address = asio::ip::make_address_v4(asio::ip::v4_mapped, address.to_v6());
    return {address.to_string(), address.is_loopback(), tls};
}

base::Awaitable<void> run_session(std::shared_ptr<Session> session) {
    co_await session->run();
}

}  // namespace

void SpareDescriptor::take() {
    if (descriptor_ < 0) descriptor_ = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
}

void SpareDescriptor::release() {
    if (descriptor_ >= 0) ::close(descriptor_);
    descriptor_ = -1;
}

Listener::Listener(const Session::Place& place, int socket, bool is_v6,
                   std::shared_ptr<TlsContext> tls)
    : place_(place),
      tls_(std::move(tls)),
      acceptor_(place.loop.context.get_executor()),
      pause_(place.loop.context.get_executor()) {
    acceptor_.assign(is_v6 ? asio::ip::tcp::v6() : asio::ip::tcp::v4(), socket);
}

base::Awaitable<void> Listener::run() {
    while (acceptor_.is_open()) {
        const auto [error] =
            co_await acceptor_.async_wait(Acceptor::wait_read, asio::as_tuple(base::use_awaitable));
        if (error) break;
        if (accept_all() == Accepted::all) continue;
        base::log::warning("http.out_of_file_descriptors");
        refuse_with_spare();
        pause_.expires_after(out_of_descriptors_pause);
        co_await pause_.async_wait(asio::as_tuple(base::use_awaitable));
    }
}

void Listener::stop() {
    if (!acceptor_.is_open()) return;
    accept_all();
    boost::system::error_code ignored;  // closed is closed
    acceptor_.close(ignored);
    pause_.cancel();
}

Listener::Accepted Listener::accept_all() {
    for (int i = 0; i < accepted_in_a_row_max; ++i) {
        asio::ip::tcp::endpoint endpoint;
        auto length = static_cast<socklen_t>(endpoint.capacity());
        const int socket = ::accept4(acceptor_.native_handle(), endpoint.data(), &length,
                                     SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (socket >= 0) {
            endpoint.resize(length);
            admit(socket, peer_of(endpoint, tls_ != nullptr));
            continue;
        }
        if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)
            return Accepted::out_of_descriptors;
        if (errno == EAGAIN || errno == EWOULDBLOCK) break;
        // Anything else belongs to that one connection (ECONNABORTED and the like, accept(2)).
    }
    return Accepted::all;
}

void Listener::admit(int socket, Peer peer) {
    Shared& shared = place_.shared;
    if (HF_FAILPOINT("accept") != base::Injected::none) {
        ::close(socket);
        return;
    }
    switch (shared.connection_limits.admit(peer.address)) {
        case ConnectionLimits::Verdict::admitted:
            break;
        case ConnectionLimits::Verdict::too_many:
            return refuse(socket, shared.metrics.refused_connections);
        case ConnectionLimits::Verdict::too_many_from_address:
            return refuse(socket, shared.metrics.refused_address);
    }
    shared.metrics.connections_accepted.Increment();
    const int on = 1;
    ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    auto transport = make_transport(socket);
    boost::system::error_code error;
    Session::Socket owned(place_.loop.context.get_executor());
    owned.assign(acceptor_.local_endpoint().protocol(), socket, error);
    if (!transport || error) {
        shared.connection_limits.release(peer.address);
        if (error) ::close(socket);
        return;
    }
    auto session =
        std::make_shared<Session>(place_, std::move(owned), std::move(transport), std::move(peer));
    asio::co_spawn(place_.loop.context.get_executor(), run_session(std::move(session)),
                   base::or_crash);
}

std::unique_ptr<Transport> Listener::make_transport(int socket) const {
    if (tls_) return tls_->make_transport(socket);
    return make_plain_transport(socket);
}

/// Tells what one packet can tell, without waiting: a flood must not hold anything here. A TLS
/// client gets no answer, a handshake would cost more than the connection.
void Listener::refuse(int socket, prometheus::Counter& reason) {
    reason.Increment();
    if (!tls_) {
        auto [head, body] =
            place_.handler.refuse(503, "SlowDown", "Please reduce your request rate.");
        std::string answer;
        Framing framing;
        framing.content_length = body.size();
        framing.connection = Framing::Connection::close;
        if (!may_be_sent(head)) head.headers.clear();
        write_head(answer, head, framing, place_.loop.standard_fields.text());
        answer += body;
        // Unread bytes would turn the close into a reset that overtakes the answer.
        ::recv(socket, nullptr, base::MiB, MSG_TRUNC | MSG_DONTWAIT);
        ::send(socket, answer.data(), answer.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
        ::shutdown(socket, SHUT_WR);
    }
    ::close(socket);
}

void Listener::refuse_with_spare() {
    spare_.release();
    const int socket =
        ::accept4(acceptor_.native_handle(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (socket >= 0) refuse(socket, place_.shared.metrics.refused_descriptors);
    spare_.take();
}

}  // namespace holdfast::http
