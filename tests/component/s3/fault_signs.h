/// What spec durability 2.5 asks of every fault besides its answer: a metric, one line of the log
/// and a remark of /health/ready. threads: one.
#pragma once

#include <string>

#include "tests/temporary_directory.h"

namespace holdfast::test {

/// The value of a metric, named as Prometheus writes it, with its labels; 0 when nobody counted
/// yet.
double metric(const std::string& series);

/// What /health/ready remarks in these words: the number it gives, 1 for a remark without one, 0
/// when it remarks nothing of the kind.
double remarked(const std::string& words);

/// How much a metric grew during a test.
class Counted {
public:
    explicit Counted(std::string series) : series_(std::move(series)), before_(metric(series_)) {}
    [[nodiscard]] double more() const { return metric(series_) - before_; }

private:
    const std::string series_;
    const double before_;
};

/// Collects the log's lines of a test.
class Log {
public:
    Log();
    ~Log();
    Log(const Log&) = delete;
    Log& operator=(const Log&) = delete;
    /// The lines of an event. REQUIRES: nobody writes any more that matters.
    double lines(const std::string& event);

private:
    [[nodiscard]] std::string file() const { return directory_.file("log"); }
    tests::TemporaryDirectory directory_;
};

/// The three together, of a counter.
class Signs {
public:
    struct Names {
        std::string series;
        std::string event;
        std::string remark;
    };
    Signs(Log& log, Names names)
        : log_(log), names_(std::move(names)), counted_(names_.series), remarked_(remark()) {}

    [[nodiscard]] double counted() const { return counted_.more(); }
    /// So many faults were counted, remarked, and logged with a line each. REQUIRES: as
    /// Log::lines().
    void check(double faults);

private:
    [[nodiscard]] double remark() const { return remarked(names_.remark); }

    Log& log_;
    const Names names_;
    const Counted counted_;
    const double remarked_;
};

/// Of what ends the writes.
Signs::Names stopped_writes();

}  // namespace holdfast::test
