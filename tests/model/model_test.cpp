// The reference model against the server, over each engine (spec durability 5.2). Prints its seed
// first; HF_MODEL_SEED, HF_MODEL_COMMANDS and HF_MODEL_WORLD choose another run.

#include <cstdlib>
#include <iostream>

#include "tests/catch.h"
#include "tests/model/exploration.h"
#include "tests/model/regressions.h"

namespace holdfast::model_test {

TEST_CASE("Random histories: every answer and every state is the model's (P1 to P8)", "[model]") {
    const auto seed = seed_of_run();
    const char* only = std::getenv("HF_MODEL_WORLD");
    bool any = false;
    for (const auto& world : worlds()) {
        if (only != nullptr && world.name != only) continue;
        any = true;
        std::cout << "HF_MODEL_SEED=" << seed << " over " << world.name << std::endl;
        const auto explored = explore(world, seed, commands_of_run(2500));
        INFO(world.name << ", HF_MODEL_SEED=" << seed << "\n" << explored.report);
        CHECK(explored.passed);
        const auto& counts = explored.counts;
        std::cout << "    " << explored.commands << " commands, " << counts.restarts
                  << " restarts, " << counts.upkeep << " times upkeep that moved " << counts.moved
                  << " blobs, power went " << counts.crashes_during << " times during and "
                  << counts.crashes_behind << " behind a request, " << counts.failures
                  << " requests failed with the disk" << std::endl;
    }
    INFO("HF_MODEL_WORLD=" << (only == nullptr ? "" : only));
    CHECK(any);  // a name that no world has tests nothing
}

TEST_CASE("Histories that once failed pass", "[model]") {
    for (const auto& regression : regressions()) {
        INFO(regression.what);
        for (const auto& world : worlds())
            if (regression.world.empty() || regression.world == world.name)
                CHECK(replay(world, parse(regression.commands)) == "");
    }
}

}  // namespace holdfast::model_test
