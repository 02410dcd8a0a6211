/// How far the scrub is and what it found, as kept in the data directory: docs/format/workers.md.
/// threads: as a value.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "storage/damage_list.h"
#include "storage/upkeep.h"

namespace holdfast::storage::workers {

struct ScrubState {
    static constexpr const char* file = "scrub-state";

    bool under_way = false;
    RowPosition cursor;       ///< of the pass under way: behind this row; empty: at the start
    std::string file_cursor;  ///< of the pass under way: the index file that was looked at last
    std::chrono::milliseconds age{};  ///< server's running time since the pass began
    std::uint64_t passes = 0;         ///< whole ones, ever
    std::uint64_t blobs = 0;          ///< looked at by this pass, or the last one
    std::uint64_t bytes = 0;
    std::optional<base::WallTime> ended;  ///< the last whole pass
    std::vector<Damage> damaged;

    [[nodiscard]] std::string encode() const;
    /// Nothing when it is damaged or of a later version.
    static std::optional<ScrubState> parse(std::string_view content);
};

}  // namespace holdfast::storage::workers
