/// Compares what the index says of a blob with what is written: frames, headers, end marks,
/// identity. From the medium, unless the segment is being written: a read past the page cache holds
/// the file's lock for as long as the disk takes, and the writers with it. threads: any; blocks.
#pragma once

#include "storage/local/segment_works.h"
#include "storage/upkeep.h"

namespace holdfast::storage::local {

/// One extent of it. What is missing, unreadable or contradicts the reference is no error but the
/// check's outcome. errors: unavailable, when the process lacks what it takes to read it.
Result<BlobCheck> check_blob(SegmentWorks& works, const BlobRef& blob, std::size_t extent);

}  // namespace holdfast::storage::local
