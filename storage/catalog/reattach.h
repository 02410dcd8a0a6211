/// Puts objects back whose commits an index has lost, from their blobs: what no row refers to and
/// was sealed after the row that it names was last written.
///
/// A blob is read before it counts. One that is not whole never takes the place of an object that
/// the index has; where it has none, a damaged one is put back, as an object whose reads fail. What
/// is replaced has no row any more, and no garbage row: the collector keeps it for its quarantine.
///
/// A row that the commits of a compaction are missing for gets the place of its blob again.
///
/// A part's commit that was lost is reported only: its upload's client sends the part again.
///
/// It may be interrupted anywhere and run again.
///
/// threads: one event loop, and nobody else writes. source: spec durability 2.6.
#pragma once

#include <string>
#include <vector>

#include "storage/catalog/rebuild.h"
#include "storage/upkeep.h"

namespace holdfast::storage::catalog {

struct ReattachOptions {
    /// Commits that the index had before anything was put back.
    RowVersion commit_no = 0;
    LookAtBlob look;
    std::function<std::string(const BlobRef&)> read;  ///< as RebuildOptions::read
    RebuildOptions buckets;  ///< for buckets whose rows were lost as well; only owner, account,
                             ///< region and now are used
};

struct ReattachReport {
    std::uint64_t buckets = 0;
    std::uint64_t objects = 0;
    std::uint64_t parts_left = 0;
    std::uint64_t moved = 0;  ///< blobs that rows looked for where they had been moved from
    std::vector<std::string> problems;
};

/// `latest_first`: as for rebuild_rows(). Objects come from blobs of the last run among them, which
/// lost its commits; parts of objects from all.
/// errors: of reading and writing rows; what was put back until then stays.
Async<ReattachReport> reattach(Store& store, Upkeep& upkeep,
                               const std::vector<BlobInSegments>& latest_first,
                               const ReattachOptions& options);

}  // namespace holdfast::storage::catalog
