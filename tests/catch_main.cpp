// The entry of every test program. `--seed N` is the seed of its random tests, in place of the
// environment's HF_CRASH_SEED and HF_MODEL_SEED.
#define CATCH_CONFIG_RUNNER
#include "tests/catch.h"

#include <cstdlib>
#include <string_view>
#include <vector>

int main(int argc, char** argv) {
    std::vector<char*> words;
    for (int i = 0; i < argc; ++i) {
        if (std::string_view(argv[i]) != "--seed" || i + 1 == argc) {
            words.push_back(argv[i]);
            continue;
        }
        ++i;
        for (const auto* variable : {"HF_CRASH_SEED", "HF_MODEL_SEED"})
            ::setenv(variable, argv[i], 1);
    }
    return Catch::Session().run(static_cast<int>(words.size()), words.data());
}
