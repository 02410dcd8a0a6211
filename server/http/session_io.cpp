#include <boost/asio/as_tuple.hpp>
#include <boost/asio/bind_allocator.hpp>

#include "base/assert.h"
#include "base/last_words.h"
#include "server/http/session.h"

namespace holdfast::http {

namespace asio = boost::asio;

/// It allocates nothing where it begins: Asio would let that exception leave the loop.
base::Awaitable<Session::Waited> Session::wait(Direction direction, TimePoint deadline) {
    if (closed_) co_return Waited::interrupted;
    timed_out_ = false;
    arm(std::min(deadline, wait_cap_));
    const auto type = direction == Direction::read ? Socket::wait_read : Socket::wait_write;
    auto waiting =
        asio::bind_allocator(wait_memory_.allocator(), asio::as_tuple(base::use_awaitable));
    const auto [error] = co_await socket_.async_wait(type, waiting);
    deadline_ = TimePoint::max();
    if (timed_out_) co_return Waited::timed_out;
    if (error || closed_) co_return Waited::interrupted;
    co_return Waited::ready;
}

void Session::arm(TimePoint deadline) {
    deadline_ = deadline;
    if (armed_until_ <= deadline) return;
    armed_until_ = TimePoint::max();  // nothing is, should the wait not begin
    timer_.expires_at(deadline);
    timer_.async_wait([weak = weak_from_this()](const boost::system::error_code& error) {
        if (error) return;
        if (const auto session = weak.lock()) session->timer_fired();
    });
    armed_until_ = deadline;
}

void Session::timer_fired() {
    armed_until_ = TimePoint::max();
    if (deadline_ == TimePoint::max()) return;
    if (Clock::now() < deadline_) return arm(deadline_);
    timed_out_ = true;
    boost::system::error_code ignored;  // nothing to cancel is as good
    socket_.cancel(ignored);
}

/// At least rate x window bytes within each window of waiting, in either direction (S-23).
base::Awaitable<Result<void>> Session::wait_for_progress(Direction direction, Progress& progress) {
    const auto begin = Clock::now();
    const Waited waited =
        co_await wait(direction, begin + shared_.limits.body_rate_window - progress.waited);
    progress.waited += Clock::now() - begin;
    switch (waited) {
        case Waited::ready:
            co_return Result<void>{};
        case Waited::timed_out:
            shared_.metrics.timeouts.Increment();
            co_return ConnectionError{ConnectionError::Kind::timeout};
        case Waited::interrupted:
            break;
    }
    co_return ConnectionError{ConnectionError::Kind::closed};
}

void Session::count_progress(Progress& progress, std::size_t bytes) const {
    progress.bytes += bytes;
    const auto& limits = shared_.limits;
    const auto window = static_cast<std::uint64_t>(limits.body_rate_window.count());
    if (progress.bytes * 1000 >= limits.body_rate_bytes_per_second_min * window) progress = {};
}

/// 0: the client sends nothing more.
base::Awaitable<Result<std::size_t>> Session::read_some(base::ByteSpan to) {
    while (!closed_) {
        const IoStep step = transport_->read(to);
        Direction direction = Direction::read;
        switch (step.state) {
            case IoStep::State::done:
                count_progress(read_progress_, step.bytes);
                co_return step.bytes;
            case IoStep::State::ended:
                co_return std::size_t{0};
            case IoStep::State::failed:
                co_return ConnectionError{ConnectionError::Kind::closed};
            case IoStep::State::wants_read:
                break;
            case IoStep::State::wants_write:
                direction = Direction::write;
                break;
        }
        auto ready = co_await wait_for_progress(direction, read_progress_);
        if (!ready) co_return ready.error();
    }
    co_return ConnectionError{ConnectionError::Kind::closed};
}

/// Uses `parts` up. The one place where answers leave, and the last one for them: a process that
/// no longer knows its own state acknowledges nothing.
base::Awaitable<Result<void>> Session::write_all(std::span<iovec> parts) {
    while (!parts.empty() && parts.front().iov_len == 0) parts = parts.subspan(1);
    while (!parts.empty()) {
        if (closed_ || base::is_crashing())
            co_return ConnectionError{ConnectionError::Kind::closed};
        const IoStep step = transport_->write(parts);
        Direction direction = Direction::write;
        switch (step.state) {
            case IoStep::State::done:
                break;
            case IoStep::State::wants_read:
                direction = Direction::read;
                break;
            case IoStep::State::wants_write:
                break;
            default:
                write_failed_ = true;
                co_return ConnectionError{ConnectionError::Kind::closed};
        }
        if (step.state != IoStep::State::done) {
            auto ready = co_await wait_for_progress(direction, write_progress_);
            if (!ready) {
                write_failed_ = true;
                co_return ready.error();
            }
            continue;
        }
        count_progress(write_progress_, step.bytes);
        std::size_t written = step.bytes;
        while (!parts.empty() && written >= parts.front().iov_len) {
            written -= parts.front().iov_len;
            parts = parts.subspan(1);
        }
        if (parts.empty()) break;
        parts.front().iov_base = static_cast<std::uint8_t*>(parts.front().iov_base) + written;
        parts.front().iov_len -= written;
    }
    co_return Result<void>{};
}

base::ByteView Session::buffered() const {
    return {buffer_.get() + begin_, end_ - begin_};
}

/// The largest thing that must be in the buffer as a whole is one line of a head.
void Session::make_room() {
    if (!buffer_) {
        buffer_ = loop_.blocks.take();
        buffer_bytes_ = read_block_bytes;
    }
    if (begin_ == end_) begin_ = end_ = 0;
    if (end_ < buffer_bytes_) return;
    if (begin_ == 0) {
        const auto& limits = shared_.limits;
        const std::size_t line_bytes_max =
            std::max(limits.request_line_bytes_max, limits.header_section_bytes_max) + 2;
        HF_ASSERT(buffer_bytes_ < line_bytes_max);
        auto larger = std::make_unique_for_overwrite<std::uint8_t[]>(line_bytes_max);
        std::copy_n(buffer_.get(), end_, larger.get());
        buffer_ = std::move(larger);
        buffer_bytes_ = line_bytes_max;
        return;
    }
    std::copy(buffer_.get() + begin_, buffer_.get() + end_, buffer_.get());
    end_ -= begin_;
    begin_ = 0;
}

/// An idle connection has no buffer.
void Session::release_buffer() {
    if (!buffer_ || begin_ != end_) return;
    if (buffer_bytes_ == read_block_bytes) loop_.blocks.give_back(std::move(buffer_));
    buffer_.reset();
    buffer_bytes_ = begin_ = end_ = 0;
}

IoStep Session::try_fill_buffer() {
    if (closed_) return {};
    make_room();
    const IoStep step = transport_->read({buffer_.get() + end_, buffer_bytes_ - end_});
    end_ += step.bytes;
    return step;
}

base::Awaitable<Result<std::size_t>> Session::fill_buffer() {
    make_room();
    const base::ByteSpan room{buffer_.get() + end_, buffer_bytes_ - end_};
    auto count = co_await read_some(room);
    if (count) end_ += *count;
    co_return count;
}

}  // namespace holdfast::http
