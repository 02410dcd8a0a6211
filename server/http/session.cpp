#include "server/http/session.h"

#include <sys/socket.h>

#include <boost/asio/as_tuple.hpp>
#include <exception>
#include <new>

#include "base/failpoint.h"
#include "base/log.h"

namespace holdfast::http {

Session::Session(const Place& place, Socket socket, std::unique_ptr<Transport> transport, Peer peer)
    : loop_(place.loop),
      shared_(place.shared),
      handler_(place.handler),
      limited_(place.limited),
      socket_(std::move(socket)),
      transport_(std::move(transport)),
      peer_(std::move(peer)),
      timer_(socket_.get_executor()),
      parser_(shared_.limits) {
    loop_.sessions.insert(this);
    shared_.session_begins();
    shared_.metrics.connections_open.Increment();
}

Session::~Session() {
    loop_.sessions.erase(this);
    shared_.connection_limits.release(peer_.address);
    shared_.metrics.connections_open.Decrement();
    shared_.session_ends();
}

base::Awaitable<void> Session::run() {
    try {
        if (co_await handshake()) {
            co_await serve_requests();
            co_await linger();
        }
    } catch (const std::exception& error) {
        base::log::error("http.session_failed", {{"cause", error.what()}});
    }
    timer_.cancel();
    boost::system::error_code ignored;  // the connection is over either way
    if (!closed_) socket_.close(ignored);
    closed_ = true;
}

base::Awaitable<bool> Session::handshake() {
    const auto deadline = Clock::now() + shared_.limits.tls_handshake_timeout;
    while (!closed_) {
        const IoStep step = transport_->handshake();
        Direction direction = Direction::read;
        switch (step.state) {
            case IoStep::State::done:
                co_return true;
            case IoStep::State::wants_read:
                break;
            case IoStep::State::wants_write:
                direction = Direction::write;
                break;
            default:
                shared_.metrics.handshakes_failed.Increment();
                co_return false;
        }
        if (co_await wait(direction, deadline) == Waited::ready) continue;
        if (timed_out_) shared_.metrics.timeouts.Increment();
        break;
    }
    co_return false;
}

base::Awaitable<void> Session::serve_requests() {
    bool has_request = co_await read_head();
    while (has_request) {
        co_await serve();
        first_request_ = false;
        if (!keep_ || closed_) break;
        parser_.reset();
        has_request = co_await read_head();
    }
}

/// False: the connection is to be closed; what there was to say has been said.
base::Awaitable<bool> Session::read_head() {
    phase_ = Phase::idle;
    bool started = first_request_;  // the clock of the first head runs from the accept
    const auto& limits = shared_.limits;
    TimePoint deadline = Clock::now();
    if (started) {
        deadline += limits.header_timeout;
    } else {
        deadline += limits.idle_timeout;
    }
    while (true) {
        if (begin_ != end_) {
            begin_ += parser_.parse(base::as_text(buffered()));
            if (parser_.state() == RequestParser::State::complete) break;
            if (parser_.state() == RequestParser::State::refused) {
                shared_.metrics.refused_head.Increment();
                const Refusal& why = parser_.refusal();
                co_await refuse(why.status, why.code, why.message);
                co_return false;
            }
            phase_ = Phase::head;
            if (!started) deadline = Clock::now() + limits.header_timeout;
            started = true;
        }
        if (!co_await read_more_of_head(deadline)) co_return false;
    }
    static_cast<void>(HF_FAILPOINT("header.read"));
    begin_request();
    co_return true;
}

/// Waits before it reads where nothing can be there yet: that saves a call for each request, and
/// the buffer of an idle connection.
base::Awaitable<bool> Session::read_more_of_head(TimePoint deadline) {
    release_buffer();
    bool wait_first = phase_ == Phase::idle && !transport_->may_hold_bytes();
    Direction direction = Direction::read;
    while (!closed_) {
        const bool draining = shared_.draining.load();
        if (wait_first && !draining) {
            const Waited waited = co_await wait(direction, deadline);
            if (waited == Waited::timed_out) {
                shared_.metrics.timeouts.Increment();
                co_return false;
            }
            if (waited == Waited::interrupted && !shared_.draining.load()) co_return false;
        }
        const IoStep step = try_fill_buffer();
        switch (step.state) {
            case IoStep::State::done:
                co_return true;
            case IoStep::State::wants_read:
                direction = Direction::read;
                break;
            case IoStep::State::wants_write:
                direction = Direction::write;
                break;
            default:
                co_return false;
        }
        // A request that was on its way when the server began to stop is still served.
        if (shared_.draining.load() && phase_ == Phase::idle) co_return false;
        release_buffer();
        wait_first = true;
        if (!draining) continue;
        if (co_await wait(direction, deadline) != Waited::ready) co_return false;
    }
    co_return false;
}

void Session::begin_request() {
    const RequestHead& request = head();
    body_left_ = request.content_length.value_or(0);
    chunks_ = {};
    continue_ = Continue::none;
    if (request.expect_continue) continue_ = body_ended() ? Continue::owed : Continue::wanted;
    body_failure_.reset();
    read_progress_ = {};
    write_progress_ = {};
    answer_ = Answer::none;
    head_pending_ = false;
    no_body_ = false;
    chunked_answer_ = false;
    answer_left_.reset();
    keep_ = true;
    phase_ = Phase::serving;
}

base::Awaitable<void> Session::serve() {
    // The guards also work when the coroutine is destroyed while it is suspended, at the end of the
    // process.
    struct Memory {
        Session& session;
        ~Memory() {
            if (session.memory_bytes_ > 0) session.shared_.memory.give_back(session.memory_bytes_);
            session.memory_bytes_ = 0;
        }
    };
    struct Place {
        RequestGate* gate;
        ~Place() {
            if (gate) gate->leave();
        }
    };
    const Memory memory{*this};
    const auto deadline = Clock::now() + shared_.limits.queue_timeout;  // of both waits
    bool admitted = co_await reserve_memory(deadline);
    if (admitted) admitted = co_await enter_gate(deadline);
    if (admitted) {
        const Place place{limited_ ? &shared_.gate : nullptr};
        co_await run_handler();
    }
    co_await conclude();
}

base::Awaitable<bool> Session::enter_gate(TimePoint deadline) {
    bool entered = !limited_ || shared_.gate.try_enter();
    if (!entered) entered = co_await shared_.gate.enter(turn_, deadline);
    if (!entered && !closed_) co_await tell_to_slow_down(shared_.metrics.refused_queue);
    co_return entered;
}

/// Not inside the gate: who waits for memory must not keep those out who need none.
base::Awaitable<bool> Session::reserve_memory(TimePoint deadline) {
    if (!limited_) co_return true;
    const MemoryQueue::Wanted wanted{estimated_memory_bytes(head()), reads_body(head())};
    const bool taken = co_await shared_.memory.take(turn_, wanted, deadline);
    if (taken) memory_bytes_ = wanted.bytes;
    if (closed_) co_return false;
    if (!taken) co_await tell_to_slow_down(shared_.metrics.refused_memory);
    co_return taken;
}

base::Awaitable<void> Session::tell_to_slow_down(prometheus::Counter& reason) {
    reason.Increment();
    auto [head, body] = handler_.refuse(503, "SlowDown", "Please reduce your request rate.");
    auto sent = co_await send(std::move(head), base::as_bytes(body));
    if (!sent) keep_ = false;
}

/// The one place where exceptions of a handler end.
base::Awaitable<void> Session::run_handler() {
    unsigned status = 500;
    std::string cause = "the handler returned without an answer";
    try {
        co_await handler_.handle(*this);
        if (answer_ == Answer::complete || closed_) co_return;
        if (write_failed_) {  // the client's doing
            abort();
            co_return;
        }
        if (answer_ == Answer::streaming) cause = "the handler did not finish its answer";
    } catch (const std::bad_alloc&) {
        status = 503;
        cause = "out of memory";
    } catch (const std::exception& error) {
        cause = error.what();
    } catch (...) {
        cause = "unknown exception";
    }
    const bool hopeless = body_failure_ && body_failure_->kind == ConnectionError::Kind::closed;
    if (hopeless && answer_ == Answer::none) co_return;  // nobody is there to be answered
    const auto& metrics = shared_.metrics;
    (status == 503 ? metrics.handlers_without_memory : metrics.handlers_failed).Increment();
    base::log::error("http.handler_failed", {{"method", head().method}, {"cause", cause}});
    if (answer_ == Answer::streaming) {
        abort();
    } else if (answer_ == Answer::none && status == 503) {
        co_await refuse(503, "ServiceUnavailable", "Please try again.");
    } else if (answer_ == Answer::none) {
        co_await refuse(500, "InternalError", "We encountered an internal error.");
    }
}

/// Answers in place of a handler; the connection ends with it.
base::Awaitable<void> Session::refuse(unsigned status, std::string_view code,
                                      std::string_view message) {
    auto [head, body] = handler_.refuse(status, code, message);
    head.close = true;
    answer_ = Answer::none;
    linger_ = true;
    // The connection ends here, whether this reached the client or not.
    static_cast<void>(co_await send(std::move(head), base::as_bytes(body)));
}

/// After the answer: drops the unread rest of the body, or decides to close.
base::Awaitable<void> Session::conclude() {
    if (answer_ != Answer::complete) keep_ = false;
    if (!keep_ || closed_) {
        linger_ = linger_ || !body_ended() || begin_ != end_;
        co_return;
    }
    if (body_ended()) co_return;
    const bool drained = co_await drain_body();
    if (drained) co_return;
    keep_ = false;
    linger_ = true;
}

/// Closing with unread bytes makes the kernel send a reset, which can destroy the answer before the
/// client reads it. So the client gets a while to finish.
base::Awaitable<void> Session::linger() {
    if (closed_) co_return;
    phase_ = Phase::closing;
    transport_->end_writing();
    release_buffer();
    if (!linger_ || shared_.draining.load()) co_return;
    const auto deadline = Clock::now() + linger_timeout;
    std::uint64_t dropped = 0;
    while (!closed_ && dropped < linger_bytes_max) {
        // MSG_TRUNC: the kernel drops the bytes without a copy. Encrypted ones need no decryption.
        const auto count = ::recv(socket_.native_handle(), nullptr, base::MiB, MSG_TRUNC);
        if (count > 0) {
            dropped += static_cast<std::uint64_t>(count);
            continue;
        }
        if (count == 0 || (errno != EAGAIN && errno != EINTR)) break;
        if (co_await wait(Direction::read, deadline) != Waited::ready) break;
    }
}

void Session::begin_drain() {
    if (phase_ == Phase::idle) {
        boost::system::error_code ignored;  // nothing to cancel is as good
        socket_.cancel(ignored);
    } else if (phase_ == Phase::handshake || phase_ == Phase::closing) {
        cut();
    }
}

bool Session::cut() {
    if (closed_) return false;
    closed_ = true;
    turn_.cancel();
    boost::system::error_code ignored;  // the connection is given up
    // A reset, so that the client does not take what it has for the whole answer.
    socket_.set_option(boost::asio::socket_base::linger(true, 0), ignored);
    socket_.close(ignored);
    return phase_ == Phase::serving;
}

}  // namespace holdfast::http
