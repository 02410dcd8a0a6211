#include "base/log_line.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace holdfast::base::log {

namespace {

using Buffer = fmt::memory_buffer;

void append(Buffer& to, std::string_view text) {
    to.append(text.data(), text.data() + text.size());
}

bool is_continuation(char c) {
    return (static_cast<unsigned char>(c) & 0xc0) == 0x80;
}

/// Bytes of the well-formed UTF-8 character at the start (Unicode table 3-7); 0 when there is none.
std::size_t character_length(std::string_view text) {
    const auto lead = static_cast<unsigned char>(text[0]);
    if (lead < 0x80) return 1;
    std::size_t length = 0;
    if (lead >= 0xc2 && lead <= 0xdf) length = 2;
    if (lead >= 0xe0 && lead <= 0xef) length = 3;
    if (lead >= 0xf0 && lead <= 0xf4) length = 4;
    if (length == 0 || text.size() < length) return 0;
    for (std::size_t i = 1; i < length; ++i)
        if (!is_continuation(text[i])) return 0;
    const auto second = static_cast<unsigned char>(text[1]);
    const bool overlong = (lead == 0xe0 && second < 0xa0) || (lead == 0xf0 && second < 0x90);
    const bool surrogate = lead == 0xed && second > 0x9f;
    const bool too_large = lead == 0xf4 && second > 0x8f;
    return overlong || surrogate || too_large ? 0 : length;
}

/// Control characters, those of C1 too: U+0080 to U+009F start terminal sequences.
bool is_control(std::string_view character) {
    const auto first = static_cast<unsigned char>(character[0]);
    if (first < 0x20 || first == 0x7f) return true;
    return first == 0xc2 && static_cast<unsigned char>(character[1]) < 0xa0;
}

void append_control(Buffer& to, std::string_view character) {
    if (character == "\n") return append(to, "\\n");
    if (character == "\r") return append(to, "\\r");
    if (character == "\t") return append(to, "\\t");
    // The code point of a C1 control is the second byte of its encoding.
    fmt::format_to(std::back_inserter(to), "\\u{:04x}",
                   static_cast<unsigned>(static_cast<unsigned char>(character.back())));
}

void append_quoted(Buffer& to, std::string_view text) {
    to.push_back('"');
    while (!text.empty()) {
        const std::size_t length = character_length(text);
        const std::string_view character = text.substr(0, std::max<std::size_t>(length, 1));
        if (length == 0)
            append(to, "\xef\xbf\xbd");
        else if (is_control(character))
            append_control(to, character);
        else if (character == "\"" || character == "\\") {
            to.push_back('\\');
            append(to, character);
        } else
            append(to, character);
        text.remove_prefix(character.size());
    }
    to.push_back('"');
}

bool is_plain(std::string_view text) {
    return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
        return c > ' ' && c < 0x7f && c != '"' && c != '\\' && c != '=';
    });
}

void append_text_for_people(Buffer& to, std::string_view text) {
    if (is_plain(text))
        append(to, text);
    else
        append_quoted(to, text);
}

template <class AppendText>
void append_value(Buffer& to, const Value& value, AppendText append_text) {
    if (const auto* text = std::get_if<std::string_view>(&value))
        append_text(to, *text);
    else if (const auto* number = std::get_if<double>(&value))
        std::isfinite(*number) ? fmt::format_to(std::back_inserter(to), "{}", *number)
                               : fmt::format_to(std::back_inserter(to), "null");
    else if (const auto* truth = std::get_if<bool>(&value))
        append(to, *truth ? "true" : "false");
    else if (const auto* integer = std::get_if<std::int64_t>(&value))
        fmt::format_to(std::back_inserter(to), "{}", *integer);
    else
        fmt::format_to(std::back_inserter(to), "{}", std::get<std::uint64_t>(value));
}

void append_time(Buffer& to, WallTime time) {
    const auto seconds = std::chrono::floor<std::chrono::seconds>(time);
    fmt::format_to(std::back_inserter(to), "{:%Y-%m-%dT%H:%M:%S}.{:03}Z",
                   fmt::gmtime(seconds.time_since_epoch().count()), (time - seconds).count());
}

}  // namespace

std::string_view to_string(Level level) {
    switch (level) {
        case Level::debug:
            return "debug";
        case Level::info:
            return "info";
        case Level::warning:
            return "warning";
        case Level::error:
            return "error";
    }
    return "error";
}

std::string human_line(const Event& event) {
    Buffer line;
    append_time(line, event.time);
    fmt::format_to(std::back_inserter(line), " {:<7}  ", to_string(event.level));
    append_text_for_people(line, event.name);
    const char* separator = "  ";
    for (const Field& field : event.fields) {
        append(line, separator);
        append_text_for_people(line, field.name);
        line.push_back('=');
        append_value(line, field.value, append_text_for_people);
        separator = " ";
    }
    line.push_back('\n');
    return fmt::to_string(line);
}

std::string json_line(const Event& event) {
    Buffer line;
    append(line, R"({"time":")");
    append_time(line, event.time);
    append(line, R"(","level":")");
    append(line, to_string(event.level));
    append(line, R"(","event":)");
    append_quoted(line, event.name);
    for (const Field& field : event.fields) {
        line.push_back(',');
        append_quoted(line, field.name);
        line.push_back(':');
        append_value(line, field.value, append_quoted);
    }
    append(line, "}\n");
    return fmt::to_string(line);
}

}  // namespace holdfast::base::log
