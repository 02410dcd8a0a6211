/// Listeners, event loops, limits, TLS and draining.
///
/// One single-threaded event loop for each core, each with its own SO_REUSEPORT acceptor; a
/// connection lives on one loop. source: docs/architecture.md 3; spec durability 3 and 4; spec auth
/// S-20 to S-24.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/limits.h"
#include "base/result.h"
#include "server/http/exchange.h"

namespace holdfast::http {

class MemoryGovernor;

struct Limits {
    std::size_t request_line_bytes_max = 16 * base::KiB;
    std::size_t header_section_bytes_max = 8 * base::KiB;
    std::size_t header_count_max = 128;
    std::chrono::milliseconds header_timeout{10'000};
    std::chrono::milliseconds idle_timeout{60'000};
    std::chrono::milliseconds tls_handshake_timeout{10'000};
    std::uint64_t body_rate_bytes_per_second_min = 1024;
    std::chrono::milliseconds body_rate_window{30'000};
    std::size_t connections_max = 20'000;
    std::size_t connections_per_address_max = 1'024;
    std::size_t running_requests_max = 256;
    std::size_t queued_requests_max = 1'024;
    std::chrono::milliseconds queue_timeout{2'000};
};

struct TlsFiles {
    std::string certificate;  ///< PEM chain
    std::string key;          ///< PEM
};

struct ListenOptions {
    std::string address = "127.0.0.1";
    std::uint16_t port = 0;  ///< 0: any free one
    std::optional<TlsFiles> tls;
    bool limited = true;  ///< false for health and metrics: never queued
};

struct ServerOptions {
    std::size_t loops = 1;
    Limits limits;
    std::string server_name = "Holdfast";
    /// Asked before each request of a limited listener; null: nobody is.
    std::shared_ptr<MemoryGovernor> memory = {};
};

/// How draining ended.
struct Drained {
    std::size_t requests_cut = 0;
    /// Sessions whose handlers did not end in time. What they wait for outside their loop (storage,
    /// say) owns their coroutines and will post to the loop: the Server must stay until it did.
    std::size_t sessions_left = 0;
};

struct StartError {
    std::string message;  ///< one line: what, which value, why
};

class Server {
public:
    Server(ServerOptions options, const base::Clock& clock);
    /// REQUIRES: no other thread is about to post to a loop, or inside the call that does.
    ~Server();

    /// Before run(). Returns the port bound.
    base::Expected<std::uint16_t, StartError> listen(const ListenOptions& options,
                                                     RequestHandler& handler);
    /// Starts the loops' threads and returns.
    void run();
    /// Any thread: runs `task` on the given loop (0 … loops-1), for background coroutines.
    void post(std::size_t loop, std::function<void()> task);
    [[nodiscard]] base::IoExecutor executor(std::size_t loop) const;

    /// SIGHUP: certificates are read again for new connections. The old ones stay when they are
    /// bad.
    base::Expected<void, StartError> reload_tls();
    /// Stops accepting, answers running requests with "Connection: close", waits up to `timeout`,
    /// cuts the rest, gives it a second to notice, joins the loops.
    Drained drain(std::chrono::milliseconds timeout);

private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace holdfast::http
