/// How one event of the log reads, as text for people or as a JSON line. threads: any.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/log.h"

namespace holdfast::base::log {

struct Event {
    WallTime time;
    Level level = Level::info;
    std::string_view name;
    std::initializer_list<Field> fields;
};

/// `2026-01-31T09:30:00.125Z warning  disk.slow  path="a b" milliseconds=12`, with the line's end.
/// Texts are quoted where needed; control characters are escaped, so that no value can forge a line
/// or speak to the terminal.
std::string human_line(const Event& event);

/// One JSON object with "time", "level", "event" and the fields, with the line's end. Bytes that
/// are not UTF-8 become U+FFFD; numbers that JSON lacks become null.
std::string json_line(const Event& event);

std::string_view to_string(Level level);

}  // namespace holdfast::base::log
