#include "server/http/response_head.h"

#include <fmt/format.h>

#include <array>
#include <charconv>

#include "base/assert.h"
#include "server/http/ascii.h"

namespace holdfast::http {

namespace {

std::string_view reason_phrase(unsigned status) {
    switch (status) {
        case 200:
            return "OK";
        case 201:
            return "Created";
        case 202:
            return "Accepted";
        case 204:
            return "No Content";
        case 206:
            return "Partial Content";
        case 301:
            return "Moved Permanently";
        case 302:
            return "Found";
        case 303:
            return "See Other";
        case 304:
            return "Not Modified";
        case 307:
            return "Temporary Redirect";
        case 308:
            return "Permanent Redirect";
        case 400:
            return "Bad Request";
        case 401:
            return "Unauthorized";
        case 403:
            return "Forbidden";
        case 404:
            return "Not Found";
        case 405:
            return "Method Not Allowed";
        case 408:
            return "Request Timeout";
        case 409:
            return "Conflict";
        case 410:
            return "Gone";
        case 411:
            return "Length Required";
        case 412:
            return "Precondition Failed";
        case 413:
            return "Content Too Large";
        case 414:
            return "URI Too Long";
        case 416:
            return "Range Not Satisfiable";
        case 417:
            return "Expectation Failed";
        case 429:
            return "Too Many Requests";
        case 500:
            return "Internal Server Error";
        case 501:
            return "Not Implemented";
        case 503:
            return "Service Unavailable";
        case 505:
            return "HTTP Version Not Supported";
        case 507:
            return "Insufficient Storage";
        default:
            return "";  // legal: the phrase says nothing that the number does not
    }
}

bool names_content_length(std::string_view name) {
    return name.size() == 14 && equal_ignoring_case(name, "content-length");
}

void append_number(std::string& to, std::uint64_t value) {
    std::array<char, 20> digits{};
    const auto [end, error] = std::to_chars(digits.data(), digits.data() + digits.size(), value);
    HF_ASSERT(error == std::errc{});
    to.append(digits.data(), end);
}

/// IMF-fixdate. Own arithmetic instead of strftime, whose names depend on the locale.
std::string http_date(std::int64_t second) {
    using namespace std::chrono;
    static constexpr std::array<std::string_view, 7> days{"Sun", "Mon", "Tue", "Wed",
                                                          "Thu", "Fri", "Sat"};
    static constexpr std::array<std::string_view, 12> months{
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    const sys_seconds time{seconds{second}};
    const auto day = floor<std::chrono::days>(time);
    const year_month_day date{day};
    const hh_mm_ss clock{time - day};
    return fmt::format("{}, {:02} {} {:04} {:02}:{:02}:{:02} GMT", days[weekday{day}.c_encoding()],
                       static_cast<unsigned>(date.day()),
                       months[static_cast<unsigned>(date.month()) - 1],
                       static_cast<int>(date.year()), clock.hours().count(),
                       clock.minutes().count(), clock.seconds().count());
}

}  // namespace

StandardFields::StandardFields(const base::Clock& clock, std::string_view server_name)
    : clock_(clock), server_line_(fmt::format("\r\nServer: {}\r\n", server_name)) {}

std::string_view StandardFields::text() {
    const auto second =
        std::chrono::floor<std::chrono::seconds>(clock_.wall()).time_since_epoch().count();
    if (second != second_ || text_.empty()) {
        second_ = second;
        text_ = "Date: " + http_date(second) + server_line_;
    }
    return text_;
}

bool may_be_sent(const ResponseHead& head) {
    for (const auto& [name, value] : head.headers)
        if (!is_token(name) || !is_field_value(value)) return false;
    return true;
}

std::optional<std::uint64_t> named_content_length(const ResponseHead& head) {
    for (const auto& [name, value] : head.headers) {
        if (!names_content_length(name)) continue;
        std::uint64_t length = 0;
        const char* const end = value.data() + value.size();
        const auto [stop, error] = std::from_chars(value.data(), end, length);
        if (error == std::errc{} && stop == end) return length;
    }
    return std::nullopt;
}

void write_head(std::string& to, const ResponseHead& head, const Framing& framing,
                std::string_view standard_fields) {
    to.assign("HTTP/1.1 ");
    append_number(to, head.status);
    to.append(" ").append(reason_phrase(head.status)).append("\r\n").append(standard_fields);
    for (const auto& [name, value] : head.headers) {
        if (names_content_length(name)) continue;
        to.append(name).append(": ").append(value).append("\r\n");
    }
    if (framing.content_length) {
        to.append("Content-Length: ");
        append_number(to, *framing.content_length);
        to.append("\r\n");
    } else if (framing.chunked) {
        to.append("Transfer-Encoding: chunked\r\n");
    }
    if (framing.connection == Framing::Connection::close) {
        to.append("Connection: close\r\n");
    } else if (framing.connection == Framing::Connection::keep_alive) {
        to.append("Connection: keep-alive\r\n");
    }
    to.append("\r\n");
}

}  // namespace holdfast::http
