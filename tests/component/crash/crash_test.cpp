#include <cstdlib>
#include <iostream>

#include "base/clock.h"
#include "tests/catch.h"
#include "tests/component/crash/ring.h"

using namespace holdfast;
using namespace holdfast::test::crash;
using NameMode = base::SimVfs::NameMode;

namespace {

std::uint64_t from_environment(const char* name, std::uint64_t otherwise) {
    const char* text = std::getenv(name);
    return text == nullptr ? otherwise : std::stoull(text);
}

/// HF_CRASH_SEED, or another one in each run.
std::uint64_t seed() {
    static const std::uint64_t chosen = from_environment(
        "HF_CRASH_SEED", static_cast<std::uint64_t>(
                             base::SystemClock().wall().time_since_epoch().count() % 1'000'000));
    return chosen;
}

RingReport run_with(NameMode names, std::uint64_t states) {
    RingOptions options;
    options.seed = seed();
    options.states = states;
    options.disk.names = names;
    std::cout << "HF_CRASH_SEED=" << options.seed << std::endl;
    const auto report = run_ring(options);
    std::cout << report.states << " states of " << report.moments << " crashes, "
              << report.recoveries << " of them in recoveries; " << report.operations
              << " operations, " << report.generations << " generations" << std::endl;
    return report;
}

}  // namespace

TEST_CASE("C2: what was acknowledged survives every crash, P1 to P8, names in any order",
          "[crash]") {
    const auto report = run_with(NameMode::strict, from_environment("HF_CRASH_STATES", 2000) / 2);
    CHECK(report.failure == "");
}

TEST_CASE("C2: what was acknowledged survives every crash, P1 to P8, names in order", "[crash]") {
    const auto report = run_with(NameMode::ordered, from_environment("HF_CRASH_STATES", 2000) / 2);
    CHECK(report.failure == "");
}
