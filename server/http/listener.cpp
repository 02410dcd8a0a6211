#include "server/http/listener.h"

#include <fcntl.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <boost/asio/bind_allocator.hpp>
#include <new>

#include "base/failpoint.h"
#include "base/log.h"
#include "base/spawn.h"

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

/// A session that there is no memory for ends alone: its end closes the connection.
base::Awaitable<void> run_session(std::shared_ptr<Session> session, prometheus::Counter& refused) {
    try {
        co_await session->run();
    } catch (const std::bad_alloc&) {
        refused.Increment();
    }
}

}  // namespace

void SpareDescriptor::take() {
    if (descriptor_ < 0) descriptor_ = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
}

void SpareDescriptor::release() {
    if (descriptor_ >= 0) ::close(descriptor_);
    descriptor_ = -1;
}

Descriptor::~Descriptor() {
    if (value_ >= 0) ::close(value_);
}

Listener::Listener(const Session::Place& place, int socket, bool is_v6,
                   std::shared_ptr<TlsContext> tls)
    : place_(place),
      tls_(std::move(tls)),
      acceptor_(place.loop.context.get_executor()),
      pause_(place.loop.context.get_executor()) {
    acceptor_.assign(is_v6 ? asio::ip::tcp::v6() : asio::ip::tcp::v4(), socket);
}

/// No coroutine: a wait in one needs memory each time, and without it nobody would be let in again.
void Listener::wait() {
    auto let_in_when_ready = [this, memory = wait_memory_](const boost::system::error_code& error) {
        if (!error) let_in();
    };
    acceptor_.async_wait(Acceptor::wait_read, asio::bind_allocator(wait_memory_->allocator(),
                                                                   std::move(let_in_when_ready)));
}

void Listener::let_in() {
    const bool were_short = short_of_descriptors_;
    short_of_descriptors_ = accept_all() == Accepted::out_of_descriptors;
    if (!short_of_descriptors_) return wait();
    if (!were_short) base::log::warning("http.out_of_file_descriptors");
    refuse_with_spare();
    pause_.expires_after(out_of_descriptors_pause);
    auto go_on = [this, memory = wait_memory_](const boost::system::error_code&) {
        if (acceptor_.is_open()) wait();
    };
    pause_.async_wait(asio::bind_allocator(wait_memory_->allocator(), std::move(go_on)));
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
            take_in(socket, endpoint);
            continue;
        }
        if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)
            return Accepted::out_of_descriptors;
        if (errno == EAGAIN || errno == EWOULDBLOCK) break;
        // Anything else belongs to that one connection (ECONNABORTED and the like, accept(2)).
    }
    return Accepted::all;
}

/// A connection that there is no memory for is closed, and the others go on.
void Listener::take_in(int socket, const asio::ip::tcp::endpoint& endpoint) {
    Descriptor owned(socket);
    if (HF_FAILPOINT("accept") != base::Injected::none) return;
    try {
        admit(owned, peer_of(endpoint, tls_ != nullptr));
    } catch (const std::bad_alloc&) {
        place_.shared.metrics.refused_memory.Increment();
    }
}

void Listener::admit(Descriptor& socket, const Peer& peer) {
    Shared& shared = place_.shared;
    switch (shared.connection_limits.admit(peer.address)) {
        case ConnectionLimits::Verdict::admitted:
            return begin_session(socket, peer);
        case ConnectionLimits::Verdict::too_many:
            return refuse(socket, shared.metrics.refused_connections);
        case ConnectionLimits::Verdict::too_many_from_address:
            return refuse(socket, shared.metrics.refused_address);
    }
}

/// REQUIRES: the connection was admitted; that is given back here, or by the session.
void Listener::begin_session(Descriptor& socket, const Peer& peer) {
    struct Admission {
        ConnectionLimits& limits;
        const std::string& address;
        bool handed_over = false;
        ~Admission() {
            if (!handed_over) limits.release(address);
        }
    };
    Shared& shared = place_.shared;
    Admission admission{shared.connection_limits, peer.address};
    const int on = 1;
    ::setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    auto transport = make_transport(socket.get());
    if (!transport) throw std::bad_alloc();
    boost::system::error_code error;
    Session::Socket owned(place_.loop.context.get_executor());
    owned.assign(acceptor_.local_endpoint().protocol(), socket.get(), error);
    if (error) return;
    socket.release();
    auto session = std::make_shared<Session>(place_, std::move(owned), std::move(transport), peer);
    admission.handed_over = true;
    shared.metrics.connections_accepted.Increment();
    base::spawn(place_.loop.context.get_executor(),
                run_session(std::move(session), shared.metrics.refused_memory));
}

std::unique_ptr<Transport> Listener::make_transport(int socket) const {
    if (tls_) return tls_->make_transport(socket);
    return make_plain_transport(socket);
}

/// Tells what one packet can tell, without waiting: a flood must not hold anything here. A TLS
/// client gets no answer, a handshake would cost more than the connection.
void Listener::refuse(Descriptor& socket, prometheus::Counter& reason) {
    reason.Increment();
    if (tls_) return;
    auto [head, body] = place_.handler.refuse(503, "SlowDown", "Please reduce your request rate.");
    std::string answer;
    Framing framing;
    framing.content_length = body.size();
    framing.connection = Framing::Connection::close;
    if (!may_be_sent(head)) head.headers.clear();
    write_head(answer, head, framing, place_.loop.standard_fields.text());
    answer += body;
    // Unread bytes would turn the close into a reset that overtakes the answer.
    ::recv(socket.get(), nullptr, base::MiB, MSG_TRUNC | MSG_DONTWAIT);
    ::send(socket.get(), answer.data(), answer.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    ::shutdown(socket.get(), SHUT_WR);
}

void Listener::refuse_with_spare() {
    spare_.release();
    {
        Descriptor socket(
            ::accept4(acceptor_.native_handle(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
        try {
            if (socket.get() >= 0) refuse(socket, place_.shared.metrics.refused_descriptors);
        } catch (const std::bad_alloc&) {
            // It is closed without a word.
        }
    }
    spare_.take();
}

}  // namespace holdfast::http
