/// Reads one HTTP/1.1 answer at a time, and of it only what a load generator must know: status,
/// length, whether it is all there. threads: one.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "bench/load/body.h"

namespace holdfast::bench {

struct ExpectedAnswer {
    bool head_only = false;              ///< to a HEAD: a length, but no body
    std::size_t capture_bytes_max = 0;   ///< of a successful body; failures are always kept
    const Body* same_content = nullptr;  ///< compare the body of a 2xx with this
};

class ResponseParser {
public:
    enum class State { head, body, done, failed };

    void start(const ExpectedAnswer& expected);
    /// Takes what arrived. Bytes behind the answer's end are a failure: nothing was pipelined.
    State feed(std::string_view bytes);
    /// The peer closed: the end of an answer without a length, else a failure.
    State feed_end();

    /// Bytes that may be taken from the socket without being looked at; 0 when each matters.
    [[nodiscard]] std::uint64_t skippable() const;
    State skip(std::uint64_t bytes);

    [[nodiscard]] State state() const { return state_; }
    [[nodiscard]] int status() const { return status_; }
    [[nodiscard]] bool successful() const { return status_ / 100 == 2; }
    [[nodiscard]] bool closes() const { return closes_; }
    [[nodiscard]] bool content_differs() const { return content_differs_; }
    [[nodiscard]] std::uint64_t body_bytes() const { return body_bytes_; }
    /// Content-Length, whether or not a body followed.
    [[nodiscard]] std::uint64_t announced_bytes() const { return announced_bytes_; }
    [[nodiscard]] const std::string& etag() const { return etag_; }
    [[nodiscard]] const std::string& captured() const { return captured_; }
    /// Nothing of the answer has arrived.
    [[nodiscard]] bool untouched() const { return state_ == State::head && head_.empty(); }

private:
    enum class Framing { length, chunked, until_close };
    enum class Chunk { size, data, data_end, trailer };

    State parse_head(std::string_view head);
    bool parse_header(std::string_view line);
    void take_content(std::string_view bytes);
    State feed_body(std::string_view bytes);
    State feed_chunked(std::string_view bytes);
    bool take_line(std::string_view& bytes);

    ExpectedAnswer expected_;
    State state_ = State::head;
    Framing framing_ = Framing::length;
    Chunk chunk_ = Chunk::size;
    int status_ = 0;
    bool closes_ = false;
    bool content_differs_ = false;
    std::uint64_t announced_bytes_ = 0;
    std::uint64_t left_ = 0;  ///< of the body, or of the chunk
    std::uint64_t body_bytes_ = 0;
    std::string head_;  ///< an answer's head that came in pieces
    std::string line_;
    std::string etag_;
    std::string captured_;
};

}  // namespace holdfast::bench
