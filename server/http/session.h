/// One connection from accept to close: reads heads, runs the handler, answers, decides whether the
/// connection lives on. Plain and TLS differ in their Transport only.
///
/// Every wait goes through wait(), so every wait has a deadline. The deadline's timer is set only
/// when it would fire too late; otherwise it fires early and sets itself again, so a fast request
/// touches no timer. threads: the loop's own
#pragma once

#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <chrono>
#include <memory>
#include <string_view>

#include "base/operation_memory.h"
#include "server/http/chunk_framing.h"
#include "server/http/exchange.h"
#include "server/http/loop.h"
#include "server/http/request_parser.h"
#include "server/http/shared.h"
#include "server/http/transport.h"

namespace holdfast::http {

/// An unread rest of a body up to this is read and dropped to keep the connection.
inline constexpr std::uint64_t drained_body_bytes_max = 1 * base::MiB;
inline constexpr std::chrono::seconds drained_body_timeout{5};
/// After a last answer that the client may not have read yet, so that it is not lost in a reset.
inline constexpr std::uint64_t linger_bytes_max = 32 * base::MiB;
inline constexpr std::chrono::seconds linger_timeout{5};
inline constexpr std::string_view continue_text = "HTTP/1.1 100 Continue\r\n\r\n";

class Session final : public Exchange, public std::enable_shared_from_this<Session> {
public:
    using Socket = base::asio::basic_stream_socket<base::asio::ip::tcp, base::IoExecutor>;

    struct Place {
        Loop& loop;
        Shared& shared;
        RequestHandler& handler;
        bool limited;
    };
    Session(const Place& place, Socket socket, std::unique_ptr<Transport> transport, Peer peer);
    ~Session() override;
    Session(const Session&) = delete;
    Session& operator=(const Session&) = delete;

    /// The whole life. Returns when the connection is closed.
    base::Awaitable<void> run();
    /// The server stops: ends what only waits, lets a request finish.
    void begin_drain();
    /// Closes at once. True when a request was running.
    bool cut();

    [[nodiscard]] const RequestHead& head() const override { return parser_.head(); }
    [[nodiscard]] const Peer& peer() const override { return peer_; }
    base::Awaitable<Result<std::size_t>> read_body(base::ByteSpan to) override;
    base::Awaitable<Result<void>> send(ResponseHead head, base::ByteView body) override;
    base::Awaitable<Result<void>> start(ResponseHead head,
                                        std::optional<std::uint64_t> length) override;
    base::Awaitable<Result<void>> write(base::ByteView bytes) override;
    base::Awaitable<Result<void>> finish() override;
    [[nodiscard]] bool answered() const override { return answer_ != Answer::none; }
    void abort() override;

private:
    using Clock = std::chrono::steady_clock;
    using TimePoint = Clock::time_point;
    using Timer =
        base::asio::basic_waitable_timer<Clock, base::asio::wait_traits<Clock>, base::IoExecutor>;
    enum class Phase { handshake, idle, head, serving, closing };
    enum class Answer { none, streaming, complete };
    enum class Direction { read, write };
    enum class Waited { ready, timed_out, interrupted };

    /// Bytes moved since a moment, against the time spent waiting for the peer only: a slow handler
    /// is not the client's fault.
    struct Progress {
        Clock::duration waited{};
        std::uint64_t bytes = 0;
    };

    // session.cpp: the life of the connection
    base::Awaitable<bool> handshake();
    base::Awaitable<void> serve_requests();
    base::Awaitable<bool> read_head();
    base::Awaitable<bool> read_more_of_head(TimePoint deadline);
    base::Awaitable<void> serve();
    base::Awaitable<bool> enter_gate(TimePoint deadline);
    base::Awaitable<bool> reserve_memory(TimePoint deadline);
    base::Awaitable<void> tell_to_slow_down(prometheus::Counter& reason);
    base::Awaitable<void> run_handler();
    base::Awaitable<void> refuse(unsigned status, std::string_view code, std::string_view message);
    base::Awaitable<void> conclude();
    base::Awaitable<void> linger();
    void begin_request();

    // session_io.cpp: waiting and moving bytes
    base::Awaitable<Waited> wait(Direction direction, TimePoint deadline);
    void arm(TimePoint deadline);
    void timer_fired();
    base::Awaitable<Result<void>> wait_for_progress(Direction direction, Progress& progress);
    void count_progress(Progress& progress, std::size_t bytes) const;
    base::Awaitable<Result<std::size_t>> read_some(base::ByteSpan to);
    base::Awaitable<Result<void>> write_all(std::span<iovec> parts);
    base::Awaitable<Result<std::size_t>> fill_buffer();
    IoStep try_fill_buffer();
    void make_room();
    void release_buffer();
    [[nodiscard]] base::ByteView buffered() const;

    // session_body.cpp: the request's body
    [[nodiscard]] bool body_ended() const;
    [[nodiscard]] bool body_is_drainable() const;
    base::Awaitable<Result<void>> send_continue();
    base::Awaitable<Result<std::uint64_t>> next_body_bytes();
    base::Awaitable<Result<std::size_t>> take_body(base::ByteSpan to);
    base::Awaitable<bool> drain_body();
    ConnectionError fail_body(ConnectionError::Kind kind);

    // session_answer.cpp: the answer
    void compose(const ResponseHead& head, const Framing& framing);
    [[nodiscard]] bool prepare(const ResponseHead& head);
    base::Awaitable<Result<void>> send_composed(base::ByteView body);
    [[nodiscard]] bool sends_no_body(unsigned status) const;

    Loop& loop_;
    Shared& shared_;
    RequestHandler& handler_;
    const bool limited_;
    Socket socket_;
    std::unique_ptr<Transport> transport_;
    const Peer peer_;
    Phase phase_ = Phase::handshake;
    bool closed_ = false;  ///< the socket is gone
    bool keep_ = true;     ///< another request may follow
    bool linger_ = false;  ///< the client may still be sending
    bool write_failed_ = false;

    Timer timer_;
    TimePoint deadline_ = TimePoint::max();
    TimePoint armed_until_ = TimePoint::max();
    TimePoint wait_cap_ = TimePoint::max();  ///< no wait goes beyond, whatever its own deadline
    bool timed_out_ = false;
    base::OperationMemory wait_memory_;  ///< of the wait for the socket
    WaitTicket turn_;                    ///< what it waits for before it runs
    std::uint64_t memory_bytes_ = 0;     ///< set aside for the request that runs

    ReadBlocks::Block buffer_;
    std::size_t buffer_bytes_ = 0;  ///< capacity
    std::size_t begin_ = 0;
    std::size_t end_ = 0;

    RequestParser parser_;
    bool first_request_ = true;

    std::uint64_t body_left_ = 0;  ///< of a body with a length
    ChunkFraming chunks_;
    /// What the client still has to hear about its "Expect: 100-continue": `wanted` before it sends
    /// the body, `owed` only as a form, since the body is there or empty. Some clients (botocore)
    /// take an answer without 100 for one that ends the connection: on the next request of a kept
    /// one they go on with this one's status.
    enum class Continue { none, wanted, owed };
    Continue continue_ = Continue::none;
    std::optional<ConnectionError> body_failure_;
    Progress read_progress_;
    Progress write_progress_;

    Answer answer_ = Answer::none;
    bool head_pending_ = false;  ///< composed, leaves with the first bytes of the body
    bool no_body_ = false;       ///< of the answer: HEAD, 204, 304
    bool chunked_answer_ = false;
    std::optional<std::uint64_t> answer_left_;
    std::string head_text_;
};

}  // namespace holdfast::http
