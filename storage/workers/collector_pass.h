/// One look at all rows and all segments: whose is which extent?
///
/// (1) Every place that a row refers to goes into a filter, from one snapshot. (2) The segments are
/// walked; what the filter does not know and nobody writes is a candidate. (3) Candidates that a
/// second snapshot, taken after the walk, refers to are dropped: what is left has no owner
/// (durability 2.7.2). Nothing is changed but that zeros are given back to the file system.
///
/// Memory: the filter, filter_bytes_max at most, and candidates_max candidates of some 200 bytes,
/// however much is stored. A filter that is too small for what is stored takes more of what has no
/// owner for something that has one: less is found, and nothing is ever found wrongly.
/// threads: one event loop.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <vector>

#include "storage/upkeep.h"
#include "storage/workers/location_filter.h"
#include "storage/workers/quarantine.h"
#include "storage/workers/space_report.h"
#include "storage/workers/throttle.h"

namespace holdfast::storage::workers {

class CollectorPass {
public:
    struct Context {
        Upkeep& upkeep;
        Throttle& throttle;
        const bool& stopping;
        std::uint64_t salt = 0;
        std::size_t candidates_max = 100'000;
        std::uint64_t filter_bytes_max = std::uint64_t{128} << 20;
    };
    explicit CollectorPass(Context context) : context_(context) {}

    /// errors: unavailable (stopping), corrupt and io of the index: nothing is known then.
    Async<void> run();

    struct Unowned {
        Leftover leftover;
        bool earlier = false;  ///< its segment is of an earlier run
    };
    struct SegmentUse {
        SegmentInfo info;
        SpaceUse use;              ///< without what has no owner
        bool referred_to = false;  ///< by a row of the second snapshot
    };
    /// What is left after run().
    std::map<Location, Unowned> unowned;
    std::map<std::uint64_t, SegmentUse> segments;
    std::uint64_t blobs = 0;       ///< that objects and parts refer to
    std::uint64_t blob_bytes = 0;  ///< stored bytes of those
    bool capped = false;           ///< there is more without an owner than is remembered

private:
    template <class Visit>
    Async<void> visit_owners(Visit& visit);
    Async<void> learn_owners();
    Async<void> scan_segments();
    Async<void> scan(SegmentUse& segment);
    void classify(SegmentUse& segment, const SegmentPiece& piece);
    Async<void> confirm();

    Context context_;
    std::optional<LocationFilter> live_;
    std::optional<LocationFilter> queued_;
    std::vector<Extent> zeros_;  ///< of the segment being walked
};

}  // namespace holdfast::storage::workers
