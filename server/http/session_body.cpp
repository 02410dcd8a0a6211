#include <algorithm>

#include "base/assert.h"
#include "server/http/session.h"

namespace holdfast::http {

bool Session::body_ended() const {
    if (head().chunked) return chunks_.state() == ChunkFraming::State::done;
    return body_left_ == 0;
}

/// Reading the rest and dropping it is cheaper for both than a new connection.
bool Session::body_is_drainable() const {
    if (body_ended()) return true;
    if (body_failure_ || continue_ == Continue::wanted) return false;
    return head().chunked || body_left_ <= drained_body_bytes_max;
}

ConnectionError Session::fail_body(ConnectionError::Kind kind) {
    body_failure_ = ConnectionError{kind};
    keep_ = false;
    linger_ = kind != ConnectionError::Kind::closed;
    return *body_failure_;
}

base::Awaitable<Result<std::size_t>> Session::read_body(base::ByteSpan to) {
    HF_ASSERT(!to.empty());
    if (body_failure_) co_return *body_failure_;
    if (body_ended()) co_return std::size_t{0};
    if (continue_ == Continue::wanted) {
        auto sent = co_await send_continue();
        if (!sent) co_return fail_body(sent.error().kind);
    }
    auto bytes = co_await next_body_bytes();
    if (!bytes) co_return fail_body(bytes.error().kind);
    if (*bytes == 0) co_return std::size_t{0};

    const auto room = static_cast<std::size_t>(std::min<std::uint64_t>(*bytes, to.size()));
    auto count = co_await take_body(to.first(room));
    if (!count) co_return fail_body(count.error().kind);
    // The client ended its side before the body's end. It may still listen: an answer is tried.
    if (*count == 0) co_return fail_body(ConnectionError::Kind::closed);
    if (head().chunked) {
        chunks_.data_taken(*count);
    } else {
        body_left_ -= *count;
    }
    co_return *count;
}

/// A client whose body is under way does not wait for the word any more: it comes with the answer.
base::Awaitable<Result<void>> Session::send_continue() {
    continue_ = buffered().empty() ? Continue::none : Continue::owed;
    if (continue_ == Continue::owed) co_return Result<void>{};
    iovec part{const_cast<char*>(continue_text.data()), continue_text.size()};
    const std::span<iovec> whole(&part, 1);
    co_return co_await write_all(whole);
}

/// How many bytes of data come before the next framing; 0: the body ended.
base::Awaitable<Result<std::uint64_t>> Session::next_body_bytes() {
    if (!head().chunked) co_return body_left_;
    while (true) {
        begin_ += chunks_.parse(buffered());
        switch (chunks_.state()) {
            case ChunkFraming::State::data:
                co_return chunks_.data_bytes();
            case ChunkFraming::State::done:
                co_return std::uint64_t{0};
            case ChunkFraming::State::malformed:
                co_return ConnectionError{ConnectionError::Kind::malformed};
            case ChunkFraming::State::framing:
                break;
        }
        auto count = co_await fill_buffer();
        if (!count) co_return count.error();
        if (*count == 0) co_return ConnectionError{ConnectionError::Kind::closed};
    }
}

/// What came with the head first, then straight from the socket.
base::Awaitable<Result<std::size_t>> Session::take_body(base::ByteSpan to) {
    if (begin_ == end_) co_return co_await read_some(to);
    const std::size_t count = std::min(to.size(), end_ - begin_);
    std::copy_n(buffer_.get() + begin_, count, to.data());
    begin_ += count;
    co_return count;
}

/// False: too much, too slow or broken; the connection is not worth keeping.
base::Awaitable<bool> Session::drain_body() {
    wait_cap_ = Clock::now() + drained_body_timeout;
    base::Bytes scrap(64 * base::KiB);
    std::uint64_t drained = 0;
    while (!body_ended() && drained <= drained_body_bytes_max && Clock::now() < wait_cap_) {
        auto count = co_await read_body(scrap);
        if (!count) break;
        drained += *count;
    }
    wait_cap_ = TimePoint::max();
    co_return body_ended();
}

}  // namespace holdfast::http
