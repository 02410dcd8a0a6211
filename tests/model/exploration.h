/// Random histories on fresh servers of one kind, by RapidCheck: generated from a seed, shrunk when
/// one fails. threads: one.
#pragma once

#include <cstdint>
#include <string>

#include "tests/model/command.h"
#include "tests/model/runner.h"
#include "tests/model/world.h"

namespace holdfast::model_test {

struct Exploration {
    bool passed = false;
    std::uint64_t commands = 0;  ///< carried out
    Runner::Counts counts;
    /// Of the smallest history that fails: what is wrong, what was done, and the line for
    /// regressions.cpp.
    std::string report;
};

enum class Shrinking { yes, no };
/// Histories of `commands` commands in all, at least.
Exploration explore(const WorldFactory& world, std::uint64_t seed, std::uint64_t commands,
                    Shrinking shrinking = Shrinking::yes);

/// One history; empty when it passes, else the report.
std::string replay(const WorldFactory& world, const Commands& commands,
                   Runner::Counts* counts = nullptr);

/// Errors only, from here on.
void quiet_log();

/// HF_MODEL_SEED, else one drawn.
std::uint64_t seed_of_run();
/// HF_MODEL_ROUNDS, else few enough for every test run.
std::uint64_t rounds_of_run(std::uint64_t otherwise);
/// HF_MODEL_COMMANDS, else few enough for every test run.
std::uint64_t commands_of_run(std::uint64_t otherwise);

}  // namespace holdfast::model_test
