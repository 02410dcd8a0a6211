/// holdfast-micro: see bench/README.md.

#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <boost/json.hpp>
#include <cstdio>
#include <filesystem>
#include <fstream>

#include "base/limits.h"
#include "bench/micro/micro.h"

namespace {

using namespace holdfast::bench;
namespace json = boost::json;

double per(double amount, double whole) {
    return whole == 0 ? 0 : amount / whole;
}

double cpu_seconds_per_gib(const Figure& figure) {
    return per(figure.cpu_seconds,
               static_cast<double>(figure.bytes) / static_cast<double>(holdfast::base::GiB));
}

void print(const Figure& figure) {
    const auto operations = static_cast<double>(figure.operations);
    fmt::print("  {:<20}{:>12.0f}{:>11.1f}{:>12.3f}{:>12.3f}", figure.name,
               per(operations, figure.seconds),
               per(static_cast<double>(figure.bytes) / 1e6, figure.seconds),
               per(figure.cpu_seconds * 1e6, operations), cpu_seconds_per_gib(figure));
    for (const auto& [name, value] : figure.more) fmt::print("  {}={:.3f}", name, value);
    fmt::print("\n");
    std::fflush(stdout);
}

json::object to_json(const Figure& figure) {
    const auto operations = static_cast<double>(figure.operations);
    json::object object{
        {"operations", figure.operations},
        {"bytes", figure.bytes},
        {"seconds", figure.seconds},
        {"cpu_seconds", figure.cpu_seconds},
        {"operations_per_second", per(operations, figure.seconds)},
        {"bytes_per_second", per(static_cast<double>(figure.bytes), figure.seconds)},
        {"cpu_us_per_operation", per(figure.cpu_seconds * 1e6, operations)},
        {"cpu_seconds_per_gib", cpu_seconds_per_gib(figure)}};
    for (const auto& [name, value] : figure.more) object[name] = value;
    return object;
}

/// {"hashes": {"md5": {...}, ...}, ...}
json::object measure(const MicroOptions& options, const std::vector<std::string>& names) {
    json::object all;
    fmt::print("{:<22}{:>12}{:>11}{:>12}{:>12}\n", "", "op/s", "MB/s", "CPU us/op", "CPU s/GiB");
    for (const auto& micro : all_micros()) {
        if (!names.empty() && std::find(names.begin(), names.end(), micro.name) == names.end())
            continue;
        fmt::print("{}: {}\n", micro.name, micro.what);
        json::object group;
        for (const auto& figure : micro.run(options)) {
            print(figure);
            group[figure.name] = to_json(figure);
        }
        all[micro.name] = std::move(group);
    }
    return all;
}

struct CommandLine {
    MicroOptions options;
    std::vector<std::string> names;
    std::string json_file;
};

void declare(CLI::App& app, CommandLine& line, unsigned& milliseconds) {
    app.add_option("names", line.names, "which to run; all when none is named");
    app.add_option("--milliseconds", milliseconds, "how long each figure is measured")
        ->capture_default_str();
    app.add_option("--directory", line.options.directory,
                   "on the disk to measure; a new directory in it is used and removed")
        ->default_val(std::filesystem::temp_directory_path().string());
    app.add_option("--json", line.json_file, "write the figures there too");
}

int run(CommandLine& line) {
    const std::filesystem::path work =
        line.options.directory + fmt::format("/holdfast-micro-{}", getpid());
    std::filesystem::create_directories(work);
    line.options.directory = work.string();
    json::object figures;
    try {
        figures = measure(line.options, line.names);
    } catch (const std::exception& error) {
        fmt::print(stderr, "{}\n", error.what());
    }
    std::filesystem::remove_all(work);
    if (figures.empty()) return 1;
    if (line.json_file.empty()) return 0;
    std::ofstream file(line.json_file);
    file << json::serialize(figures) << '\n';
    return file.flush() ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
    CLI::App app("Measures the primitives that requests are made of.", "holdfast-micro");
    CommandLine line;
    unsigned milliseconds = 1000;
    declare(app, line, milliseconds);
    CLI11_PARSE(app, argc, argv);
    line.options.duration = std::chrono::milliseconds(milliseconds);
    return run(line);
}
