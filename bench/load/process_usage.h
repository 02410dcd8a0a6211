/// What a process used, from /proc. threads: any.
#pragma once

#include <cstdint>
#include <optional>

namespace holdfast::bench {

struct ProcessUsage {
    double user_seconds = 0;
    double system_seconds = 0;
    std::uint64_t resident_bytes = 0;
    std::uint64_t peak_resident_bytes = 0;  ///< since the process began (VmHWM)

    [[nodiscard]] double cpu_seconds() const { return user_seconds + system_seconds; }
};

/// With its children that are alive (nginx works in those); memory is the sum. Nothing when there
/// is no such process.
std::optional<ProcessUsage> usage_of(int pid);

/// This process's own CPU time so far.
double own_cpu_seconds();

}  // namespace holdfast::bench
