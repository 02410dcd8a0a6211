/// What a run found, as a table for people and as JSON. threads: any.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "bench/load/options.h"
#include "bench/load/process_usage.h"
#include "bench/load/statistics.h"

namespace holdfast::bench {

struct RunResult {
    std::uint64_t object_bytes = 0;
    double seconds = 0;
    double client_cpu_seconds = 0;
    std::optional<ProcessUsage> server_before;
    std::optional<ProcessUsage> server_after;
    Statistics statistics;
};

/// All operations of a run together.
struct Totals {
    std::uint64_t count = 0;
    std::uint64_t bytes = 0;
    std::uint64_t errors = 0;
};
Totals totals(const Statistics& statistics);

std::string to_table(const Options& options, const RunResult& result);
/// {"runs": [{...}, ...]}: what the fields mean is in bench/README.md.
std::string to_json(const Options& options, const std::vector<RunResult>& results);

}  // namespace holdfast::bench
