/// Gives back the space of bodies kept in the index that are gone, when it is more than may stay:
/// the rows are merged first, so that the garbage shows, then what is alive is moved out of the
/// oldest files that hold enough of it. What stays is at most 1 % of what is alive and a fixed
/// part.
///
/// threads: one event loop; stop() any. source: spec durability P13.
#pragma once

#include <cstdint>

#include "storage/upkeep.h"
#include "storage/workers/throttle.h"

namespace holdfast::storage::workers {

class BodyCollector {
public:
    /// Everything given outlives it. `stopping` ends it early. `spare_bytes`: the fixed part.
    BodyCollector(Upkeep& upkeep, Throttle& throttle, const bool& stopping,
                  std::uint64_t spare_bytes)
        : upkeep_(upkeep), throttle_(throttle), stopping_(stopping), spare_bytes_(spare_bytes) {}

    struct Outcome {
        std::uint64_t bytes = 0;          ///< of bodies, as it is left
        std::uint64_t garbage_bytes = 0;  ///< of those, at most
    };
    /// errors: as Upkeep::merge_bodies().
    Async<Outcome> run();

private:
    Async<void> merge(std::size_t files_moved);
    [[nodiscard]] std::uint64_t allowed_bytes(const BodySpace& space) const;
    [[nodiscard]] std::size_t files_to_move(const BodySpace& space) const;

    Upkeep& upkeep_;
    Throttle& throttle_;
    const bool& stopping_;
    const std::uint64_t spare_bytes_;
};

}  // namespace holdfast::storage::workers
