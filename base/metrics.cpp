#include "base/metrics.h"

#include <prometheus/text_serializer.h>

namespace holdfast::base::metrics {

namespace {

// Never destroyed: threads may still count while the process ends.
prometheus::Registry& registry() {
    static auto* const instance = new prometheus::Registry;
    return *instance;
}

// 100 us to 100 s, three steps a decade.
const prometheus::Histogram::BucketBoundaries duration_buckets = {
    0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1,
    0.25,   0.5,     1,      2.5,   5,      10,    25,   50,    100};

}  // namespace

// The registry and each family return what exists already under the same name and labels.
prometheus::Counter& counter(const std::string& name, const std::string& help,
                             const Labels& labels) {
    return prometheus::BuildCounter().Name(name).Help(help).Register(registry()).Add(labels);
}

prometheus::Gauge& gauge(const std::string& name, const std::string& help, const Labels& labels) {
    return prometheus::BuildGauge().Name(name).Help(help).Register(registry()).Add(labels);
}

prometheus::Histogram& duration_histogram(const std::string& name, const std::string& help,
                                          const Labels& labels) {
    return prometheus::BuildHistogram()
        .Name(name)
        .Help(help)
        .Register(registry())
        .Add(labels, duration_buckets);
}

std::vector<Sample> samples() {
    std::vector<Sample> found;
    for (const auto& family : registry().Collect()) {
        const bool counts = family.type == prometheus::MetricType::Counter;
        if (!counts && family.type != prometheus::MetricType::Gauge) continue;
        for (const auto& metric : family.metric) {
            auto& sample = found.emplace_back();
            sample.name = family.name;
            for (const auto& label : metric.label) sample.labels.emplace(label.name, label.value);
            sample.value = counts ? metric.counter.value : metric.gauge.value;
        }
    }
    return found;
}

std::string render() {
    return prometheus::TextSerializer().Serialize(registry().Collect());
}

}  // namespace holdfast::base::metrics
