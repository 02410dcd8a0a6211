#include "storage/local/segment_metrics.h"

namespace holdfast::storage::local {

SegmentMetrics& segment_metrics() {
    using namespace base::metrics;
    static SegmentMetrics metrics{
        counter("holdfast_segment_syncs_total", "Calls of fdatasync on segment files."),
        duration_histogram("holdfast_segment_sync_duration_seconds",
                           "Time taken by fdatasync on segment files."),
        counter("holdfast_segment_bytes_written_total", "Bytes written to segment files."),
        counter("holdfast_segment_dead_total", "Segments given up after a failed fdatasync."),
        counter("holdfast_segment_corrupt_frames_total",
                "Reads of frames whose checksum did not hold, also from the medium."),
        counter("holdfast_segment_unpunched_bytes_total",
                "Released bytes that the file system could not take back."),
        counter("holdfast_segment_write_failures_total",
                "Blobs given up because of a failed write.", {{"reason", "no_space"}}),
        counter("holdfast_segment_write_failures_total",
                "Blobs given up because of a failed write.", {{"reason", "io"}}),
        counter("holdfast_segment_read_failures_total",
                "Reads that the disk refused, also when asked again past the cache."),
        counter("holdfast_space_refused_total",
                "Uploads refused before their body, because the disk is nearly full."),
        counter("holdfast_segment_jobs_left_out_total",
                "Background work on segments that was left out for lack of memory."),
        gauge("holdfast_storage_short_of_space",
              "1 while less than the reserve is free, as the last upload found it."),
    };
    return metrics;
}

}  // namespace holdfast::storage::local
