/// How the memory of the process is divided. source: spec durability 4 (total memory). threads:
/// any.
#pragma once

#include <cstdint>

#include "config/settings.h"

namespace holdfast::server {

struct MemorySplit {
    std::uint64_t limit_bytes = 0;
    std::uint64_t block_cache_bytes = 0;
    std::uint64_t memtable_bytes = 0;
    std::uint64_t requests_bytes = 0;   ///< what running requests may hold together
    std::uint64_t collector_bytes = 0;  ///< what a pass of the collector remembers
};

/// `machine_bytes`: memory there is for this process, the machine's or its control group's.
MemorySplit split_memory(const config::Settings& settings, std::uint64_t machine_bytes);

}  // namespace holdfast::server
