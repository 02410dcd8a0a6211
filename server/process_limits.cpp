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

std::size_t usable_cores() {
    cpu_set_t set;
    CPU_ZERO(&set);
    if (::sched_getaffinity(0, sizeof(set), &set) == 0)
        return static_cast<std::size_t>(std::max(CPU_COUNT(&set), 1));
    return std::max(std::thread::hardware_concurrency(), 1U);
}

}  // namespace holdfast::server
