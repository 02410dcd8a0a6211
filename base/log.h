/// The structured log: one line an event, human on a terminal, JSON lines otherwise. Written by a
/// background thread; a full queue drops the oldest line and counts it. Secrets cannot be logged: a
/// field takes text and numbers, and base::Secret converts to neither. threads: any.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <variant>

namespace holdfast::base::log {

enum class Level { debug, info, warning, error };
enum class Format { automatic, human, json };

struct Options {
    Level level = Level::info;
    Format format = Format::automatic;  ///< human when standard error is a terminal
    std::string file;                   ///< empty: standard error
};

using Value = std::variant<std::string_view, std::int64_t, std::uint64_t, double, bool>;
struct Field {
    std::string_view name;
    Value value;
    Field(std::string_view n, std::string_view v) : name(n), value(v) {}
    Field(std::string_view n, const std::string& v) : name(n), value(std::string_view(v)) {}
    Field(std::string_view n, const char* v) : name(n), value(std::string_view(v)) {}
    Field(std::string_view n, int v) : name(n), value(static_cast<std::int64_t>(v)) {}
    Field(std::string_view n, std::int64_t v) : name(n), value(v) {}
    Field(std::string_view n, std::uint64_t v) : name(n), value(v) {}
    Field(std::string_view n, double v) : name(n), value(v) {}
    Field(std::string_view n, bool v) : name(n), value(v) {}
};

/// Starts the log; before it, and after stop(), lines go to standard error at once.
void start(const Options& options);
/// Reopens the file (after rotation).
void reopen();
/// Writes what is queued.
void stop();
/// The last line, an error, of a process that is about to end; everything queued before it is
/// written as well. Waits half a second at most: the log may be on a disk that hangs, or a pipe
/// that nobody reads. Whether it was written.
bool write_last(std::string_view event, std::initializer_list<Field> fields);

bool enabled(Level level);
/// A line that there is no memory for is lost and counted: no work fails for its log.
void write(Level level, std::string_view event, std::initializer_list<Field> fields = {});

inline void info(std::string_view event, std::initializer_list<Field> fields = {}) {
    write(Level::info, event, fields);
}
inline void warning(std::string_view event, std::initializer_list<Field> fields = {}) {
    write(Level::warning, event, fields);
}
inline void error(std::string_view event, std::initializer_list<Field> fields = {}) {
    write(Level::error, event, fields);
}

}  // namespace holdfast::base::log
