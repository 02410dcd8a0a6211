#include "server/process_limits.h"

#include <sched.h>
#include <sys/resource.h>

#include <algorithm>
#include <thread>

namespace holdfast::server {

std::size_t raise_open_files_limit() {
    // Where the limit cannot be read or raised, what there is has to do.
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return 1024;
    rlimit raised = limit;
    raised.rlim_cur = raised.rlim_max;
    if (::setrlimit(RLIMIT_NOFILE, &raised) == 0) limit = raised;
    return static_cast<std::size_t>(limit.rlim_cur);
}

DescriptorShares share_descriptors(std::size_t open_files_limit) {
    constexpr std::size_t held_back = 32;
    constexpr std::size_t segments_min = 16;
    constexpr std::size_t segments_max = 256;
    // Tables grow with their level (rocksdb_options.cpp): some hundred for each terabyte. Beyond
    // the largest number they would take memory for little.
    constexpr std::size_t index_files_min = 96;
    constexpr std::size_t index_files_wanted = 512;
    constexpr std::size_t index_files_max = 4096;
    DescriptorShares shares;
    shares.connections_max = std::max<std::size_t>(open_files_limit / 5 * 4, 1);
    const auto rest = open_files_limit - std::min(open_files_limit, shares.connections_max);
    const auto storage = rest - std::min(rest, held_back);
    shares.segments_open_max = std::clamp(storage / 4, segments_min, segments_max);
    const auto index = storage - std::min(storage, shares.segments_open_max);
    shares.index_files_open_max = std::clamp(index, index_files_min, index_files_max);
    shares.enough = index >= index_files_wanted;
    return shares;
}

std::size_t usable_cores() {
    cpu_set_t set;
    CPU_ZERO(&set);
    if (::sched_getaffinity(0, sizeof(set), &set) == 0)
        return static_cast<std::size_t>(std::max(CPU_COUNT(&set), 1));
    return std::max(std::thread::hardware_concurrency(), 1U);
}

}  // namespace holdfast::server
