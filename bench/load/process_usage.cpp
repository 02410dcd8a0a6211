#include "bench/load/process_usage.h"

#include <fmt/format.h>
#include <sys/resource.h>
#include <unistd.h>

#include <fstream>
#include <sstream>
#include <string>

namespace holdfast::bench {

namespace {

std::string content_of(const std::string& path) {
    std::ifstream file(path);
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
}

std::uint64_t status_bytes(const std::string& status, const char* name) {
    const auto at = status.find(name);
    if (at == std::string::npos) return 0;
    return std::stoull(status.substr(status.find_first_of("0123456789", at))) * 1024;
}

std::optional<ProcessUsage> usage_of_one(int pid) {
    const auto stat = content_of(fmt::format("/proc/{}/stat", pid));
    const auto name_end = stat.rfind(')');  // a name may have blanks and parentheses
    if (name_end == std::string::npos) return {};
    std::istringstream fields(stat.substr(name_end + 2));
    std::string skipped;
    for (int field = 3; field < 14; ++field) fields >> skipped;
    double user = 0;
    double system = 0;
    fields >> user >> system;
    const auto ticks = static_cast<double>(sysconf(_SC_CLK_TCK));
    const auto status = content_of(fmt::format("/proc/{}/status", pid));
    return ProcessUsage{.user_seconds = user / ticks,
                        .system_seconds = system / ticks,
                        .resident_bytes = status_bytes(status, "VmRSS:"),
                        .peak_resident_bytes = status_bytes(status, "VmHWM:")};
}

double seconds(const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
}

}  // namespace

std::optional<ProcessUsage> usage_of(int pid) {
    auto usage = usage_of_one(pid);
    if (!usage) return usage;
    std::istringstream children(content_of(fmt::format("/proc/{0}/task/{0}/children", pid)));
    for (int child = 0; children >> child;) {
        const auto more = usage_of(child);
        if (!more) continue;
        usage->user_seconds += more->user_seconds;
        usage->system_seconds += more->system_seconds;
        usage->resident_bytes += more->resident_bytes;
        usage->peak_resident_bytes += more->peak_resident_bytes;
    }
    return usage;
}

double own_cpu_seconds() {
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

}  // namespace holdfast::bench
