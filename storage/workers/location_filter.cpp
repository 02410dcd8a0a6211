#include "storage/workers/location_filter.h"

#include <algorithm>

namespace holdfast::storage::workers {

namespace {

constexpr std::uint64_t bits_per_location = 12;
constexpr int bits_set = 8;
constexpr std::uint64_t words_min = std::uint64_t{1} << 13;
constexpr std::uint64_t words_max = std::uint64_t{1} << 24;  // 128 MiB: 90 million places

/// SplitMix64's finaliser.
std::uint64_t mixed(std::uint64_t value) {
    value += 0x9e3779b97f4a7c15;
    value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9;
    value = (value ^ (value >> 27)) * 0x94d049bb133111eb;
    return value ^ (value >> 31);
}

}  // namespace

LocationFilter::LocationFilter(std::uint64_t locations_max, std::uint64_t salt)
    : salt_(salt),
      words_(std::clamp(locations_max * bits_per_location / 64, words_min, words_max)) {}

template <class Visit>
bool LocationFilter::each_bit(std::uint64_t segment, std::uint64_t offset, Visit visit) const {
    const auto first = mixed(mixed(segment ^ salt_) ^ offset);
    const auto step = mixed(first) | 1;
    for (int i = 0; i < bits_set; ++i) {
        const auto bit = (first + static_cast<std::uint64_t>(i) * step) % (words_.size() * 64);
        if (!visit(bit / 64, std::uint64_t{1} << (bit % 64))) return false;
    }
    return true;
}

void LocationFilter::add(std::uint64_t segment, std::uint64_t offset) {
    each_bit(segment, offset, [this](std::uint64_t word, std::uint64_t bit) {
        words_[word] |= bit;
        return true;
    });
}

bool LocationFilter::may_have(std::uint64_t segment, std::uint64_t offset) const {
    return each_bit(segment, offset, [this](std::uint64_t word, std::uint64_t bit) {
        return (words_[word] & bit) != 0;
    });
}

}  // namespace holdfast::storage::workers
