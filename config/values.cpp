#include "config/values.h"

#include <array>
#include <charconv>
#include <limits>

#include "base/limits.h"

namespace holdfast::config {

namespace {

struct Unit {
    std::string_view name;
    std::uint64_t size;
};

constexpr std::array byte_units = {Unit{"TiB", 1024 * base::GiB}, Unit{"GiB", base::GiB},
                                   Unit{"MiB", base::MiB}, Unit{"KiB", base::KiB}};
// "ms" before "m" and "s": the first that ends the text counts.
constexpr std::array duration_units = {Unit{"ms", 1}, Unit{"s", 1000}, Unit{"m", 60'000},
                                       Unit{"h", 3'600'000}, Unit{"d", 86'400'000}};

std::optional<std::uint64_t> multiplied(std::string_view number, std::uint64_t unit) {
    const auto count = parse_integer(number);
    // The signed maximum, so that durations fit as well.
    constexpr std::uint64_t most = std::numeric_limits<std::int64_t>::max();
    if (!count || *count > most / unit) return std::nullopt;
    return *count * unit;
}

}  // namespace

std::optional<std::uint64_t> parse_integer(std::string_view text) {
    std::uint64_t number = 0;
    const char* const end = text.data() + text.size();
    const auto [stop, code] = std::from_chars(text.data(), end, number);
    if (code != std::errc{} || stop != end) return std::nullopt;
    return number;
}

std::optional<std::uint64_t> parse_bytes(std::string_view text) {
    for (const Unit& unit : byte_units)
        if (text.ends_with(unit.name))
            return multiplied(text.substr(0, text.size() - unit.name.size()), unit.size);
    return multiplied(text, 1);
}

std::string format_bytes(std::uint64_t bytes) {
    for (const Unit& unit : byte_units)
        if (bytes != 0 && bytes % unit.size == 0)
            return std::to_string(bytes / unit.size).append(unit.name);
    return std::to_string(bytes);
}

std::optional<std::chrono::milliseconds> parse_duration(std::string_view text) {
    for (const Unit& unit : duration_units) {
        if (!text.ends_with(unit.name)) continue;
        const auto count = multiplied(text.substr(0, text.size() - unit.name.size()), unit.size);
        if (!count) return std::nullopt;
        return std::chrono::milliseconds(*count);
    }
    return std::nullopt;
}

std::string format_duration(std::chrono::milliseconds duration) {
    const auto count = static_cast<std::uint64_t>(duration.count());
    if (count == 0) return "0s";
    if (count % 3'600'000 == 0) return std::to_string(count / 3'600'000) + "h";
    if (count % 60'000 == 0) return std::to_string(count / 60'000) + "m";
    if (count % 1000 == 0) return std::to_string(count / 1000) + "s";
    return std::to_string(count) + "ms";
}

std::vector<std::string> split_list(std::string_view text) {
    constexpr std::string_view blanks = " \t";
    std::vector<std::string> items;
    if (text.find_first_not_of(blanks) == std::string_view::npos) return items;
    for (;;) {
        const auto comma = text.find(',');
        std::string_view item = text.substr(0, comma);
        item.remove_prefix(std::min(item.find_first_not_of(blanks), item.size()));
        item = item.substr(0, item.find_last_not_of(blanks) + 1);
        items.emplace_back(item);
        if (comma == std::string_view::npos) return items;
        text.remove_prefix(comma + 1);
    }
}

}  // namespace holdfast::config
