#include "tests/model/exploration.h"

#include <rapidcheck.h>

#include <array>
#include <chrono>
#include <cstdlib>
#include <optional>
#include <random>

#include "base/log.h"
#include "tests/model/runner.h"

namespace holdfast::model_test {

namespace {

constexpr std::size_t commands_min = 40;
constexpr std::size_t commands_max = 200;
constexpr std::chrono::seconds shrinking_max{30};

/// How often each kind comes, in the order of Kind.
constexpr std::array<int, kinds> weights{100, 70, 25, 50, 50, 20, 25, 25, 15, 45, 120,
                                         30,  15, 25, 80, 20, 6,  6,  3,  5,  8,  3,
                                         4,   6,  2,  1,  4,  2,  1,  12, 8};

Command random_command(rc::Random& random) {
    static const int total = [] {
        int sum = 0;
        for (const int weight : weights) sum += weight;
        return sum;
    }();
    auto left = static_cast<int>(random.next() % static_cast<std::uint64_t>(total));
    std::size_t kind = 0;
    while (left >= weights[kind]) left -= weights[kind++];
    Command command;
    command.kind = static_cast<Kind>(kind);
    for (auto& choice : command.choices) choice = static_cast<std::uint16_t>(random.next());
    return command;
}

/// Simpler choices, the whole tail of them first.
rc::Seq<Command> simpler(const Command& command) {
    std::vector<Command> candidates;
    for (std::size_t from = 0; from < command.choices.size(); ++from) {
        auto candidate = command;
        bool changed = false;
        for (auto i = from; i < candidate.choices.size(); ++i)
            changed = std::exchange(candidate.choices[i], std::uint16_t{0}) != 0 || changed;
        if (changed) candidates.push_back(candidate);
    }
    for (std::size_t i = 0; i < command.choices.size(); ++i) {
        if (command.choices[i] == 0) continue;
        auto candidate = command;
        candidate.choices[i] = 0;
        candidates.push_back(candidate);
        if (command.choices[i] < 1000) continue;
        candidate.choices[i] = static_cast<std::uint16_t>(command.choices[i] % 840);
        candidates.push_back(candidate);
    }
    return rc::seq::fromContainer(std::move(candidates));
}

rc::Seq<Commands> smaller(const Commands& commands) {
    return rc::seq::concat(rc::shrink::removeChunks(commands),
                           rc::shrink::eachElement(commands, simpler));
}

rc::Gen<Commands> histories() {
    return [](const rc::Random& given, int) {
        auto random = given;
        Commands commands(commands_min + random.next() % (commands_max - commands_min));
        for (auto& command : commands) command = random_command(random);
        return rc::shrinkable::shrinkRecur(std::move(commands),
                                           [](const Commands& from) { return smaller(from); });
    };
}

std::uint64_t number_from_environment(const char* name, std::uint64_t otherwise) {
    const char* text = std::getenv(name);
    return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

}  // namespace

void showValue(const Command& command, std::ostream& to) {
    to << text_of(command);
}

/// A line for each of very many requests is of no use to anybody.
void quiet_log() {
    static const bool once = [] {
        base::log::Options options;
        options.level = base::log::Level::error;
        base::log::start(options);
        return true;
    }();
    static_cast<void>(once);
}

std::string replay(const WorldFactory& factory, const Commands& commands, Runner::Counts* counts) {
    quiet_log();
    std::string wrong;
    std::vector<std::string> trace;
    try {
        const auto world = factory.make();
        Runner runner(*world);
        try {
            runner.run(commands);
            if (counts != nullptr) *counts += runner.counts();
            return "";
        } catch (const std::exception& thrown) {
            wrong = thrown.what();
            trace = runner.trace();
        }
    } catch (const std::exception& thrown) {
        wrong = thrown.what();
    }
    std::string report = wrong + "\nafter:\n";
    for (const auto& line : trace) report += "    " + line + "\n";
    return report + "{\"" + factory.name + "\", \"" + text_of(commands) + "\"},\n";
}

Exploration explore(const WorldFactory& factory, std::uint64_t seed, std::uint64_t commands,
                    Shrinking shrinking) {
    Exploration result;
    std::optional<std::chrono::steady_clock::time_point> until;  // of shrinking
    const auto property = [&] {
        const auto history = *histories();
        if (until && std::chrono::steady_clock::now() > *until) return;
        result.commands += history.size();
        const auto report = replay(factory, history, &result.counts);
        if (report.empty()) return;
        result.report = report;  // the last one that fails is the smallest
        if (!until) until = std::chrono::steady_clock::now() + shrinking_max;
        RC_FAIL("the server and the model disagree");
    };
    rc::detail::TestParams parameters;
    parameters.seed = seed;
    parameters.maxSuccess = static_cast<int>(1 + commands / ((commands_min + commands_max) / 2));
    parameters.disableShrinking = shrinking == Shrinking::no;
    rc::detail::TestMetadata metadata;
    const auto outcome = rc::detail::checkTestable(property, metadata, parameters);
    result.passed = outcome.template is<rc::detail::SuccessResult>();
    return result;
}

std::uint64_t seed_of_run() {
    return number_from_environment("HF_MODEL_SEED", std::random_device{}());
}

std::uint64_t rounds_of_run(std::uint64_t otherwise) {
    return number_from_environment("HF_MODEL_ROUNDS", otherwise);
}

std::uint64_t commands_of_run(std::uint64_t otherwise) {
    return number_from_environment("HF_MODEL_COMMANDS", otherwise);
}

}  // namespace holdfast::model_test
