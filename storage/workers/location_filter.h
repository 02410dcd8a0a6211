/// Remembers where extents are that rows refer to: a Bloom filter, so that tens of millions of them
/// fit into some tens of megabytes. A place that was not added is taken for one that was about once
/// in 300 times; the salt differs each time, so that it is another one in the next pass.
/// threads: one.
#pragma once

#include <cstdint>
#include <vector>

namespace holdfast::storage::workers {

class LocationFilter {
public:
    LocationFilter(std::uint64_t locations_max, std::uint64_t salt);
    void add(std::uint64_t segment, std::uint64_t offset);
    [[nodiscard]] bool may_have(std::uint64_t segment, std::uint64_t offset) const;

private:
    template <class Visit>
    bool each_bit(std::uint64_t segment, std::uint64_t offset, Visit visit) const;

    std::uint64_t salt_;
    std::vector<std::uint64_t> words_;
};

}  // namespace holdfast::storage::workers
