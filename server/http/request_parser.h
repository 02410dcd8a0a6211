/// Bytes of a request head into a RequestHead, line by line, with no second opinion: whatever two
/// servers could read in two ways is refused (request smuggling).
///
/// Own code instead of Beast's parser, which accepts some of the forms S-20 refuses and joins or
/// rewrites others. Every split of the bytes gives the same result: a line is judged when its end
/// is there, or when it can no longer end within its limit. source: RFC 9112; spec auth S-20, S-21.
/// threads: none
#pragma once

#include <cstddef>
#include <string_view>

#include "server/http/exchange.h"
#include "server/http/server.h"

namespace holdfast::http {

/// What a client is told when its head never became a request.
struct Refusal {
    unsigned status = 400;
    std::string_view code;
    std::string_view message;
};

class RequestParser {
public:
    enum class State { incomplete, complete, refused };

    /// limits must outlive the parser.
    explicit RequestParser(const Limits& limits) : limits_(limits) {}

    /// Reads whole lines from the front of `bytes`, up to and with the empty line. Returns how many
    /// bytes were used; the caller presents the rest again, with more behind it.
    std::size_t parse(std::string_view bytes);
    /// Starts over for the next request of the connection.
    void reset();

    [[nodiscard]] State state() const { return state_; }
    [[nodiscard]] const Refusal& refusal() const { return refusal_; }
    [[nodiscard]] const RequestHead& head() const { return head_; }
    /// The client is willing to send another request after this one.
    [[nodiscard]] bool keep_alive() const;
    [[nodiscard]] bool is_http_1_0() const { return http_1_0_; }

private:
    void line(std::string_view text);
    void request_line(std::string_view text);
    void version(std::string_view text);
    void target(std::string_view text);
    void absolute_target(std::string_view text);
    void field(std::string_view text);
    void known_field(std::string_view name, std::string_view value);
    void content_length(std::string_view value);
    void transfer_encoding(std::string_view value);
    void host(std::string_view value);
    void expect(std::string_view value);
    void connection(std::string_view value);
    void finish();
    void check_unfinished(std::string_view text);
    void refuse(unsigned status, std::string_view code, std::string_view message);
    void bad_request(std::string_view message) { refuse(400, "BadRequest", message); }

    const Limits& limits_;
    State state_ = State::incomplete;
    Refusal refusal_;
    RequestHead head_;
    std::string authority_;     ///< of an absolute target
    std::size_t searched_ = 0;  ///< bytes of the unfinished line known to hold no line end
    std::size_t section_bytes_ = 0;
    bool request_line_seen_ = false;
    bool empty_line_seen_ = false;
    bool http_1_0_ = false;
    bool absolute_ = false;
    bool has_host_ = false;
    bool has_transfer_encoding_ = false;
    bool asks_close_ = false;
    bool asks_keep_alive_ = false;
};

}  // namespace holdfast::http
