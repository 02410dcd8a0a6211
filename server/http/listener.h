/// Accepts connections of one address on one loop and starts a session for each.
///
/// threads: the loop's own; made before the loop runs
#pragma once

#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <memory>

#include "base/operation_memory.h"
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

/// A socket that is closed unless somebody takes it.
class Descriptor {
public:
    explicit Descriptor(int value) : value_(value) {}
    ~Descriptor();
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    [[nodiscard]] int get() const { return value_; }
    void release() { value_ = -1; }

private:
    int value_;
};

class Listener {
public:
    /// socket: bound and listening, non-blocking; owned from here on. tls may be null.
    Listener(const Session::Place& place, int socket, bool is_v6, std::shared_ptr<TlsContext> tls);

    /// Lets in who comes, from here on.
    void start() { wait(); }
    /// Serves what the kernel has accepted already, then closes.
    void stop();

private:
    using Acceptor = base::asio::basic_socket_acceptor<base::asio::ip::tcp, base::IoExecutor>;
    using Timer =
        base::asio::basic_waitable_timer<std::chrono::steady_clock,
                                         base::asio::wait_traits<std::chrono::steady_clock>,
                                         base::IoExecutor>;

    enum class Accepted { all, out_of_descriptors };
    void wait();
    void let_in();
    Accepted accept_all();
    void take_in(int socket, const base::asio::ip::tcp::endpoint& endpoint);
    void admit(Descriptor& socket, const Peer& peer);
    void begin_session(Descriptor& socket, const Peer& peer);
    void refuse(Descriptor& socket, prometheus::Counter& reason);
    void refuse_with_spare();
    std::unique_ptr<Transport> make_transport(int socket) const;

    const Session::Place place_;
    const std::shared_ptr<TlsContext> tls_;
    Acceptor acceptor_;
    Timer pause_;
    /// Of its one wait, which is left in the loop's context when the listener goes before that.
    const std::shared_ptr<base::OperationMemory> wait_memory_ =
        std::make_shared<base::OperationMemory>();
    SpareDescriptor spare_;
    bool short_of_descriptors_ = false;  ///< logged once, until all who came were let in again
};

}  // namespace holdfast::http
