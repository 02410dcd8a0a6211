/// Gives back the space of bodies kept in the index that are gone, when it is more than may stay:
/// 1 % of what is alive and a fixed part. The rows are merged first, so that the garbage shows;
/// then what is alive is moved out of the oldest files, as far as that is worth it and there is
/// room for it.
///
/// Only the oldest files can be emptied (RocksDB knows no other order), so where all garbage is in
/// the newest ones it stays until they are old.
///
/// threads: one event loop. source: spec durability P13.
#pragma once

#include <cstdint>

#include "storage/upkeep.h"
#include "storage/workers/throttle.h"

namespace holdfast::storage::workers {

struct BodyCollectorOptions {
    std::uint64_t garbage_bytes_max = std::uint64_t{32} << 20;  ///< beside 1 % of what is alive
    std::uint64_t body_bytes_max = std::uint64_t{64} << 10;     ///< no body is larger
};

class BodyCollector {
public:
    using Options = BodyCollectorOptions;

    /// Everything given outlives it. `stopping` ends it early.
    BodyCollector(Upkeep& upkeep, Throttle& throttle, const bool& stopping, Options options)
        : upkeep_(upkeep), throttle_(throttle), stopping_(stopping), options_(options) {}

    struct Outcome {
        std::uint64_t bytes = 0;          ///< of bodies, as it is left
        std::uint64_t garbage_bytes = 0;  ///< of those, as far as is known
    };
    /// Only measures once a body was damaged: each try would stop the writes, until the next start.
    /// errors: as Upkeep::merge_bodies().
    Async<Outcome> run();

private:
    Async<void> collect();
    Async<void> merge(std::uint64_t move_up_to);
    [[nodiscard]] std::uint64_t allowed_bytes(const BodySpace& space) const;
    [[nodiscard]] std::uint64_t newest_to_empty(const BodySpace& space) const;

    Upkeep& upkeep_;
    Throttle& throttle_;
    const bool& stopping_;
    const Options options_;
    bool met_damage_ = false;
};

}  // namespace holdfast::storage::workers
