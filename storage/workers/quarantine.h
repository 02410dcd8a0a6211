/// Space without an owner on its way out: kept and listed for a while before it is given back.
///
/// How long is counted while the server runs, so a restart can lengthen the time and never shorten
/// it. Format on disk: docs/format/workers.md. threads: one event loop.
/// source: spec durability 2.7.2.
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "storage/blob_store.h"
#include "storage/upkeep.h"

namespace holdfast::storage::workers {

/// Segment and offset: where an extent begins.
using Location = std::pair<std::uint64_t, std::uint64_t>;

struct Leftover {
    BlobId blob{};
    Extent extent;  ///< its length is 0 when its writer did not end it
    std::uint64_t bytes = 0;
    SegmentPiece::Kind kind = SegmentPiece::Kind::whole;
    base::SteadyTime first_seen{};
};

class Quarantine {
public:
    static constexpr const char* file = "gc-quarantine";

    void add(const Leftover& leftover);
    void remove(const Location& place);
    /// Null when it is not there, or of another blob.
    [[nodiscard]] const Leftover* find(const Location& place, const BlobId& blob) const;
    [[nodiscard]] const std::map<Location, Leftover>& all() const { return leftovers_; }
    [[nodiscard]] std::uint64_t bytes() const;
    /// Those that are at least so old, the oldest places first.
    [[nodiscard]] std::vector<Leftover> older_than(std::chrono::milliseconds age,
                                                   base::SteadyTime now) const;

    [[nodiscard]] std::string encode(base::SteadyTime now) const;
    /// Nothing when it is damaged or of a later version.
    static std::optional<Quarantine> parse(std::string_view content, base::SteadyTime now);

private:
    std::map<Location, Leftover> leftovers_;
};

}  // namespace holdfast::storage::workers
