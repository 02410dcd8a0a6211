/// Small text files of the workers: a first line with kind and version, lines of words, and a seal.
/// docs/format/workers.md. threads: any.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace holdfast::storage::workers {

/// Words hold no space and no line end, and are not empty.
using StateLine = std::vector<std::string>;

std::string encode_state(std::string_view head, const std::vector<StateLine>& lines);
/// Nothing when the head is another one or the seal does not hold.
std::optional<std::vector<StateLine>> parse_state(std::string_view head, std::string_view content);

/// Any text as a word, and back; "-" is the empty one.
std::string to_word(std::string_view text);
std::optional<std::string> from_word(std::string_view word);
/// Decimal digits.
std::optional<std::uint64_t> to_number(std::string_view word);
/// Milliseconds that a server ran; no more than a clock can be reckoned with.
std::optional<std::chrono::milliseconds> to_age(std::string_view word);

}  // namespace holdfast::storage::workers
