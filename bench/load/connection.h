/// One keep-alive connection and its script: composes, sends, receives, judges. Edge-triggered: the
/// worker calls drive() when the socket changed, it goes on until the kernel has no more.
/// threads: one.
#pragma once

#include <netinet/in.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>

#include "bench/load/request.h"
#include "bench/load/response_parser.h"
#include "bench/load/script.h"
#include "bench/load/statistics.h"

namespace holdfast::bench {

/// What connections of one worker share.
struct ConnectionContext {
    sockaddr_in address{};
    int epoll = -1;
    RequestComposer& composer;
    std::string& buffer;  ///< scratch for what arrives
    Statistics& statistics;
    const std::atomic<bool>& recording;  ///< answers count only meanwhile
    const std::atomic<bool>& stopping;
};

class Connection {
public:
    Connection(ConnectionContext& context, std::unique_ptr<Script> script);
    ~Connection();
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;

    /// Connects and sends the first request.
    void start();
    void drive(std::uint32_t events);
    /// The script has no more, or the server cannot be reached any more.
    [[nodiscard]] bool finished() const { return phase_ == Phase::finished; }

private:
    enum class Phase { connecting, sending, receiving, finished };

    bool open();
    void close();
    bool next_request();
    bool send_some();
    bool receive_some();
    [[nodiscard]] bool receive_once(bool& drained);
    void answer_complete();
    void fail(const std::string& kind);
    [[nodiscard]] std::string judge() const;
    void record(const std::string& error);

    ConnectionContext& context_;
    std::unique_ptr<Script> script_;
    int socket_ = -1;
    Phase phase_ = Phase::finished;
    unsigned failures_in_a_row_ = 0;
    Request request_;
    std::string head_;
    std::size_t head_sent_ = 0;
    std::size_t piece_ = 0;  ///< of the body, the next to send
    std::size_t piece_offset_ = 0;
    std::uint64_t started_at_ = 0;
    bool request_pending_ = false;
    bool peer_closed_ = false;
    ResponseParser parser_;
};

}  // namespace holdfast::bench
