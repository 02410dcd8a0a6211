#ifdef HF_FAILPOINTS

#include <algorithm>
#include <array>
#include <cstdlib>
#include <mutex>
#include <optional>
#include <set>
#include <string>

#include "base/assert.h"
#include "base/failpoint.h"

namespace holdfast::base {

namespace {

constexpr std::array<std::string_view, 5> known_breaks{"blob_sync", "dir_sync", "wal_sync",
                                                       "gc_order", "release_sync"};

using Breaks = std::set<std::string, std::less<>>;

std::optional<Breaks> parse(std::string_view names) {
    Breaks breaks;
    while (!names.empty()) {
        const auto end = std::min(names.find('|'), names.size());
        const std::string_view name = names.substr(0, end);
        if (std::find(known_breaks.begin(), known_breaks.end(), name) == known_breaks.end())
            return std::nullopt;
        breaks.emplace(name);
        names.remove_prefix(std::min(end + 1, names.size()));
    }
    return breaks;
}

Breaks from_environment() {
    const char* names = std::getenv("HOLDFAST_TEST_BREAK");
    auto breaks = parse(names == nullptr ? "" : names);
    HF_ASSERT(breaks.has_value());
    return *std::move(breaks);
}

struct State {
    std::mutex mutex;
    Breaks breaks = from_environment();
};

State& state() {
    static auto* const instance = new State;
    return *instance;
}

}  // namespace

bool is_test_break(std::string_view name) {
    const std::lock_guard lock(state().mutex);
    return state().breaks.contains(name);
}

bool set_test_breaks(std::string_view names) {
    auto breaks = parse(names);
    if (!breaks) return false;
    const std::lock_guard lock(state().mutex);
    state().breaks = *std::move(breaks);
    return true;
}

}  // namespace holdfast::base

#endif
