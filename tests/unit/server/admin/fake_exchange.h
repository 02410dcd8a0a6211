/// A request without a connection: what the handler sends is kept.
#pragma once

#include <string>

#include "base/spawn.h"
#include "server/http/exchange.h"

namespace holdfast::tests {

class FakeExchange final : public http::Exchange {
public:
    FakeExchange(std::string method, std::string target, http::Headers headers = {}) {
        head_.method = std::move(method);
        head_.target = std::move(target);
        head_.headers = std::move(headers);
    }

    [[nodiscard]] const http::RequestHead& head() const override { return head_; }
    [[nodiscard]] const http::Peer& peer() const override { return peer_; }
    base::Awaitable<http::Result<std::size_t>> read_body(base::ByteSpan) override {
        co_return std::size_t{0};
    }
    base::Awaitable<http::Result<void>> send(http::ResponseHead head,
                                             base::ByteView body) override {
        sent_head = std::move(head);
        sent_body = base::as_text(body);
        answers += 1;
        co_return http::Result<void>();
    }
    base::Awaitable<http::Result<void>> start(http::ResponseHead,
                                              std::optional<std::uint64_t>) override {
        co_return http::ConnectionError{};
    }
    base::Awaitable<http::Result<void>> write(base::ByteView) override {
        co_return http::ConnectionError{};
    }
    base::Awaitable<http::Result<void>> finish() override { co_return http::ConnectionError{}; }
    [[nodiscard]] bool answered() const override { return answers != 0; }
    void abort() override {}

    /// Lets a handler answer.
    void run(http::RequestHandler& handler) {
        boost::asio::io_context loop;
        base::spawn(loop, handler.handle(*this));
        loop.run();
    }
    [[nodiscard]] std::string sent_header(std::string_view name) const {
        for (const auto& [key, value] : sent_head.headers)
            if (key == name) return value;
        return {};
    }

    http::ResponseHead sent_head;
    std::string sent_body;
    int answers = 0;

private:
    http::RequestHead head_;
    http::Peer peer_{"127.0.0.1", true, false};
};

}  // namespace holdfast::tests
