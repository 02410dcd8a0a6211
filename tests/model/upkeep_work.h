/// What an engine with a disk does besides answering requests, done at once and to its end: rows
/// go from memory to files and from file to file, blobs from segment to segment, everything is read
/// again, and what has no owner is given back. Nobody who asks for an object may notice.
///
/// Each returns what went wrong; empty when it did what it is for. threads: one.
/// source: spec durability 5.2 (FlushIndex, Compact, Scrub, GC).
#pragma once

#include <cstdint>
#include <string>

#include "base/clock.h"
#include "storage/upkeep.h"
#include "tests/component/s3/endpoint.h"

namespace holdfast::model_test {

struct UpkeepTools {
    test::Endpoint& endpoint;
    base::FakeClock& clock;  ///< the endpoint's
    storage::Upkeep& upkeep;
};

/// Writes rows that no bucket has, until the index must write a file, and takes them away again.
/// There is no call that would make it do so. REQUIRES: the engine's memtables are small.
std::string flush_index(const UpkeepTools& tools);
/// The same until files of the index were merged into others.
std::string compact_index(const UpkeepTools& tools);
/// Blobs in segments of earlier runs are moved out of them when they are less than half full. How
/// many were is counted. REQUIRES: the file system cannot punch holes.
std::string move_blobs(const UpkeepTools& tools, std::uint64_t& moved);
/// A pass over everything: nothing may be listed as damaged.
std::string scrub(const UpkeepTools& tools);
/// What no row refers to is found, kept in quarantine and given back; nothing may be left (P13).
/// `moved`: so many blobs were, besides; only where no holes can be punched. The clock goes on for
/// some seconds.
std::string sweep(const UpkeepTools& tools, std::uint64_t& moved);

}  // namespace holdfast::model_test
