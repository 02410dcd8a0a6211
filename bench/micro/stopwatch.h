/// Wall and CPU time from one point on. threads: one.
#pragma once

#include <sys/resource.h>

#include <chrono>

#include "bench/micro/micro.h"

namespace holdfast::bench {

enum class CpuOf { thread, process };

class Stopwatch {
public:
    explicit Stopwatch(CpuOf whose) : whose_(whose), cpu_(cpu_now()) {}

    [[nodiscard]] double seconds() const {
        return std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
    }
    [[nodiscard]] double cpu_seconds() const { return cpu_now() - cpu_; }
    [[nodiscard]] bool past(std::chrono::milliseconds duration) const {
        return std::chrono::steady_clock::now() - start_ >= duration;
    }
    /// Fills in both times.
    void stop(Figure& figure) const {
        figure.seconds = seconds();
        figure.cpu_seconds = cpu_seconds();
    }

private:
    [[nodiscard]] double cpu_now() const {
        rusage usage{};
        getrusage(whose_ == CpuOf::thread ? RUSAGE_THREAD : RUSAGE_SELF, &usage);
        const auto seconds = [](const timeval& time) {
            return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
        };
        return seconds(usage.ru_utime) + seconds(usage.ru_stime);
    }

    CpuOf whose_;
    std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
    double cpu_;
};

/// Calls `once` (which handles bytes_each bytes) until the time is up, on this thread.
template <class Once>
Figure repeat(std::string name, const MicroOptions& options, std::uint64_t bytes_each, Once once) {
    constexpr int calls_between_looks = 64;
    Figure figure{.name = std::move(name)};
    const Stopwatch watch(CpuOf::thread);
    while (!watch.past(options.duration)) {
        for (int i = 0; i < calls_between_looks; ++i) once();
        figure.operations += calls_between_looks;
    }
    watch.stop(figure);
    figure.bytes = figure.operations * bytes_each;
    return figure;
}

}  // namespace holdfast::bench
