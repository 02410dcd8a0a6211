/// Counters, gauges and histograms of the process, in Prometheus' text form. Names carry units last
/// (holdfast_requests_total, holdfast_request_duration_seconds). threads: any.
#pragma once

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>

#include <map>
#include <string>
#include <vector>

namespace holdfast::base::metrics {

using Labels = std::map<std::string, std::string>;

/// Made on first use and kept for ever: look up once and hold the reference on hot paths.
prometheus::Counter& counter(const std::string& name, const std::string& help,
                             const Labels& labels = {});
prometheus::Gauge& gauge(const std::string& name, const std::string& help,
                         const Labels& labels = {});
/// Buckets for durations from 100 us to 100 s.
prometheus::Histogram& duration_histogram(const std::string& name, const std::string& help,
                                          const Labels& labels = {});

/// A counter or a gauge as it stands.
struct Sample {
    std::string name;
    Labels labels;
    double value = 0;
};
std::vector<Sample> samples();

/// The exposition text, version 0.0.4.
std::string render();

}  // namespace holdfast::base::metrics
