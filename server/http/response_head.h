/// The bytes of a response head. Built by hand into a reused string: a message type's serializer
/// cost 2 of 13 us per request. threads: one event loop
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "server/http/exchange.h"

namespace holdfast::http {

/// "Date: …" and "Server: …" lines, made anew once a second.
class StandardFields {
public:
    StandardFields(const base::Clock& clock, std::string_view server_name);
    /// Valid until the next call.
    std::string_view text();

private:
    const base::Clock& clock_;
    const std::string server_line_;
    std::int64_t second_ = -1;
    std::string text_;
};

/// How the end of the body is told, and what becomes of the connection.
struct Framing {
    std::optional<std::uint64_t> content_length;
    bool chunked = false;
    enum class Connection { unsaid, close, keep_alive };
    Connection connection = Connection::unsaid;
};

/// Every name is a token and no value holds CR, LF, NUL or another control character but the
/// tabulator (S-32).
[[nodiscard]] bool may_be_sent(const ResponseHead& head);

/// The value of Content-Length when the head names one itself and it is a number.
[[nodiscard]] std::optional<std::uint64_t> named_content_length(const ResponseHead& head);

/// Replaces `to`. A Content-Length in the head is left out: the framing's is written.
/// REQUIRES: may_be_sent(head).
void write_head(std::string& to, const ResponseHead& head, const Framing& framing,
                std::string_view standard_fields);

/// 1xx, 204 and 304 end with their head.
constexpr bool status_has_body(unsigned status) {
    return status >= 200 && status != 204 && status != 304;
}

}  // namespace holdfast::http
