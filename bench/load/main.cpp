/// holdfast-bench: see bench/README.md. Exit code 0: measured without an error; 1: with errors in
/// the figures, or not measured; 2: wrong command line.

#include <fmt/format.h>

#include <cstdio>
#include <fstream>

#include "bench/load/run.h"

namespace {

using namespace holdfast::bench;

int report(const Options& options, const std::vector<RunResult>& results) {
    std::uint64_t errors = 0;
    for (const auto& result : results) errors += totals(result.statistics).errors;
    if (!options.json_file.empty()) {
        std::ofstream file(options.json_file);
        file << to_json(options, results) << '\n';
        if (!file.flush()) {
            fmt::print(stderr, "{}: cannot be written\n", options.json_file);
            return 1;
        }
    }
    return errors == 0 ? 0 : 1;
}

int measure_all(const Options& options) {
    if (!options.anonymous) {
        if (const auto bucket = ensure_bucket(options); !bucket) {
            fmt::print(stderr, "{}\n", bucket.error().message);
            return 1;
        }
    }
    std::vector<RunResult> results;
    for (const auto bytes : options.sizes) {
        auto result = run(options, bytes);
        if (!result) {
            fmt::print(stderr, "{}\n", result.error().message);
            return 1;
        }
        fmt::print("{}", to_table(options, *result));
        std::fflush(stdout);
        results.push_back(*std::move(result));
        if (options.plain) break;  // sizes are the server's business
    }
    return report(options, results);
}

}  // namespace

int main(int argc, char** argv) {
    const auto options = parse_options(argc, argv);
    if (!options) {
        fmt::print(options.error().exit_code == 0 ? stdout : stderr, "{}", options.error().message);
        return options.error().exit_code;
    }
    return measure_all(*options);
}
