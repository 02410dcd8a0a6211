/// Accepts connections of one address on one loop and starts a session for each.
///
/// threads: the loop's own; made before the loop runs
#pragma once

#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <memory>

#include "server/http/session.h"
#include "server/http/tls_context.h"

namespace holdfast::http {

/// A descriptor kept for the moment when there is no other: it lets a connection be accepted only
/// to be told so, instead of leaving it in the queue and the acceptor readable for ever.
class SpareDescriptor {
public:
    SpareDescriptor() { take(); }
    ~SpareDescriptor() { release(); }
    SpareDescriptor(const SpareDescriptor&) = delete;
    SpareDescriptor& operator=(const SpareDescriptor&) = delete;
    void take();
    void release();

private:
    int descriptor_ = -1;
};

class Listener {
public:
    /// socket: bound and listening, non-blocking; owned from here on. tls may be null.
    Listener(const Session::Place& place, int socket, bool is_v6, std::shared_ptr<TlsContext> tls);

    base::Awaitable<void> run();
    /// Serves what the kernel has accepted already, then closes.
    void stop();

private:
    using Acceptor = base::asio::basic_socket_acceptor<base::asio::ip::tcp, base::IoExecutor>;
    using Timer =
        base::asio::basic_waitable_timer<std::chrono::steady_clock,
                                         base::asio::wait_traits<std::chrono::steady_clock>,
                                         base::IoExecutor>;

    enum class Accepted { all, out_of_descriptors };
    Accepted accept_all();
    void admit(int socket, Peer peer);
    void refuse(int socket, prometheus::Counter& reason);
    void refuse_with_spare();
    std::unique_ptr<Transport> make_transport(int socket) const;

    const Session::Place place_;
    const std::shared_ptr<TlsContext> tls_;
    Acceptor acceptor_;
    Timer pause_;
    SpareDescriptor spare_;
};

}  // namespace holdfast::http
