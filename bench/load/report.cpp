#include "bench/load/report.h"

#include <fmt/format.h>

#include <boost/json.hpp>

#include "base/limits.h"

namespace holdfast::bench {

namespace {

namespace json = boost::json;

constexpr double megabyte = 1e6;

double per(double amount, double whole) {
    return whole == 0 ? 0 : amount / whole;
}

double cpu_seconds(const RunResult& result) {
    return result.server_after->cpu_seconds() - result.server_before->cpu_seconds();
}

double microseconds(std::uint64_t nanoseconds) {
    return static_cast<double>(nanoseconds) / 1e3;
}

double gib(std::uint64_t bytes) {
    return static_cast<double>(bytes) / static_cast<double>(base::GiB);
}

std::string_view word(Payload payload) {
    switch (payload) {
        case Payload::signed_hash:
            return "signed";
        case Payload::unsigned_:
            return "unsigned";
        case Payload::trailer:
            return "trailer";
    }
    return "";
}

json::object latency_json(const Histogram& latency) {
    return {{"mean", latency.mean() / 1e3},
            {"p50", microseconds(latency.quantile(0.5))},
            {"p90", microseconds(latency.quantile(0.9))},
            {"p99", microseconds(latency.quantile(0.99))},
            {"p999", microseconds(latency.quantile(0.999))},
            {"max", microseconds(latency.max())}};
}

json::object server_json(const RunResult& result) {
    const auto all = totals(result.statistics);
    const auto& [before, after] = std::pair(*result.server_before, *result.server_after);
    return {
        {"cpu_seconds", cpu_seconds(result)},
        {"user_seconds", after.user_seconds - before.user_seconds},
        {"system_seconds", after.system_seconds - before.system_seconds},
        {"cpu_us_per_operation", per(cpu_seconds(result) * 1e6, static_cast<double>(all.count))},
        {"cpu_seconds_per_gib", per(cpu_seconds(result), gib(all.bytes))},
        {"resident_bytes", after.resident_bytes},
        {"peak_resident_bytes", after.peak_resident_bytes}};
}

json::object run_json(const Options& options, const RunResult& result) {
    const auto all = totals(result.statistics);
    json::object operations;
    for (std::size_t i = 0; i < operation_count; ++i) {
        const auto& figures = result.statistics.operations[i];
        if (figures.latency.count() + figures.errors == 0) continue;
        operations[name(static_cast<Operation>(i))] = json::object{
            {"count", figures.latency.count()},
            {"errors", figures.errors},
            {"operations_per_second",
             per(static_cast<double>(figures.latency.count()), result.seconds)},
            {"bytes_per_second", per(static_cast<double>(figures.bytes), result.seconds)},
            {"latency_us", latency_json(figures.latency)}};
    }
    json::object errors;
    for (const auto& [kind, count] : result.statistics.errors) errors[kind] = count;
    json::object run{{"command", options.command_name},
                     {"object_bytes", result.object_bytes},
                     {"connections", options.connections},
                     {"threads", options.threads},
                     {"payload", word(options.payload)},
                     {"anonymous", options.anonymous},
                     {"seconds", result.seconds},
                     {"count", all.count},
                     {"bytes", all.bytes},
                     {"error_count", all.errors},
                     {"operations_per_second", per(static_cast<double>(all.count), result.seconds)},
                     {"bytes_per_second", per(static_cast<double>(all.bytes), result.seconds)},
                     {"operations", std::move(operations)},
                     {"errors", std::move(errors)},
                     {"client_cpu_seconds", result.client_cpu_seconds}};
    if (result.server_before && result.server_after) run["server"] = server_json(result);
    return run;
}

}  // namespace

Totals totals(const Statistics& statistics) {
    Totals all;
    for (const auto& operation : statistics.operations) {
        all.count += operation.latency.count();
        all.bytes += operation.bytes;
        all.errors += operation.errors;
    }
    return all;
}

std::string to_table(const Options& options, const RunResult& result) {
    std::string out =
        fmt::format("\n{}, {} bytes, {} connections, {:.2f} s\n", options.command_name,
                    result.object_bytes, options.connections, result.seconds);
    out += fmt::format("{:<10}{:>10}{:>9}{:>11}{:>10}{:>10}{:>10}{:>10}{:>10}{:>11}\n", "operation",
                       "count", "errors", "ops/s", "MB/s", "p50 us", "p90 us", "p99 us", "p99.9 us",
                       "max us");
    for (std::size_t i = 0; i < operation_count; ++i) {
        const auto& figures = result.statistics.operations[i];
        const auto& latency = figures.latency;
        if (latency.count() + figures.errors == 0) continue;
        out += fmt::format(
            "{:<10}{:>10}{:>9}{:>11.1f}{:>10.1f}{:>10.0f}{:>10.0f}{:>10.0f}{:>10.0f}{:>11.0f}\n",
            name(static_cast<Operation>(i)), latency.count(), figures.errors,
            per(static_cast<double>(latency.count()), result.seconds),
            per(static_cast<double>(figures.bytes), result.seconds) / megabyte,
            microseconds(latency.quantile(0.5)), microseconds(latency.quantile(0.9)),
            microseconds(latency.quantile(0.99)), microseconds(latency.quantile(0.999)),
            microseconds(latency.max()));
    }
    for (const auto& [kind, count] : result.statistics.errors)
        out += fmt::format("error {}: {}\n", kind, count);
    const auto all = totals(result.statistics);
    out +=
        fmt::format("generator: {:.2f} CPU s, {:.1f} us an operation\n", result.client_cpu_seconds,
                    per(result.client_cpu_seconds * 1e6, static_cast<double>(all.count)));
    if (result.server_before && result.server_after)
        out += fmt::format(
            "server: {:.2f} CPU s, {:.1f} us an operation, {:.2f} s a GiB; memory {:.1f} MiB, "
            "peak {:.1f} MiB\n",
            cpu_seconds(result), per(cpu_seconds(result) * 1e6, static_cast<double>(all.count)),
            per(cpu_seconds(result), gib(all.bytes)),
            static_cast<double>(result.server_after->resident_bytes) / base::MiB,
            static_cast<double>(result.server_after->peak_resident_bytes) / base::MiB);
    return out;
}

std::string to_json(const Options& options, const std::vector<RunResult>& results) {
    json::array runs;
    for (const auto& result : results) runs.push_back(run_json(options, result));
    return json::serialize(json::object{{"runs", std::move(runs)}});
}

}  // namespace holdfast::bench
