#include "bench/load/histogram.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace holdfast::bench {

namespace {

constexpr unsigned half_bits = 6;
constexpr std::uint64_t half = 1ULL << half_bits;
constexpr unsigned exact_bits = half_bits + 1;  // values below 2 * half have a bucket each
constexpr std::size_t bucket_count = 2 * half + (64 - exact_bits) * half;

std::size_t bucket_of(std::uint64_t value) {
    if (value < 2 * half) return value;
    const auto shift = static_cast<unsigned>(std::bit_width(value)) - exact_bits;
    return (shift + 1) * half + ((value >> shift) - half);
}

std::uint64_t highest_in(std::size_t bucket) {
    if (bucket < 2 * half) return bucket;
    const auto shift = bucket / half - 1;
    const std::uint64_t lowest = (half + bucket % half) << shift;
    return lowest + ((1ULL << shift) - 1);
}

}  // namespace

Histogram::Histogram() : buckets_(bucket_count) {}

void Histogram::record(std::uint64_t nanoseconds) {
    ++buckets_[bucket_of(nanoseconds)];
    ++count_;
    sum_ += static_cast<double>(nanoseconds);
    max_ = std::max(max_, nanoseconds);
}

void Histogram::merge(const Histogram& other) {
    for (std::size_t i = 0; i < buckets_.size(); ++i) buckets_[i] += other.buckets_[i];
    count_ += other.count_;
    sum_ += other.sum_;
    max_ = std::max(max_, other.max_);
}

double Histogram::mean() const {
    return count_ == 0 ? 0 : sum_ / static_cast<double>(count_);
}

std::uint64_t Histogram::quantile(double share) const {
    const auto rank = static_cast<std::uint64_t>(std::ceil(share * static_cast<double>(count_)));
    std::uint64_t seen = 0;
    for (std::size_t i = 0; i < buckets_.size() && count_ != 0; ++i) {
        seen += buckets_[i];
        if (seen >= std::max<std::uint64_t>(rank, 1)) return std::min(highest_in(i), max_);
    }
    return max_;
}

}  // namespace holdfast::bench
