#include <fmt/format.h>

#include <array>

#include "base/failpoint.h"
#include "base/log.h"
#include "server/http/session.h"

namespace holdfast::http {

namespace {

iovec part_of(std::string_view text) {
    return {const_cast<char*>(text.data()), text.size()};  // the kernel's interface lacks const
}

iovec part_of(base::ByteView bytes) {
    return part_of(base::as_text(bytes));
}

/// For the log: the query of a presigned URL is as good as a key.
std::string_view path_of(const RequestHead& request) {
    const std::string_view target = request.target;
    return target.substr(0, target.find('?'));
}

}  // namespace

bool Session::sends_no_body(unsigned status) const {
    return head().method == "HEAD" || !status_has_body(status);
}

/// Common checks of the two ways to answer. False: nothing may be sent.
bool Session::prepare(const ResponseHead& head) {
    if (answer_ != Answer::none) {
        base::log::error("http.answered_twice", {{"target", path_of(this->head())}});
        return false;
    }
    if (closed_) return false;
    keep_ = keep_ && parser_.keep_alive() && !head.close && !shared_.draining.load() &&
            body_is_drainable();
    no_body_ = sends_no_body(head.status);
    return true;
}

void Session::compose(const ResponseHead& head, const Framing& framing) {
    Framing complete = framing;
    if (!keep_) {
        complete.connection = Framing::Connection::close;
    } else if (parser_.is_http_1_0()) {
        complete.connection = Framing::Connection::keep_alive;
    }
    write_head(head_text_, head, complete, loop_.standard_fields.text());
    if (keep_ && continue_ == Continue::owed) head_text_.insert(0, continue_text);
}

base::Awaitable<Result<void>> Session::send(ResponseHead head, base::ByteView body) {
    std::string replacement;
    if (!may_be_sent(head)) {
        // Written as it is, the value would end the head or forge one (S-32).
        base::log::error("http.header_refused", {{"target", path_of(this->head())}});
        std::tie(head, replacement) =
            handler_.refuse(500, "InternalError", "We encountered an internal error.");
        head.close = true;
        if (!may_be_sent(head)) head.headers.clear();
        body = base::as_bytes(replacement);
    }
    if (!prepare(head)) co_return ConnectionError{};

    Framing framing;
    if (!no_body_) {
        framing.content_length = body.size();
    } else if (this->head().method == "HEAD" && status_has_body(head.status)) {
        framing.content_length = named_content_length(head).value_or(body.size());
    } else if (head.status == 304) {
        framing.content_length = named_content_length(head);
    }
    compose(head, framing);
    answer_ = Answer::complete;
    if (no_body_) body = {};
    static_cast<void>(HF_FAILPOINT("ack.before"));
    auto sent = co_await send_composed(body);
    static_cast<void>(HF_FAILPOINT("ack.after"));
    co_return sent;
}

base::Awaitable<Result<void>> Session::send_composed(base::ByteView body) {
    std::array parts{part_of(std::string_view(head_text_)), part_of(body)};
    auto sent = co_await write_all(parts);
    if (!sent) keep_ = false;
    co_return sent;
}

base::Awaitable<Result<void>> Session::start(ResponseHead head,
                                             std::optional<std::uint64_t> length) {
    if (!may_be_sent(head)) {
        static_cast<void>(co_await send(std::move(head), {}));  // answers 500 in its place
        co_return ConnectionError{};
    }
    if (!length && parser_.is_http_1_0()) head.close = true;  // its end is the body's end
    if (!prepare(head)) co_return ConnectionError{};
    Framing framing;
    framing.chunked = !length && !parser_.is_http_1_0() && status_has_body(head.status);
    if (status_has_body(head.status)) framing.content_length = length;
    compose(head, framing);
    answer_ = Answer::streaming;
    answer_left_ = length;
    chunked_answer_ = framing.chunked;
    head_pending_ = true;
    co_return Result<void>{};
}

base::Awaitable<Result<void>> Session::write(base::ByteView bytes) {
    if (answer_ != Answer::streaming || closed_) co_return ConnectionError{};
    if (bytes.empty()) co_return Result<void>{};
    if (answer_left_ && *answer_left_ < bytes.size()) {
        base::log::error("http.body_longer_than_said", {{"target", path_of(head())}});
        abort();
        co_return ConnectionError{};
    }
    if (answer_left_) *answer_left_ -= bytes.size();

    std::array<iovec, 4> parts{};
    std::size_t count = 0;
    std::string size_line;
    if (head_pending_) parts[count++] = part_of(std::string_view(head_text_));
    if (!no_body_) {
        if (chunked_answer_) {
            size_line = fmt::format("{:x}\r\n", bytes.size());
            parts[count++] = part_of(std::string_view(size_line));
        }
        parts[count++] = part_of(bytes);
        if (chunked_answer_) parts[count++] = part_of(std::string_view("\r\n"));
    }
    static_cast<void>(head_pending_ ? HF_FAILPOINT("ack.before") : HF_FAILPOINT("ack.mid"));
    const std::span pending(parts.data(), count);
    auto sent = co_await write_all(pending);
    head_pending_ = false;
    if (!sent) keep_ = false;
    co_return sent;
}

base::Awaitable<Result<void>> Session::finish() {
    if (answer_ != Answer::streaming || closed_) co_return ConnectionError{};
    if (!no_body_ && answer_left_.value_or(0) > 0) {
        base::log::error("http.body_shorter_than_said", {{"target", path_of(head())}});
        abort();
        co_return ConnectionError{};
    }
    std::array<iovec, 2> parts{};
    std::size_t count = 0;
    if (head_pending_) parts[count++] = part_of(std::string_view(head_text_));
    if (chunked_answer_ && !no_body_) parts[count++] = part_of(std::string_view("0\r\n\r\n"));
    answer_ = Answer::complete;
    if (head_pending_) static_cast<void>(HF_FAILPOINT("ack.before"));
    const std::span pending(parts.data(), count);
    auto sent = co_await write_all(pending);
    head_pending_ = false;
    static_cast<void>(HF_FAILPOINT("ack.after"));
    if (!sent) keep_ = false;
    co_return sent;
}

void Session::abort() {
    cut();
}

}  // namespace holdfast::http
