/// A server on a free port of 127.0.0.1 whose handler does what the target says.
#pragma once

#include <algorithm>
#include <atomic>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <new>
#include <stdexcept>

#include "base/worker_pool.h"
#include "server/http/server.h"
#include "tests/catch.h"

namespace holdfast::http::test {

class ScriptedHandler final : public RequestHandler {
public:
    base::Awaitable<void> handle(Exchange& exchange) override {
        std::string target = exchange.head().target;
        target.resize(std::min(target.find('?'), target.size()));
        if (target == "/echo") co_await echo(exchange);
        if (target == "/ignore") co_await answer(exchange, "ignored");
        if (target == "/peer") co_await answer(exchange, exchange.peer().address);
        if (target == "/hello") co_await answer(exchange, "hello");
        if (target == "/stream") co_await stream(exchange);
        if (target == "/endless") co_await endless(exchange);
        if (target == "/cut") co_await cut(exchange);
        if (target == "/wait") co_await wait(exchange);
        if (target == "/stuck") co_await stuck();
        if (target == "/forged") co_await forged(exchange);
        if (target == "/twice") co_await twice(exchange);
        if (target == "/too-long") co_await of_wrong_length(exchange, "abc");
        if (target == "/too-short") co_await of_wrong_length(exchange, "a");
        if (target == "/204") co_await empty(exchange);
        if (target == "/throw") throw std::runtime_error("on purpose");
        if (target == "/no-memory") throw std::bad_alloc();
    }

    std::pair<ResponseHead, std::string> refuse(unsigned status, std::string_view code,
                                                std::string_view) override {
        ResponseHead head;
        head.status = status;
        if (status == 503) head.headers.emplace_back("Retry-After", "1");
        return {head, std::string(code)};
    }

