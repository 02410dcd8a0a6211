/// Random histories on fresh servers of one kind, by RapidCheck: generated from a seed, shrunk when
/// one fails. threads: one.
#pragma once

#include <cstdint>
#include <string>

#include "tests/model/command.h"
#include "tests/model/world.h"

namespace holdfast::model_test {

struct Exploration {
    bool passed = false;
    std::uint64_t commands = 0;  ///< carried out
    /// Of the smallest history that fails: what is wrong, what was done, and the line for
    /// regressions.cpp.
    std::string report;
};

/// Histories of `commands` commands in all, at least.
Exploration explore(const WorldFactory& world, std::uint64_t seed, std::uint64_t commands);

/// One history; empty when it passes, else the report.
std::string replay(const WorldFactory& world, const Commands& commands);

/// Errors only, from here on.
void quiet_log();

/// HF_MODEL_SEED, else one drawn.
std::uint64_t seed_of_run();
/// HF_MODEL_COMMANDS, else few enough for every test run.
std::uint64_t commands_of_run(std::uint64_t otherwise);

}  // namespace holdfast::model_test
