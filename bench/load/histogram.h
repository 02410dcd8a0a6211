/// Latencies in logarithmic buckets: 64 for each power of two, so that a value read back is at most
/// 1.6 % above the one recorded, from 1 ns to centuries, in 30 KiB. threads: one.
#pragma once

#include <cstdint>
#include <vector>

namespace holdfast::bench {

class Histogram {
public:
    Histogram();

    void record(std::uint64_t nanoseconds);
    void merge(const Histogram& other);

    [[nodiscard]] std::uint64_t count() const { return count_; }
    /// 0 when nothing was recorded.
    [[nodiscard]] double mean() const;
    [[nodiscard]] std::uint64_t max() const { return max_; }
    /// The smallest bucket bound that this share of the values does not exceed; never above max().
    /// REQUIRES: 0 < share <= 1. 0 when nothing was recorded.
    [[nodiscard]] std::uint64_t quantile(double share) const;

private:
    std::vector<std::uint64_t> buckets_;
    std::uint64_t count_ = 0;
    std::uint64_t max_ = 0;
    double sum_ = 0;
};

}  // namespace holdfast::bench
