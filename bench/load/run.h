/// A whole measurement: bucket, prepared keys, load, figures. threads: one calls.
#pragma once

#include <string>

#include "base/result.h"
#include "bench/load/options.h"
#include "bench/load/report.h"

namespace holdfast::bench {

struct RunError {
    std::string message;
};

/// Makes the bucket when it is missing.
base::Expected<void, RunError> ensure_bucket(const Options& options);

/// Prepares what the command needs and measures it with objects of this size. An error when not one
/// request succeeded.
base::Expected<RunResult, RunError> run(const Options& options, std::uint64_t object_bytes);

}  // namespace holdfast::bench
