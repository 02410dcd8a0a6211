/// What /health/ready says below its word: the faults of docs/durability.md, one line each, told by
/// the metrics that count them. threads: any.
#pragma once

#include <string>
#include <vector>

#include "base/metrics.h"

namespace holdfast::server {

/// A line for each metric that tells of trouble; empty when none does. Samples of the same metric
/// that differ in labels nobody asks about are added up.
std::string health_remarks(const std::vector<base::metrics::Sample>& samples);

}  // namespace holdfast::server
