#include "bench/load/response_parser.h"

#include <strings.h>

#include <algorithm>
#include <charconv>

namespace holdfast::bench {

namespace {

constexpr std::size_t head_bytes_max = 64 * 1024;
constexpr std::size_t failure_bytes_max = 4096;

bool same_word(std::string_view a, std::string_view b) {
    return a.size() == b.size() && strncasecmp(a.data(), b.data(), a.size()) == 0;
}

std::string_view trimmed(std::string_view text) {
    while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
    while (!text.empty() && (text.back() == ' ' || text.back() == '\r')) text.remove_suffix(1);
    return text;
}

template <class Number>
bool parse_number(std::string_view text, Number& to, int base) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), to, base);
    return error == std::errc{} && end == text.data() + text.size();
}

}  // namespace

void ResponseParser::start(const ExpectedAnswer& expected) {
    expected_ = expected;
    state_ = State::head;
    framing_ = Framing::length;
    chunk_ = Chunk::size;
    status_ = 0;
    closes_ = content_differs_ = false;
    announced_bytes_ = left_ = body_bytes_ = 0;
    head_.clear();
    line_.clear();
    etag_.clear();
    captured_.clear();
}

ResponseParser::State ResponseParser::feed(std::string_view bytes) {
    if (state_ == State::body) return feed_body(bytes);
    if (state_ != State::head) return state_ = State::failed;

    // Usually the whole head is there at once, and nothing is copied.
    const std::size_t known = head_.size();
    if (known != 0) bytes = head_.append(bytes);
    const auto end = bytes.find("\r\n\r\n", known < 3 ? 0 : known - 3);
    if (end == std::string_view::npos) {
        if (known == 0) head_ = bytes;
        return state_ = head_.size() > head_bytes_max ? State::failed : State::head;
    }
    if (parse_head(bytes.substr(0, end + 2)) == State::failed) return state_;
    if (status_ / 100 == 1) {  // 100 Continue: the answer itself is still to come
        const std::string rest(bytes.substr(end + 4));
        head_.clear();
        state_ = State::head;
        return rest.empty() ? state_ : feed(rest);
    }
    bytes.remove_prefix(end + 4);
    if (state_ == State::done) return bytes.empty() ? state_ : state_ = State::failed;
    return bytes.empty() ? state_ : feed_body(bytes);
}

ResponseParser::State ResponseParser::parse_head(std::string_view head) {
    // "HTTP/1.1 200"
    if (head.size() < 12 || !head.starts_with("HTTP/1.") ||
        !parse_number(head.substr(9, 3), status_, 10))
        return state_ = State::failed;
    closes_ = head[7] == '0';
    framing_ = Framing::until_close;
    for (auto at = head.find('\n') + 1; at < head.size();) {
        const auto end = head.find('\n', at);
        if (!parse_header(head.substr(at, end - at))) return state_ = State::failed;
        at = end + 1;
    }
    const bool bodiless =
        expected_.head_only || status_ == 204 || status_ == 304 || status_ / 100 == 1;
    if (bodiless || (framing_ == Framing::length && announced_bytes_ == 0))
        return state_ = State::done;
    left_ = framing_ == Framing::length ? announced_bytes_ : 0;
    if (framing_ == Framing::until_close) closes_ = true;
    return state_ = State::body;
}

bool ResponseParser::parse_header(std::string_view line) {
    const auto colon = line.find(':');
    if (colon == std::string_view::npos) return false;
    const auto name = line.substr(0, colon);
    const auto value = trimmed(line.substr(colon + 1));
    if (same_word(name, "content-length")) {
        if (framing_ == Framing::until_close) framing_ = Framing::length;
        return parse_number(value, announced_bytes_, 10);
    }
    if (same_word(name, "transfer-encoding") && same_word(value, "chunked"))
        framing_ = Framing::chunked;
    else if (same_word(name, "connection") && same_word(value, "close"))
        closes_ = true;
    else if (same_word(name, "etag"))
        etag_ = value;
    return true;
}

void ResponseParser::take_content(std::string_view bytes) {
    const auto keep = successful() ? expected_.capture_bytes_max : failure_bytes_max;
    if (captured_.size() < keep) captured_.append(bytes.substr(0, keep - captured_.size()));
    if (expected_.same_content != nullptr && successful() &&
        !expected_.same_content->matches(body_bytes_, base::as_bytes(bytes)))
        content_differs_ = true;
    body_bytes_ += bytes.size();
}

ResponseParser::State ResponseParser::feed_body(std::string_view bytes) {
    if (framing_ == Framing::chunked) return feed_chunked(bytes);
    if (framing_ == Framing::length && bytes.size() > left_) return state_ = State::failed;
    take_content(bytes);
    if (framing_ == Framing::until_close) return state_;
    left_ -= bytes.size();
    return state_ = left_ == 0 ? State::done : State::body;
}

bool ResponseParser::take_line(std::string_view& bytes) {
    const auto end = bytes.find('\n');
    line_.append(bytes.substr(0, end));
    bytes.remove_prefix(end == std::string_view::npos ? bytes.size() : end + 1);
    return end != std::string_view::npos;
}

ResponseParser::State ResponseParser::feed_chunked(std::string_view bytes) {
    while (!bytes.empty() && state_ == State::body) {
        if (chunk_ == Chunk::data) {
            const auto part = std::min<std::uint64_t>(left_, bytes.size());
            take_content(bytes.substr(0, part));
            bytes.remove_prefix(part);
            if ((left_ -= part) == 0) chunk_ = Chunk::data_end;
            continue;
        }
        if (!take_line(bytes)) break;
        const auto line = trimmed(line_);
        if (chunk_ == Chunk::data_end) {
            chunk_ = Chunk::size;
        } else if (chunk_ == Chunk::trailer) {
            if (line.empty()) state_ = State::done;
        } else if (!parse_number(line.substr(0, line.find(';')), left_, 16)) {
            state_ = State::failed;
        } else {
            chunk_ = left_ == 0 ? Chunk::trailer : Chunk::data;
        }
        line_.clear();
    }
    return bytes.empty() ? state_ : state_ = State::failed;
}

ResponseParser::State ResponseParser::feed_end() {
    const bool ended = state_ == State::body && framing_ == Framing::until_close;
    return state_ = ended || state_ == State::done ? State::done : State::failed;
}

std::uint64_t ResponseParser::skippable() const {
    const bool looked_at = state_ != State::body || framing_ != Framing::length || !successful() ||
                           expected_.same_content != nullptr ||
                           captured_.size() < expected_.capture_bytes_max;
    return looked_at ? 0 : left_;
}

ResponseParser::State ResponseParser::skip(std::uint64_t bytes) {
    body_bytes_ += bytes;
    left_ -= bytes;
    return state_ = left_ == 0 ? State::done : State::body;
}

}  // namespace holdfast::bench
