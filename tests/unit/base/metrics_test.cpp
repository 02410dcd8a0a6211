#include "base/metrics.h"

#include <thread>
#include <vector>

#include "tests/catch.h"

using namespace holdfast::base;

namespace {

/// The registry is the process's: each test has names of its own.
bool rendered(const std::string& line) {
    return ('\n' + metrics::render()).find('\n' + line + '\n') != std::string::npos;
}

}  // namespace

TEST_CASE("metrics: the same name and labels are the same counter", "[base][metrics]") {
    auto& first = metrics::counter("test_same_total", "Help.", {{"a", "1"}, {"b", "2"}});
    auto& same = metrics::counter("test_same_total", "Help.", {{"b", "2"}, {"a", "1"}});
    auto& other = metrics::counter("test_same_total", "Help.", {{"a", "1"}, {"b", "3"}});
    CHECK(&first == &same);
    CHECK(&first != &other);
    first.Increment(2);
    same.Increment();
    CHECK(first.Value() == 3);
    CHECK(other.Value() == 0);
    auto& gauge = metrics::gauge("test_same_bytes", "Help.");
    CHECK(&gauge == &metrics::gauge("test_same_bytes", "Help."));
    auto& times = metrics::duration_histogram("test_same_seconds", "Help.");
    CHECK(&times == &metrics::duration_histogram("test_same_seconds", "Help."));
}

TEST_CASE("metrics: the text has help, type, labels and value of each", "[base][metrics]") {
    metrics::counter("test_shown_total", "What it counts.", {{"kind", "good"}}).Increment(5);
    metrics::gauge("test_shown_bytes", "What it holds.").Set(-1.5);
    CHECK(rendered("# HELP test_shown_total What it counts."));
    CHECK(rendered("# TYPE test_shown_total counter"));
    CHECK(rendered("test_shown_total{kind=\"good\"} 5"));
    CHECK(rendered("# TYPE test_shown_bytes gauge"));
    CHECK(rendered("test_shown_bytes -1.5"));
}

TEST_CASE("metrics: a label's value cannot forge a line", "[base][metrics]") {
    metrics::counter("test_forged_total", "Help.", {{"name", "a\"} 1\nforged 1\\"}}).Increment();
    CHECK(rendered("test_forged_total{name=\"a\\\"} 1\\nforged 1\\\\\"} 1"));
    CHECK_FALSE(rendered("forged 1\\\"} 1"));
}

TEST_CASE("metrics: a duration falls into all buckets from 100 us to 100 s that hold it",
          "[base][metrics]") {
    auto& times = metrics::duration_histogram("test_waited_seconds", "Help.");
    times.Observe(0.0001);
    times.Observe(0.3);
    times.Observe(1'000);
    CHECK(rendered("# TYPE test_waited_seconds histogram"));
    CHECK(rendered("test_waited_seconds_bucket{le=\"0.0001\"} 1"));
    CHECK(rendered("test_waited_seconds_bucket{le=\"0.25\"} 1"));
    CHECK(rendered("test_waited_seconds_bucket{le=\"0.5\"} 2"));
    CHECK(rendered("test_waited_seconds_bucket{le=\"100\"} 2"));
    CHECK(rendered("test_waited_seconds_bucket{le=\"+Inf\"} 3"));
    CHECK(rendered("test_waited_seconds_count 3"));
    CHECK(rendered("test_waited_seconds_sum 1000.3001"));
}

TEST_CASE("metrics: samples are counters and gauges with their labels", "[base][metrics]") {
    metrics::counter("test_sampled_total", "Help.", {{"reason", "full"}}).Increment(2);
    metrics::counter("test_sampled_total", "Help.", {{"reason", "torn"}}).Increment(3);
    metrics::gauge("test_sampled_bytes", "Help.").Set(-1.5);
    metrics::duration_histogram("test_sampled_seconds", "Help.").Observe(1);
    std::map<std::pair<std::string, metrics::Labels>, double> found;
    for (const auto& sample : metrics::samples())
        if (sample.name.starts_with("test_sampled_"))
            CHECK(found.emplace(std::pair(sample.name, sample.labels), sample.value).second);
    CHECK(found == std::map<std::pair<std::string, metrics::Labels>, double>{
                       {{"test_sampled_total", {{"reason", "full"}}}, 2},
                       {{"test_sampled_total", {{"reason", "torn"}}}, 3},
                       {{"test_sampled_bytes", {}}, -1.5}});
}

TEST_CASE("metrics: threads that look up and count at once lose nothing", "[base][metrics]") {
    constexpr int threads = 4;
    constexpr int times = 500;
    {
        std::vector<std::jthread> workers;
        for (int i = 0; i < threads; ++i)
            workers.emplace_back([] {
                for (int j = 0; j < times; ++j)
                    metrics::counter("test_raced_total", "Help.").Increment();
            });
    }
    CHECK(metrics::counter("test_raced_total", "Help.").Value() == threads * times);
}
