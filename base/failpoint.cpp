#include "base/failpoint.h"

#ifdef HF_FAILPOINTS

#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <stdexcept>
#include <thread>

namespace holdfast::base {

namespace {

enum class Action { crash, eio, enospc, short_write, delay, pause, raise };

struct Failpoint {
    Action action = Action::eio;
    std::chrono::milliseconds delay{};
    std::uint64_t nth = 0;  ///< 0: every hit acts
    std::uint64_t hits = 0;
};

using Failpoints = std::map<std::string, Failpoint, std::less<>>;

struct State {
    std::mutex mutex;
    std::condition_variable replaced;
    std::uint64_t generation = 0;  ///< changes with every set_failpoints
    Failpoints set;
    std::set<std::string, std::less<>> hit;
};

State& state() {
    static auto* const instance = new State;
    return *instance;
}

std::optional<std::uint64_t> to_number(std::string_view text) {
    std::uint64_t number = 0;
    const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (code != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return number;
}

bool parse_action(std::string_view text, Failpoint& failpoint) {
    constexpr std::string_view delay = "delay:";
    constexpr std::uint64_t delay_ms_max = 3'600'000;
    if (text.starts_with(delay)) {
        const auto milliseconds = to_number(text.substr(delay.size()));
        if (!milliseconds || *milliseconds > delay_ms_max) return false;
        failpoint.action = Action::delay;
        failpoint.delay = std::chrono::milliseconds(*milliseconds);
        return true;
    }
    static const std::map<std::string_view, Action> actions = {
        {"crash", Action::crash},       {"eio", Action::eio},     {"enospc", Action::enospc},
        {"short", Action::short_write}, {"pause", Action::pause}, {"throw", Action::raise}};
    const auto found = actions.find(text);
    if (found == actions.end()) return false;
    failpoint.action = found->second;
    return true;
}

/// One "name=action[@nth]".
bool parse_one(std::string_view text, Failpoints& failpoints) {
    const auto equals = text.find('=');
    if (equals == 0 || equals == std::string_view::npos) return false;
    const std::string_view name = text.substr(0, equals);
    std::string_view action = text.substr(equals + 1);
    Failpoint failpoint;
    if (const auto at = action.find('@'); at != std::string_view::npos) {
        const auto nth = to_number(action.substr(at + 1));
        if (!nth || *nth == 0) return false;
        failpoint.nth = *nth;
        action = action.substr(0, at);
    }
    if (!parse_action(action, failpoint)) return false;
    return failpoints.emplace(name, failpoint).second;
}

std::optional<Failpoints> parse(std::string_view specification) {
    Failpoints failpoints;
    while (!specification.empty()) {
        const auto end = std::min(specification.find(';'), specification.size());
        const std::string_view one = specification.substr(0, end);
        if (!one.empty() && !parse_one(one, failpoints)) return std::nullopt;
        specification.remove_prefix(std::min(end + 1, specification.size()));
    }
    return failpoints;
}

void wait_until_replaced(std::uint64_t generation) {
    std::unique_lock lock(state().mutex);
    state().replaced.wait(lock, [&] { return state().generation != generation; });
}

/// Best effort: a check that misses its file says so.
void leave_mark(std::string_view name) {
    static const char* const directory = std::getenv("HOLDFAST_TEST_FAILPOINT_DIRECTORY");
    if (directory == nullptr) return;
    const std::ofstream mark(std::string(directory).append("/").append(name));
}

struct Hit {
    Failpoint failpoint;
    std::uint64_t generation = 0;
};

/// Counts the hit; what to do when it is this one's turn to act.
std::optional<Hit> take_hit(std::string_view name) {
    const std::lock_guard lock(state().mutex);
    if (state().hit.find(name) == state().hit.end()) {
        state().hit.emplace(name);
        leave_mark(name);
    }
    const auto found = state().set.find(name);
    if (found == state().set.end()) return std::nullopt;
    Failpoint& failpoint = found->second;
    ++failpoint.hits;
    if (failpoint.nth != 0 && failpoint.hits != failpoint.nth) return std::nullopt;
    return Hit{failpoint, state().generation};
}

}  // namespace

Injected hit_failpoint(const char* name) {
    const auto hit = take_hit(name);
    if (!hit) return Injected::none;
    switch (hit->failpoint.action) {
        case Action::crash:
            ::kill(::getpid(), SIGKILL);
            ::pause();  // until the signal arrives
            break;
        case Action::eio:
            return Injected::eio;
        case Action::enospc:
            return Injected::enospc;
        case Action::short_write:
            return Injected::short_write;
        case Action::delay:
            std::this_thread::sleep_for(hit->failpoint.delay);
            break;
        case Action::pause:
            wait_until_replaced(hit->generation);
            break;
        case Action::raise:
            throw std::runtime_error(std::string("failpoint ") + name);
    }
    return Injected::none;
}

bool set_failpoints(std::string_view specification) {
    auto parsed = parse(specification);
    if (!parsed) return false;
    {
        const std::lock_guard lock(state().mutex);
        state().set = *std::move(parsed);
        ++state().generation;
    }
    state().replaced.notify_all();
    return true;
}

bool set_failpoints_from_environment() {
    const char* specification = std::getenv("HOLDFAST_FAILPOINTS");
    return specification == nullptr || set_failpoints(specification);
}

std::vector<std::string> failpoints_hit() {
    const std::lock_guard lock(state().mutex);
    return {state().hit.begin(), state().hit.end()};
}

}  // namespace holdfast::base

#endif
