#include "server/health_remarks.h"

#include <fmt/format.h>

#include <array>
#include <string_view>

namespace holdfast::server {

namespace {

/// Of a gauge: how it stands now. Of a counter: what happened since the start, with its number.
enum class Tells { now, since_start };

struct Trouble {
    std::string_view metric;
    std::string_view reason;  ///< the value of label `reason`; empty: all of them
    Tells tells;
    std::string_view text;
};

constexpr std::array troubles{
    Trouble{"holdfast_storage_short_of_space", "", Tells::now,
            "the disk is nearly full: uploads are refused"},
    Trouble{"holdfast_memory_level", "", Tells::now,
            "memory is short: bodies or requests wait or are refused"},
    Trouble{"holdfast_gc_safety_stop", "", Tells::now,
            "the collector asks for consent, see `holdfast admin gc report`"},
    Trouble{"holdfast_storage_faults_total", "", Tells::since_start, "faults that stopped writes"},
    Trouble{"holdfast_storage_ballast_released_total", "", Tells::since_start,
            "times that the ballast was given up to a full disk"},
    Trouble{"holdfast_segment_dead_total", "", Tells::since_start,
            "segments given up after a failed sync"},
    Trouble{"holdfast_segment_write_failures_total", "no_space", Tells::since_start,
            "bodies given up on a full disk"},
    Trouble{"holdfast_segment_write_failures_total", "io", Tells::since_start,
            "bodies given up after a failed write"},
    Trouble{"holdfast_segment_read_failures_total", "", Tells::since_start,
            "reads of segments that the disk refused"},
    Trouble{"holdfast_segment_corrupt_frames_total", "", Tells::since_start,
            "reads of segments that met damage"},
    Trouble{"holdfast_frames_not_opened_total", "", Tells::since_start,
            "pieces of objects that their key does not open"},
    Trouble{"holdfast_index_read_failures_total", "", Tells::since_start,
            "reads of the index that failed"},
    Trouble{"holdfast_index_background_errors_total", "", Tells::since_start,
            "failures of the index' own work"},
    Trouble{"holdfast_highwater_failures_total", "", Tells::since_start,
            "writes of the mark of the last commit that failed"},
    Trouble{"holdfast_commits_without_memory_total", "", Tells::since_start,
            "changes refused for want of memory"},
    Trouble{"holdfast_worker_failures_total", "", Tells::since_start,
            "turns of the collector or the scrub that failed"},
    Trouble{"holdfast_clock_jumps_total", "", Tells::since_start, "jumps of the machine's clock"},
    Trouble{"holdfast_http_refused_total", "file_descriptors", Tells::since_start,
            "connections refused for want of file descriptors"},
    Trouble{"holdfast_http_refused_total", "memory", Tells::since_start,
            "requests refused for want of memory"},
    Trouble{"holdfast_http_handlers_failed_total", "memory", Tells::since_start,
            "requests given up for want of memory"},
    Trouble{"holdfast_http_handlers_failed_total", "error", Tells::since_start,
            "requests given up after an error of the server"},
};

bool is_about(const base::metrics::Sample& sample, const Trouble& trouble) {
    if (sample.name != trouble.metric) return false;
    if (trouble.reason.empty()) return true;
    const auto label = sample.labels.find("reason");
    return label != sample.labels.end() && label->second == trouble.reason;
}

}  // namespace

std::string health_remarks(const std::vector<base::metrics::Sample>& samples) {
    std::string remarks;
    for (const auto& trouble : troubles) {
        double value = 0;
        for (const auto& sample : samples)
            if (is_about(sample, trouble)) value += sample.value;
        if (value <= 0) continue;
        if (trouble.tells == Tells::now)
            remarks += fmt::format("{}\n", trouble.text);
        else
            remarks += fmt::format("since the start: {} {}\n", value, trouble.text);
    }
    return remarks;
}

}  // namespace holdfast::server
