/// The segment store's counters, looked up once.
#pragma once

#include "base/metrics.h"

namespace holdfast::storage::local {

struct SegmentMetrics {
    prometheus::Counter& syncs;
    prometheus::Histogram& sync_duration_seconds;
    prometheus::Counter& bytes_written;
    prometheus::Counter& dead;             ///< segments killed by a failed sync
    prometheus::Counter& corrupt_frames;   ///< also after a second read from the medium
    prometheus::Counter& unpunched_bytes;  ///< could not be given back
};

SegmentMetrics& segment_metrics();

}  // namespace holdfast::storage::local
