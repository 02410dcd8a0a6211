#include "storage/local/readable_key.h"

#include <algorithm>
#include <cstdint>

namespace holdfast::storage::local {

namespace {

/// Keys behind the damage that differ only after so many more bytes are not told apart.
constexpr std::size_t bytes_further = 128;

std::uint8_t byte_at(const std::string& key, std::size_t at) {
    return at < key.size() ? static_cast<std::uint8_t>(key[at]) : 0;
}

/// Half way between them, taken as fractions of so many digits of base 256.
std::string middle_of(const std::string& low, const std::string& high, std::size_t bytes) {
    // The sum, from the last digit on, then half of it from the first one on.
    std::string middle(bytes, '\0');
    unsigned carry = 0;
    for (std::size_t i = bytes; i-- > 0;) {
        const unsigned sum = unsigned{byte_at(low, i)} + byte_at(high, i) + carry;
        middle[i] = static_cast<char>(sum & 0xff);
        carry = sum >> 8;
    }
    for (std::size_t i = 0; i < bytes; ++i) {
        const unsigned digit = (carry << 8) + static_cast<std::uint8_t>(middle[i]);
        middle[i] = static_cast<char>(digit >> 1);
        carry = digit & 1;
    }
    middle.erase(middle.find_last_not_of('\0') + 1);
    return middle;
}

/// A step is at most this part of what was left out before it.
constexpr std::uint64_t share_left_out = 4;

/// Greater than every key there is.
const std::string last_key(1, '\xff');

/// The smallest key so many bytes behind `from`; the last one when there are not so many. No longer
/// than what it is next to, or each of many steps would ask longer than the one before.
std::string key_at_distance(const std::string& from, std::uint64_t bytes, const KeySpace& space) {
    auto low = from;
    auto high = last_key;
    const auto key_bytes = from.size() + bytes_further;
    for (;;) {
        auto middle = middle_of(low, high, key_bytes);
        if (middle <= low || middle >= high) break;
        if (space.bytes_between(from, middle) < bytes)
            low = std::move(middle);
        else
            high = std::move(middle);
    }
    // Behind a last key nothing is closer, and between two fractions it is not seen.
    auto next = low + '\0';
    return next < high && space.bytes_between(from, next) >= bytes ? next : high;
}

}  // namespace

std::optional<std::string> readable_key_behind(const std::string& unreadable,
                                               const KeySpace& space) {
    auto key = unreadable;
    for (std::uint64_t bytes = 1; key < last_key;) {
        key = key_at_distance(key, bytes, space);
        if (space.is_readable(key)) return key;
        bytes = std::max<std::uint64_t>(space.bytes_between(unreadable, key) / share_left_out, 1);
    }
    return std::nullopt;
}

}  // namespace holdfast::storage::local
