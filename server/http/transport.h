/// The bytes of one connection, plain or TLS, without waiting: the session waits for the socket,
/// with its deadlines, in one place for both.
///
/// This is why no stream template is instantiated twice, and why an idle TLS connection costs
/// OpenSSL's state and no buffers (Asio's own TLS stream keeps 34 KiB for each).
/// threads: one event loop. The socket must be non-blocking and stays the caller's.
#pragma once

#include <sys/uio.h>

#include <cstddef>
#include <memory>
#include <span>

#include "base/bytes.h"

namespace holdfast::http {

/// What one attempt came to.
struct IoStep {
    enum class State {
        done,         ///< `bytes` were moved; at least one, unless nothing was to be moved
        wants_read,   ///< try again when the socket is readable
        wants_write,  ///< try again, with the same bytes, when the socket is writable
        ended,        ///< the peer sends nothing more
        failed,       ///< the connection is of no more use
    };
    State state = State::failed;
    std::size_t bytes = 0;
};

class Transport {
public:
    virtual ~Transport() = default;
    virtual IoStep handshake() = 0;
    virtual IoStep read(base::ByteSpan to) = 0;
    /// May write less than all of it.
    virtual IoStep write(std::span<const iovec> parts) = 0;
    /// Tells the peer that nothing more comes, as far as that is possible without waiting.
    virtual void end_writing() = 0;
    /// Bytes may be there although the socket is not readable.
    [[nodiscard]] virtual bool may_hold_bytes() const = 0;
};

std::unique_ptr<Transport> make_plain_transport(int socket);

}  // namespace holdfast::http
