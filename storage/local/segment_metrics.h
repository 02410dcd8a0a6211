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
    prometheus::Counter& writes_without_space;
    prometheus::Counter& writes_failed;
    prometheus::Counter& reads_failed;  ///< also from the medium
    prometheus::Counter& refused_by_reserve;
    prometheus::Counter& jobs_left_out;  ///< for lack of memory; done again later
    prometheus::Gauge& short_of_space;   ///< 1: not even the reserve is free
};

SegmentMetrics& segment_metrics();

}  // namespace holdfast::storage::local
