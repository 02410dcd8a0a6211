#include "server/s3/byte_range.h"

#include <algorithm>
#include <limits>

namespace holdfast::s3 {

namespace {

constexpr std::uint64_t offset_max = std::numeric_limits<std::int64_t>::max();

struct Bound {
    bool given = false;
    bool too_large = false;  ///< beyond int64
    std::uint64_t value = 0;
};

/// Digits only; nothing for any other text. An empty text is a bound not given.
std::optional<Bound> parse_bound(std::string_view text) {
    Bound bound;
    bound.given = !text.empty();
    for (const char c : text) {
        if (c < '0' || c > '9') return std::nullopt;
        const auto digit = static_cast<std::uint64_t>(c - '0');
        if (bound.value > (offset_max - digit) / 10) bound.too_large = true;
        if (!bound.too_large) bound.value = bound.value * 10 + digit;
    }
    return bound;
}

RangeDecision part(std::uint64_t first, std::uint64_t length) {
    return {RangeKind::part, {first, length}};
}

RangeDecision decide_suffix(const Bound& last, std::uint64_t size) {
    // The last n bytes of nothing is all of it; the last zero bytes of anything is no range.
    if (last.too_large || last.value == 0) return {RangeKind::unsatisfiable, {}};
    if (size == 0) return {};
    const auto length = std::min(last.value, size);
    return part(size - length, length);
}

}  // namespace

RangeDecision decide_range(std::optional<std::string_view> header, std::uint64_t size) {
    constexpr std::string_view unit = "bytes=";
    if (!header || header->substr(0, unit.size()) != unit) return {};
    const auto text = header->substr(unit.size());
    const auto dash = text.find('-');
    if (dash == std::string_view::npos) return {};
    const auto first = parse_bound(text.substr(0, dash));
    const auto last = parse_bound(text.substr(dash + 1));
    if (!first || !last || (!first->given && !last->given)) return {};
    if (!first->given) return decide_suffix(*last, size);
    if (first->too_large) return {RangeKind::unsatisfiable, {}};
    if (last->given && !last->too_large && last->value < first->value) return {};
    if (last->too_large) return {RangeKind::unsatisfiable, {}};
    if (first->value >= size) return {RangeKind::unsatisfiable, {}};
    const auto end = last->given ? std::min(last->value, size - 1) : size - 1;
    return part(first->value, end - first->value + 1);
}

}  // namespace holdfast::s3
