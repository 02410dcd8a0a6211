/// What one run measured. threads: one; each worker has its own, merged at the end.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>

#include "bench/load/histogram.h"
#include "bench/load/request.h"

namespace holdfast::bench {

struct OperationStatistics {
    Histogram latency;        ///< of the successful ones
    std::uint64_t bytes = 0;  ///< of content, sent or received, without heads and framing
    std::uint64_t errors = 0;
};

struct Statistics {
    std::array<OperationStatistics, operation_count> operations;
    /// "503 SlowDown", "short body", "connect: Connection refused" and how often.
    std::map<std::string, std::uint64_t> errors;

    void merge(const Statistics& other) {
        for (std::size_t i = 0; i < operations.size(); ++i) {
            operations[i].latency.merge(other.operations[i].latency);
            operations[i].bytes += other.operations[i].bytes;
            operations[i].errors += other.operations[i].errors;
        }
        for (const auto& [kind, count] : other.errors) errors[kind] += count;
    }
};

}  // namespace holdfast::bench
