#include "storage/workers/space_report.h"

#include <algorithm>

namespace holdfast::storage::workers {

void SpaceUse::settle(std::uint64_t allocated_bytes, bool open) {
    const auto known = extents();
    if (known <= allocated_bytes) {
        (open ? allocated_ahead_bytes : padding_bytes) += allocated_bytes - known;
        return;
    }
    auto over = known - allocated_bytes;
    for (auto* part : {&in_flight_bytes, &queued_bytes, &orphan_bytes, &quarantined_bytes,
                       &unknown_bytes, &live_bytes}) {
        const auto cut = std::min(over, *part);
        *part -= cut;
        over -= cut;
    }
}

SpaceUse& SpaceUse::operator+=(const SpaceUse& other) {
    live_bytes += other.live_bytes;
    queued_bytes += other.queued_bytes;
    quarantined_bytes += other.quarantined_bytes;
    orphan_bytes += other.orphan_bytes;
    in_flight_bytes += other.in_flight_bytes;
    unknown_bytes += other.unknown_bytes;
    allocated_ahead_bytes += other.allocated_ahead_bytes;
    padding_bytes += other.padding_bytes;
    return *this;
}

}  // namespace holdfast::storage::workers