    /// Requests for /wait are answered from here on.
    void release() { released_ = true; }
    /// Gives the one request for /stuck what it waits for.
    void resume_stuck() {
        std::function<void(base::Unit)> resume;
        {
            const std::lock_guard lock(mutex_);
            resume.swap(resume_stuck_);
        }
        resume({});
    }
    void wait_until_waiting(int count) {
        std::unique_lock lock(mutex_);
        REQUIRE(
            changed_.wait_for(lock, std::chrono::seconds(20), [&] { return waiting_ >= count; }));
    }
    /// The error that the body of /echo or the answer of /endless ended with.
    ConnectionError::Kind wait_for_failure() {
        std::unique_lock lock(mutex_);
        REQUIRE(changed_.wait_for(lock, std::chrono::seconds(20),
                                  [&] { return failure_.has_value(); }));
        return failure_->kind;
    }

private:
    void failed(ConnectionError error) {
        const std::lock_guard lock(mutex_);
        failure_ = error;
        changed_.notify_all();
    }
    static base::Awaitable<void> answer(Exchange& exchange, std::string body) {
        ResponseHead head;
        static_cast<void>(co_await exchange.send(std::move(head), base::as_bytes(body)));
    }
    base::Awaitable<void> echo(Exchange& exchange) {
        std::string body;
        base::Bytes block(1000);
        while (true) {
            auto count = co_await exchange.read_body(block);
            if (!count) {
                failed(count.error());
                if (count.error().kind == ConnectionError::Kind::closed)
                    co_await answer_error(exchange, 400, "IncompleteBody");
                else
                    co_await answer_error(exchange, 400, "BadBody");
                co_return;
            }
            if (*count == 0) break;
            body += base::as_text(base::ByteView(block).first(*count));
        }
        co_await answer(exchange, body);
    }
    static base::Awaitable<void> answer_error(Exchange& exchange, unsigned status,
                                              std::string body) {
        ResponseHead head;
        head.status = status;
        static_cast<void>(co_await exchange.send(std::move(head), base::as_bytes(body)));
    }
    static base::Awaitable<void> stream(Exchange& exchange) {
        ResponseHead head;
        static_cast<void>(co_await exchange.start(std::move(head), std::nullopt));
        static_cast<void>(co_await exchange.write(base::as_bytes("one,")));
        static_cast<void>(co_await exchange.write(base::as_bytes("two")));
        static_cast<void>(co_await exchange.finish());
    }
    base::Awaitable<void> endless(Exchange& exchange) {
        const std::string block(256 * base::KiB, 'x');
        ResponseHead head;
        static_cast<void>(co_await exchange.start(std::move(head), std::uint64_t{1} << 40));
        while (true) {
            auto written = co_await exchange.write(base::as_bytes(block));
            if (written) continue;
            failed(written.error());
            co_return;
        }
    }
    static base::Awaitable<void> cut(Exchange& exchange) {
        ResponseHead head;
        static_cast<void>(co_await exchange.start(std::move(head), std::uint64_t{100}));
        static_cast<void>(co_await exchange.write(base::as_bytes("half")));
        exchange.abort();
    }
    base::Awaitable<void> wait(Exchange& exchange) {
        {
            const std::lock_guard lock(mutex_);
            ++waiting_;
            changed_.notify_all();
        }
        const auto executor = co_await boost::asio::this_coro::executor;
        boost::asio::basic_waitable_timer<std::chrono::steady_clock,
                                          boost::asio::wait_traits<std::chrono::steady_clock>,
                                          base::IoExecutor>
            timer(executor);
        while (!released_) {
            timer.expires_after(std::chrono::milliseconds(1));
            co_await timer.async_wait(base::use_awaitable);
        }
        co_await answer(exchange, "waited");
    }
    /// Waits as for a disk that does not answer: nothing of it is on the loop meanwhile.
    base::Awaitable<void> stuck() {
        auto start = [this](std::function<void(base::Unit)> resume) {
            const std::lock_guard lock(mutex_);
            resume_stuck_ = std::move(resume);
            ++waiting_;
            changed_.notify_all();
        };
        co_await base::await_callback<base::Unit>(start);
    }
    static base::Awaitable<void> forged(Exchange& exchange) {
        ResponseHead head;
        head.headers.emplace_back("x-amz-meta-a", "b\r\nSet-Cookie: c");
        static_cast<void>(co_await exchange.send(std::move(head), {}));
    }
    static base::Awaitable<void> twice(Exchange& exchange) {
        co_await answer(exchange, "first");
        co_await answer(exchange, "second");
    }
    static base::Awaitable<void> of_wrong_length(Exchange& exchange, std::string_view body) {
        ResponseHead head;
        static_cast<void>(co_await exchange.start(std::move(head), std::uint64_t{2}));
        static_cast<void>(co_await exchange.write(base::as_bytes(body)));
        static_cast<void>(co_await exchange.finish());
    }
    static base::Awaitable<void> empty(Exchange& exchange) {
        ResponseHead head;
        head.status = 204;
        static_cast<void>(co_await exchange.send(std::move(head), base::as_bytes("never sent")));
    }

    std::atomic<bool> released_{false};
    std::mutex mutex_;
    std::condition_variable changed_;
    int waiting_ = 0;
    std::function<void(base::Unit)> resume_stuck_;
    std::optional<ConnectionError> failure_;
};

struct TestServer {
    explicit TestServer(ServerOptions options = {}, ListenOptions listen = {})
        : server(std::move(options), clock) {
        const auto bound = server.listen(listen, handler);
        REQUIRE(bound);
        port = *bound;
        server.run();
    }

    base::SystemClock clock;
    ScriptedHandler handler;
    Server server;
    std::uint16_t port = 0;
};

/// Limits short enough for a test of each timeout, but only of the one that is meant.
inline ServerOptions with_limits(Limits limits) {
    ServerOptions options;
    options.limits = limits;
    return options;
}

}  // namespace holdfast::http::test
