/// Gives back the space of bodies kept in the index that are gone, when it is more than may stay:
/// 1 % of what is alive and a fixed part. The rows are merged first, so that the garbage shows;
/// then what is alive is moved out of the oldest files, as far as that is worth it and there is
/// room for it.
///
/// Bodies too small for those files lie in the tables with the rows: merging gives their space
/// back.
///
/// What deleted rows of the index' other family took comes back with a merge as well.
///
/// Only the oldest files can be emptied (RocksDB knows no other order), so where all garbage is in
/// the newest ones it stays until they are old.
///
/// threads: one event loop. source: spec durability P13.
#pragma once

#include <cstdint>
#include <optional>

#include "storage/upkeep.h"
#include "storage/workers/throttle.h"

namespace holdfast::storage::workers {

struct BodyCollectorOptions {
    std::uint64_t garbage_bytes_max = std::uint64_t{32} << 20;  ///< beside 1 % of what is alive
    /// No row of that family is larger: of bodies one of 64 KiB, but a manifest of 1,000 parts of
    /// 5 GiB each is 1.6 MiB.
    std::uint64_t row_bytes_max = std::uint64_t{2} << 20;
};

class BodyCollector {
public:
    using Options = BodyCollectorOptions;

    /// Everything given outlives it. `stopping` ends it early.
    BodyCollector(Upkeep& upkeep, Throttle& throttle, const bool& stopping, Options options)
        : upkeep_(upkeep), throttle_(throttle), stopping_(stopping), options_(options) {}

    struct Outcome {
        std::uint64_t bytes = 0;              ///< of bodies and their rows, as it is left
        std::uint64_t garbage_bytes = 0;      ///< of those, as far as is known
        std::optional<StorageError> failure;  ///< what ended it early, as of Upkeep::merge_bodies()
    };
    /// Each failure stops the writes for a while. So it only measures, until the next start, once a
    /// body was damaged, or two merges in a row met a disk that fails. errors: as
    /// Upkeep::body_space().
    Async<Outcome> run();

private:
    Async<void> collect();
    Async<void> merge(std::uint64_t move_up_to);
    Async<void> take_steps(std::uint64_t move_up_to);
    void note(const StorageError& failure);
    [[nodiscard]] std::uint64_t allowed_bytes(const BodySpace& space) const;
    [[nodiscard]] std::uint64_t newest_to_empty(const BodySpace& space) const;

    Upkeep& upkeep_;
    Throttle& throttle_;
    const bool& stopping_;
    const Options options_;
    unsigned io_failures_ = 0;  ///< in a row
    bool gave_up_ = false;
};

}  // namespace holdfast::storage::workers
