#include "bench/load/connection.h"

#include <fmt/format.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>
#include <vector>

#include "base/limits.h"

namespace holdfast::bench {

namespace {

constexpr unsigned failures_in_a_row_max = 20;
constexpr std::size_t pieces_per_send_max = 64;
constexpr std::uint64_t bytes_per_skip_max = 16 * base::MiB;

std::uint64_t now_ns() {
    timespec now{};
    clock_gettime(CLOCK_MONOTONIC, &now);
    return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000 +
           static_cast<std::uint64_t>(now.tv_nsec);
}

std::string code_of(std::string_view xml) {
    const auto begin = xml.find("<Code>");
    const auto end = xml.find("</Code>");
    if (begin == std::string_view::npos || end == std::string_view::npos) return {};
    return ' ' + std::string(xml.substr(begin + 6, end - begin - 6));
}

}  // namespace

Connection::Connection(ConnectionContext& context, std::unique_ptr<Script> script)
    : context_(context), script_(std::move(script)) {}

Connection::~Connection() {
    close();
}

void Connection::start() {
    if (next_request() && !open()) fail(fmt::format("connect: {}", std::strerror(errno)));
}

bool Connection::open() {
    socket_ = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (socket_ < 0) return false;
    const int on = 1;
    setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    phase_ = Phase::connecting;
    peer_closed_ = false;
    sockaddr address{};
    static_assert(sizeof address == sizeof context_.address);
    std::memcpy(&address, &context_.address, sizeof address);
    if (::connect(socket_, &address, sizeof address) != 0 && errno != EINPROGRESS) return false;
    epoll_event event{};
    event.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;
    event.data.ptr = this;
    return epoll_ctl(context_.epoll, EPOLL_CTL_ADD, socket_, &event) == 0;
}

void Connection::close() {
    if (socket_ >= 0) ::close(socket_);
    socket_ = -1;
}

bool Connection::next_request() {
    request_pending_ = script_->next(request_, context_.stopping.load(std::memory_order_relaxed));
    if (!request_pending_) {
        close();
        phase_ = Phase::finished;
        return false;
    }
    context_.composer.compose(request_, head_);
    head_sent_ = piece_ = piece_offset_ = 0;
    parser_.start({.head_only = request_.method == "HEAD",
                   .capture_bytes_max = request_.capture_bytes_max,
                   .same_content = request_.verify ? request_.content : nullptr});
    started_at_ = now_ns();
    phase_ = Phase::sending;
    return true;
}

void Connection::drive(std::uint32_t events) {
    if (phase_ == Phase::finished) return;
    if (phase_ == Phase::connecting) {
        int error = 0;
        socklen_t length = sizeof error;
        getsockopt(socket_, SOL_SOCKET, SO_ERROR, &error, &length);
        if (error != 0) return fail(fmt::format("connect: {}", std::strerror(error)));
        if ((events & EPOLLOUT) == 0) return;
        phase_ = Phase::sending;
    }
    peer_closed_ = peer_closed_ || (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0;
    // An answer may come before the request is out (a refusal), so reading comes first.
    bool readable = peer_closed_ || (events & EPOLLIN) != 0;
    while (phase_ == Phase::sending || phase_ == Phase::receiving) {
        if (readable && !receive_some()) return;
        readable = false;
        if (phase_ != Phase::sending) return;
        if (!send_some()) return;
    }
}

// True when the request is out and the answer has to be waited for; false also when the connection
// went to another state.
bool Connection::send_some() {
    static const std::vector<iovec> none;
    const auto& pieces = request_.body == nullptr ? none : request_.body->pieces();
    while (head_sent_ < head_.size() || piece_ < pieces.size()) {
        std::array<iovec, pieces_per_send_max> vectors;
        std::size_t count = 0;
        if (head_sent_ < head_.size())
            vectors[count++] = {head_.data() + head_sent_, head_.size() - head_sent_};
        for (auto i = piece_; i < pieces.size() && count < vectors.size(); ++i) {
            vectors[count] = pieces[i];
            if (i == piece_) {
                vectors[count].iov_base = static_cast<char*>(pieces[i].iov_base) + piece_offset_;
                vectors[count].iov_len -= piece_offset_;
            }
            ++count;
        }
        msghdr message{};
        message.msg_iov = vectors.data();
        message.msg_iovlen = count;
        const auto sent = sendmsg(socket_, &message, MSG_NOSIGNAL);
        if (sent < 0) {
            if (errno == EAGAIN || errno == EINTR) return false;
            fail(fmt::format("send: {}", std::strerror(errno)));
            return false;
        }
        auto left = static_cast<std::size_t>(sent);
        const auto of_head = std::min(left, head_.size() - head_sent_);
        head_sent_ += of_head;
        left -= of_head;
        while (left != 0) {
            const auto of_piece = std::min(left, pieces[piece_].iov_len - piece_offset_);
            left -= of_piece;
            piece_offset_ += of_piece;
            if (piece_offset_ == pieces[piece_].iov_len) {
                ++piece_;
                piece_offset_ = 0;
            }
        }
    }
    phase_ = Phase::receiving;
    return true;
}

// False when the kernel has no more; true when the next request can be sent.
bool Connection::receive_some() {
    bool drained = false;
    while (!drained && (phase_ == Phase::sending || phase_ == Phase::receiving)) {
        if (!receive_once(drained)) return false;
        if (parser_.state() == ResponseParser::State::done) {
            answer_complete();
            return phase_ == Phase::sending;
        }
    }
    return phase_ == Phase::sending;
}

bool Connection::receive_once(bool& drained) {
    auto& buffer = context_.buffer;
    // The kernel drops what nobody looks at: no copy, no cache filled with another's bytes.
    const auto skippable = parser_.skippable();
    const bool skip = skippable > buffer.size();
    const auto wanted = skip ? std::min(skippable, bytes_per_skip_max) : buffer.size();
    iovec vector{skip ? nullptr : buffer.data(), wanted};
    msghdr message{};
    message.msg_iov = &vector;
    message.msg_iovlen = 1;
    const auto got = recvmsg(socket_, &message, skip ? MSG_TRUNC : 0);
    if (got < 0) {
        drained = true;
        if (errno == EAGAIN || errno == EINTR) return true;
        fail(fmt::format("receive: {}", std::strerror(errno)));
        return false;
    }
    const auto bytes = static_cast<std::size_t>(got);
    // Behind an end that was announced already no further event comes.
    drained = bytes < wanted && bytes != 0 && !peer_closed_;
    if (bytes == 0)
        parser_.feed_end();
    else if (skip)
        parser_.skip(bytes);
    else
        parser_.feed({buffer.data(), bytes});
    if (parser_.state() != ResponseParser::State::failed) return true;
    if (bytes != 0) {
        fail("malformed answer");
    } else if (parser_.untouched()) {
        fail("closed without an answer");
    } else {
        fail("short body");
    }
    return false;
}

std::string Connection::judge() const {
    const auto status = fmt::to_string(parser_.status());
    if (!parser_.successful()) return status + code_of(parser_.captured());
    // CompleteMultipartUpload may say 200 first and fail afterwards.
    if (parser_.captured().find("<Error>") != std::string::npos)
        return status + code_of(parser_.captured());
    if (request_.content != nullptr) {
        const auto bytes = request_.operation == Operation::head ? parser_.announced_bytes()
                                                                 : parser_.body_bytes();
        if (bytes < request_.content->bytes()) return "short body";
        if (bytes > request_.content->bytes()) return "long body";
        if (parser_.content_differs()) return "wrong content";
    }
    return {};
}

void Connection::record(const std::string& error) {
    if (!context_.recording.load(std::memory_order_relaxed) ||
        request_.operation == Operation::other)
        return;
    auto& statistics = context_.statistics.operations[static_cast<std::size_t>(request_.operation)];
    if (!error.empty()) {
        ++statistics.errors;
        ++context_.statistics.errors[error];
        return;
    }
    statistics.latency.record(now_ns() - started_at_);
    statistics.bytes += request_.body != nullptr && request_.operation != Operation::complete_upload
                            ? request_.body->bytes()
                            : parser_.body_bytes();
}

void Connection::answer_complete() {
    const auto error = judge();
    record(error);
    failures_in_a_row_ = 0;
    request_pending_ = false;
    const bool early = phase_ == Phase::sending;  // the rest of the request was not wanted
    script_->answered({.ok = error.empty(),
                       .status = parser_.status(),
                       .etag = parser_.etag(),
                       .body = parser_.captured()});
    const bool reopen = early || parser_.closes();
    if (!next_request() || !reopen) return;
    close();
    if (!open()) fail(fmt::format("connect: {}", std::strerror(errno)));
}

void Connection::fail(const std::string& kind) {
    record(kind);
    const bool pending = std::exchange(request_pending_, false);
    close();
    if (pending) script_->answered({});
    if (++failures_in_a_row_ == failures_in_a_row_max) {
        ++context_.statistics.errors["gave up: " + kind];
        phase_ = Phase::finished;
        return;
    }
    start();
}

}  // namespace holdfast::bench
