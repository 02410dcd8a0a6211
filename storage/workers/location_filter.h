/// Remembers where extents are that rows refer to: a Bloom filter, so that tens of millions of them
/// fit into some tens of megabytes. A place that was not added is taken for one that was about once
/// in 300 times, and more often where it may not be as large as it should; the salt differs each
/// time, so that it is another one in the next pass. A place that was added is never forgotten.
/// threads: one.
#pragma once

#include <cstdint>
#include <vector>

namespace holdfast::storage::workers {

class LocationFilter {
public:
    /// Takes as much memory as so many places need, but never more than `bytes_max`.
    LocationFilter(std::uint64_t locations_max, std::uint64_t bytes_max, std::uint64_t salt);
    void add(std::uint64_t segment, std::uint64_t offset);
    [[nodiscard]] bool may_have(std::uint64_t segment, std::uint64_t offset) const;
    [[nodiscard]] std::uint64_t bytes() const { return words_.size() * sizeof(std::uint64_t); }
    /// Smaller than the places it was made for need.
    [[nodiscard]] bool is_short() const { return bits_set_ < bits_set_max; }

private:
    template <class Visit>
    bool each_bit(std::uint64_t segment, std::uint64_t offset, Visit visit) const;

    static constexpr std::uint64_t bits_set_max = 8;

    std::uint64_t salt_;
    std::uint64_t bits_set_;  ///< for each place
    std::vector<std::uint64_t> words_;
};

}  // namespace holdfast::storage::workers
