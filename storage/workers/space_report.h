/// Where the disk space of the segments is. The parts add up to the whole. threads: as a value.
#pragma once

#include <cstdint>

namespace holdfast::storage::workers {

struct SpaceUse {
    std::uint64_t live_bytes = 0;         ///< extents that objects and parts refer to, in blocks
    std::uint64_t queued_bytes = 0;       ///< of garbage rows: the reclaimer gives them back
    std::uint64_t quarantined_bytes = 0;  ///< without an owner, waiting to be given back
    std::uint64_t orphan_bytes = 0;       ///< without an owner, not (or not yet) in quarantine
    std::uint64_t in_flight_bytes = 0;    ///< being written
    std::uint64_t unknown_bytes = 0;      ///< not zeros, and no header names them
    std::uint64_t allocated_ahead_bytes = 0;  ///< of open segments: for what comes
    std::uint64_t padding_bytes = 0;          ///< the file system's own, and unused ends of runs

    [[nodiscard]] std::uint64_t extents() const {
        return live_bytes + queued_bytes + quarantined_bytes + orphan_bytes + in_flight_bytes +
               unknown_bytes;
    }
    [[nodiscard]] std::uint64_t sum() const {
        return extents() + allocated_ahead_bytes + padding_bytes;
    }
    /// Says how much is behind a segment: what no extent has is ahead of use, or padding. An
    /// extent that went while it was counted makes the others too many: they are cut.
    void settle(std::uint64_t allocated_bytes, bool open);
    SpaceUse& operator+=(const SpaceUse& other);
};

}  // namespace holdfast::storage::workers
