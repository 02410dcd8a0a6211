/// The text forms of setting values, both ways. Parsing is strict: nothing but the whole text
/// counts. threads: any.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace holdfast::config {

/// Decimal digits only.
std::optional<std::uint64_t> parse_integer(std::string_view text);

/// A plain number of bytes, or one with KiB, MiB, GiB or TiB.
std::optional<std::uint64_t> parse_bytes(std::string_view text);
/// In the largest unit that states it exactly: "16KiB", "1000", "0".
std::string format_bytes(std::uint64_t bytes);

/// A number with ms, s, m, h or d.
std::optional<std::chrono::milliseconds> parse_duration(std::string_view text);
/// In the largest unit up to hours that states it exactly: "24h", "1500ms", "0s".
std::string format_duration(std::chrono::milliseconds duration);

/// Items between commas, without the white space around them; no item for an empty text.
std::vector<std::string> split_list(std::string_view text);

}  // namespace holdfast::config
