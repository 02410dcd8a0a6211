/// Compares what the index says of a blob with what is written: frames, headers, end marks,
/// identity. Always from the medium. threads: any; blocks.
#pragma once

#include "storage/local/segment_handles.h"
#include "storage/upkeep.h"

namespace holdfast::storage::local {

/// One extent of it. What is missing, unreadable or contradicts the reference is no error but the
/// check's outcome.
BlobCheck check_blob(SegmentHandles& handles, const BlobRef& blob, std::size_t extent);

}  // namespace holdfast::storage::local
