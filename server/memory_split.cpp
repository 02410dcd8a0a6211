#include "server/memory_split.h"

#include <algorithm>

#include "base/limits.h"

namespace holdfast::server {

namespace {

constexpr std::uint64_t limit_percent = 60;
constexpr std::uint64_t block_cache_percent = 40;
constexpr std::uint64_t memtable_percent = 15;
constexpr std::uint64_t requests_percent = 35;
constexpr std::uint64_t collector_percent = 5;
// The rest is what is not counted: connections, threads, bookkeeping.
static_assert(block_cache_percent + memtable_percent + requests_percent + collector_percent <= 95);

/// What the process takes before it serves anything: code, threads, tables.
constexpr std::uint64_t footprint_bytes = 32 * base::MiB;
static_assert(config::mem_limit_bytes_min > footprint_bytes);
/// Twice as much log is read by a start after a crash, which has two seconds (spec durability 3).
constexpr std::uint64_t memtable_bytes_max = 64 * base::MiB;
/// Enough for 90 million extents; 100,000 candidates come on top.
constexpr std::uint64_t collector_bytes_max = 160 * base::MiB;

std::uint64_t percent_of(std::uint64_t bytes, std::uint64_t percent) {
    return bytes / 100 * percent;
}

}  // namespace

MemorySplit split_memory(const config::Settings& settings, std::uint64_t machine_bytes) {
    MemorySplit split;
    split.limit_bytes = settings.mem_limit_bytes;
    if (split.limit_bytes == 0) split.limit_bytes = percent_of(machine_bytes, limit_percent);
    split.limit_bytes = std::max(split.limit_bytes, config::mem_limit_bytes_min);
    const std::uint64_t shared = split.limit_bytes - footprint_bytes;
    split.block_cache_bytes = settings.storage_cache_bytes;
    if (split.block_cache_bytes == 0)
        split.block_cache_bytes = percent_of(shared, block_cache_percent);
    split.memtable_bytes = settings.storage_memtable_bytes;
    if (split.memtable_bytes == 0)
        split.memtable_bytes = std::min(percent_of(shared, memtable_percent), memtable_bytes_max);
    split.requests_bytes = percent_of(shared, requests_percent);
    split.collector_bytes = std::min(percent_of(shared, collector_percent), collector_bytes_max);
    return split;
}

}  // namespace holdfast::server
