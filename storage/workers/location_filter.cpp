#include "storage/workers/location_filter.h"

#include <algorithm>

namespace holdfast::storage::workers {

namespace {

constexpr std::uint64_t bits_per_location = 12;
constexpr std::uint64_t word_bits = 64;
constexpr std::uint64_t words_min = std::uint64_t{1} << 13;

std::uint64_t words_for(std::uint64_t locations_max, std::uint64_t bytes_max) {
    const auto wanted = std::max(locations_max * bits_per_location / word_bits, words_min);
    return std::max<std::uint64_t>(std::min(wanted, bytes_max / sizeof(std::uint64_t)), 1);
}

/// SplitMix64's finaliser.
std::uint64_t mixed(std::uint64_t value) {
    value += 0x9e3779b97f4a7c15;
    value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9;
    value = (value ^ (value >> 27)) * 0x94d049bb133111eb;
    return value ^ (value >> 31);
}

}  // namespace

// Of the bits there are for a place two thirds are set, which leaves about every second one unset
// when all places are in: with more or fewer, others would seem to be there more often.
LocationFilter::LocationFilter(std::uint64_t locations_max, std::uint64_t bytes_max,
                               std::uint64_t salt)
    : salt_(salt), words_(words_for(locations_max, bytes_max)) {
    const auto bits = words_.size() * word_bits / std::max<std::uint64_t>(locations_max, 1);
    bits_set_ = std::clamp<std::uint64_t>(bits * 2 / 3, 1, bits_set_max);
}

template <class Visit>
bool LocationFilter::each_bit(std::uint64_t segment, std::uint64_t offset, Visit visit) const {
    const auto first = mixed(mixed(segment ^ salt_) ^ offset);
    const auto step = mixed(first) | 1;
    for (std::uint64_t i = 0; i < bits_set_; ++i) {
        const auto bit = (first + i * step) % (words_.size() * word_bits);
        if (!visit(bit / word_bits, std::uint64_t{1} << (bit % word_bits))) return false;
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
