#include "server/http/request_parser.h"

#include <charconv>
#include <limits>

#include "server/http/ascii.h"

namespace holdfast::http {

namespace {

/// Printable or above ASCII: clients send raw UTF-8 in targets, and the signature covers it raw.
bool is_target_character(char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte > 0x20 && byte != 0x7f;
}

bool is_host_character(char c) {
    const char lower = to_lower(c);
    if ((lower >= 'a' && lower <= 'z') || is_digit(c)) return true;
    return std::string_view(".-_:[]~").find(c) != std::string_view::npos;
}

bool is_host(std::string_view text) {
    return std::all_of(text.begin(), text.end(), is_host_character);
}

}  // namespace

void RequestParser::reset() {
    state_ = State::incomplete;
    refusal_ = {};
    head_.method.clear();
    head_.target.clear();
    head_.headers.clear();
    head_.content_length.reset();
    head_.chunked = false;
    head_.expect_continue = false;
    authority_.clear();
    searched_ = 0;
    section_bytes_ = 0;
    request_line_seen_ = false;
    empty_line_seen_ = false;
    http_1_0_ = false;
    absolute_ = false;
    has_host_ = false;
    has_transfer_encoding_ = false;
    asks_close_ = false;
    asks_keep_alive_ = false;
}

bool RequestParser::keep_alive() const {
    if (asks_close_) return false;
    return !http_1_0_ || asks_keep_alive_;
}

std::size_t RequestParser::parse(std::string_view bytes) {
    std::size_t used = 0;
    while (state_ == State::incomplete) {
        const std::string_view rest = bytes.substr(used);
        const std::size_t end = rest.find('\n', searched_);
        if (end == std::string_view::npos) {
            searched_ = rest.size();
            check_unfinished(rest);
            break;
        }
        searched_ = 0;
        used += end + 1;
        line(rest.substr(0, end));
    }
    return used;
}

/// The line's end is not there yet; the longest line within the limit ends with a CR that is.
void RequestParser::check_unfinished(std::string_view text) {
    if (!request_line_seen_) {
        if (text.size() > limits_.request_line_bytes_max + 1)
            refuse(414, "URITooLong", "The request line is too long.");
        return;
    }
    const bool may_be_the_end = text == "\r";
    if (!may_be_the_end && section_bytes_ + text.size() > limits_.header_section_bytes_max)
        refuse(400, "RequestHeaderSectionTooLarge",
               "Your request header section exceeds the maximum allowed size.");
}

/// text: a line without its LF. Its length is judged first, as it would be when it came in pieces.
void RequestParser::line(std::string_view text) {
    if (request_line_seen_ && text != "\r") {
        section_bytes_ += text.size() + 1;
        if (section_bytes_ > limits_.header_section_bytes_max)
            return refuse(400, "RequestHeaderSectionTooLarge",
                          "Your request header section exceeds the maximum allowed size.");
    } else if (text.size() > limits_.request_line_bytes_max + 1) {
        return refuse(414, "URITooLong", "The request line is too long.");
    }
    if (text.empty() || text.back() != '\r')
        return bad_request("A line of the request head does not end with CR LF.");
    text.remove_suffix(1);

    if (!request_line_seen_) {
        // RFC 9112 2.2: some clients send a stray CR LF after a body.
        if (text.empty() && !empty_line_seen_) {
            empty_line_seen_ = true;
            return;
        }
        request_line_seen_ = true;
        return request_line(text);
    }
    if (text.empty()) return finish();
    field(text);
}

void RequestParser::request_line(std::string_view text) {
    const std::size_t first = text.find(' ');
    const std::size_t last = text.rfind(' ');
    if (first == std::string_view::npos || first == last)
        return bad_request("The request line is not METHOD TARGET VERSION.");
    const std::string_view method = text.substr(0, first);
    if (!is_token(method)) return bad_request("The request method is not a token.");
    head_.method.assign(method);
    version(text.substr(last + 1));
    if (state_ == State::refused) return;
    target(text.substr(first + 1, last - first - 1));
}

void RequestParser::version(std::string_view text) {
    if (text == "HTTP/1.1") return;
    if (text == "HTTP/1.0") {
        http_1_0_ = true;
        return;
    }
    const bool well_formed = text.size() == 8 && text.substr(0, 5) == "HTTP/" &&
                             is_digit(text[5]) && text[6] == '.' && is_digit(text[7]);
    if (well_formed)
        return refuse(505, "HTTPVersionNotSupported", "Only HTTP/1.1 and HTTP/1.0 are supported.");
    bad_request("The HTTP version is malformed.");
}

void RequestParser::target(std::string_view text) {
    if (text.empty() || !std::all_of(text.begin(), text.end(), is_target_character))
        return bad_request("The request target holds a character that is not allowed.");
    if (text.front() == '/' || (text == "*" && head_.method == "OPTIONS")) {
        head_.target.assign(text);
        return;
    }
    absolute_target(text);
}

/// http://authority/path?query: the path and query are those of the target (C-18).
void RequestParser::absolute_target(std::string_view text) {
    const std::size_t colon = text.find("://");
    if (colon == std::string_view::npos) return bad_request("The request target is malformed.");
    const std::string_view scheme = text.substr(0, colon);
    if (!equal_ignoring_case(scheme, "http") && !equal_ignoring_case(scheme, "https"))
        return bad_request("The request target has an unknown scheme.");
    const std::string_view rest = text.substr(colon + 3);
    const std::size_t end = std::min(rest.find_first_of("/?#"), rest.size());
    if (end == 0) return bad_request("The request target names no host.");
    absolute_ = true;
    authority_.assign(rest.substr(0, end));
    const std::string_view path = rest.substr(end);
    if (path.empty() || path.front() != '/') head_.target.assign("/");
    head_.target.append(path);
}

void RequestParser::field(std::string_view text) {
    if (head_.headers.size() == limits_.header_count_max)
        return refuse(400, "RequestHeaderSectionTooLarge",
                      "Your request has too many header fields.");
    if (text.front() == ' ' || text.front() == '\t')
        return bad_request("A header field is folded over several lines.");
    const std::size_t colon = text.find(':');
    if (colon == std::string_view::npos) return bad_request("A header field has no colon.");
    const std::string_view name = text.substr(0, colon);
    if (!is_token(name)) return bad_request("The name of a header field is not a token.");
    const std::string_view value = trim(text.substr(colon + 1));
    if (!is_field_value(value))
        return bad_request("The value of a header field holds a control character.");
    auto& [lower, stored] = head_.headers.emplace_back(name, value);
    std::transform(lower.begin(), lower.end(), lower.begin(), to_lower);
    known_field(lower, stored);
}

void RequestParser::known_field(std::string_view name, std::string_view value) {
    switch (name.size()) {
        case 4:
            if (name == "host") host(value);
            break;
        case 6:
            if (name == "expect") expect(value);
            break;
        case 10:
            if (name == "connection") connection(value);
            break;
        case 14:
            if (name == "content-length") content_length(value);
            break;
        case 17:
            if (name == "transfer-encoding") transfer_encoding(value);
            break;
        default:
            break;
    }
}

void RequestParser::host(std::string_view value) {
    if (has_host_) return bad_request("The Host header field is repeated.");
    has_host_ = true;
    if (!is_host(value)) bad_request("The Host header field is malformed.");
}

void RequestParser::expect(std::string_view value) {
    if (http_1_0_) return;  // RFC 9110 10.1.1
    if (!equal_ignoring_case(value, "100-continue"))
        return refuse(417, "ExpectationFailed", "Only the expectation 100-continue is supported.");
    head_.expect_continue = true;
}

void RequestParser::connection(std::string_view value) {
    while (!value.empty()) {
        const std::size_t comma = std::min(value.find(','), value.size());
        const std::string_view option = trim(value.substr(0, comma));
        if (equal_ignoring_case(option, "close")) asks_close_ = true;
        if (equal_ignoring_case(option, "keep-alive")) asks_keep_alive_ = true;
        value.remove_prefix(std::min(comma + 1, value.size()));
    }
}

void RequestParser::content_length(std::string_view value) {
    if (head_.content_length) return bad_request("The Content-Length header field is repeated.");
    std::uint64_t length = 0;
    const char* const end = value.data() + value.size();
    const auto [stop, error] = std::from_chars(value.data(), end, length);
    const bool digits_only = !value.empty() && is_digit(value.front()) && stop == end;
    constexpr auto length_max =
        static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
    if (error != std::errc{} || !digits_only || length > length_max)
        return bad_request("The Content-Length header field is not a number of bytes.");
    head_.content_length = length;
}

void RequestParser::transfer_encoding(std::string_view value) {
    if (has_transfer_encoding_)
        return bad_request("The Transfer-Encoding header field is repeated.");
    has_transfer_encoding_ = true;
    if (http_1_0_) return bad_request("HTTP/1.0 has no Transfer-Encoding.");
    if (!equal_ignoring_case(value, "chunked"))
        return refuse(501, "NotImplemented", "Only the transfer encoding chunked is supported.");
    head_.chunked = true;
}

/// What no single line can decide.
void RequestParser::finish() {
    if (head_.chunked && head_.content_length)
        return bad_request("Content-Length and Transfer-Encoding exclude each other.");
    if (!has_host_ && !http_1_0_) return bad_request("The Host header field is missing.");
    if (absolute_) {
        const auto host = head_.header("host");
        if (!is_host(authority_) || (host && !equal_ignoring_case(*host, authority_)))
            return bad_request("The request target and the Host header field differ.");
    }
    state_ = State::complete;
}

void RequestParser::refuse(unsigned status, std::string_view code, std::string_view message) {
    state_ = State::refused;
    refusal_ = {status, code, message};
}

}  // namespace holdfast::http
