#include "storage/volume_snapshots.h"

#include <algorithm>

namespace holdfast::storage {

namespace {

constexpr std::size_t name_bytes_max = 64;

bool is_letter_or_digit(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

}  // namespace

bool is_snapshot_name(std::string_view name) {
    if (name.empty() || name.size() > name_bytes_max || !is_letter_or_digit(name.front()))
        return false;
    return std::all_of(name.begin(), name.end(), [](char c) {
        return is_letter_or_digit(c) || c == '.' || c == '_' || c == '-';
    });
}

}  // namespace holdfast::storage
