#include "tests/component/crash/ring.h"

#include <algorithm>
#include <atomic>
#include <mutex>
#include <set>
#include <thread>
#include <utility>
#include <vector>

#include "base/faulty_vfs.h"
#include "base/spawn.h"
#include "tests/component/crash/world.h"
#include "tests/loop_of_nobody.h"
#include "tests/run_coroutine.h"

namespace holdfast::test::crash {

namespace {

constexpr std::size_t pending_max = 48;
constexpr std::uint64_t rounds_per_generation = 16;
constexpr std::uint64_t generations_per_disk = 8;
constexpr std::uint64_t survivors_max = 3;
constexpr std::uint64_t seeds = 1'000'000'000;
constexpr int depth_max = 2;
constexpr std::uint64_t calls_a_crash = 12;  ///< of an engine that works
constexpr std::uint64_t recoveries_a_crash = 12;
constexpr std::uint64_t recovery_calls = 40;  ///< of such a recovery

/// Calls that change what a crash can leave.
bool changes_the_disk(std::string_view operation) {
    static const std::set<std::string_view> names{
        "open",   "pwrite", "allocate", "punch_hole", "sync_data",      "truncate",
        "rename", "link",   "unlink",   "reserve",    "sync_directory", "make_directories"};
    return names.contains(operation);
}

/// A disk as a crash left it, and what it may hold.
struct State {
    std::unique_ptr<base::SimVfs> disk;
    Model model;
    int depth = 0;  ///< how many recoveries were crashed on the way here
    std::string origin;
};

class Ring {
public:
    explicit Ring(const RingOptions& options) : options_(options), random_(options.seed) {}

    RingReport run() {
        while (report_.failure.empty() && report_.states < options_.states) live_on_new_disk();
        return report_;
    }

private:
    std::uint64_t draw(std::uint64_t bound) {
        std::array<std::uint8_t, 8> bytes{};
        const std::lock_guard lock(random_mutex_);
        random_.fill(bytes);
        return base::load_le64(bytes) % bound;
    }

    void live_on_new_disk();
    bool live(State start);
    void stop_in_order(World& world, const base::SimVfs& disk, Model& model);
    bool operate(World& world, Model& model);
    base::Awaitable<void> perform(World& world, Model& model, Operation operation);
    void verify_all();
    std::string verify(State state);
    static std::string look(const Model& model, World& world, World::Seen& seen);
    void count_losses(const Model& model, const World& world, const World::Seen& seen);
    std::string open_and_check(State& state, base::Vfs& vfs, std::unique_ptr<World>& world);
    void take_states(const base::SimVfs& disk, const Model& model, int depth,
                     const std::string& origin);
    void fail(const std::string& text);

    const RingOptions options_;
    std::mutex random_mutex_;
    base::SeededRandom random_;
    std::mutex mutex_;  ///< of the model that lives and of what follows
    std::atomic<bool> every_call_ = false;
    std::vector<State> pending_;
    RingReport report_;
};

void Ring::fail(const std::string& text) {
    const std::lock_guard lock(mutex_);
    if (report_.failure.empty()) report_.failure = text;
}

/// REQUIRES: the mutex is held, so that the model is the disk's.
void Ring::take_states(const base::SimVfs& disk, const Model& model, int depth,
                       const std::string& origin) {
    if (pending_.size() >= pending_max) return;
    ++report_.moments;
    const auto survivors = 1 + draw(survivors_max);
    for (std::uint64_t i = 0; i < survivors; ++i) {
        const auto seed = draw(seeds);
        pending_.push_back(
            {disk.crash(seed), model, depth, origin + ", survivor " + std::to_string(seed)});
    }
}

void Ring::live_on_new_disk() {
    State state;
    state.disk = std::make_unique<base::SimVfs>(options_.disk);
    state.origin = "new disk";
    if (options_.durability == storage::local::Durability::relaxed)
        state.model = Model(Model::Loss::last_writes);
    for (std::uint64_t i = 0; i < generations_per_disk; ++i) {
        ++report_.generations;
        if (!live(std::move(state)) || report_.states >= options_.states || pending_.empty()) break;
        state = std::move(pending_.back());
        pending_.pop_back();
        verify_all();
        if (!report_.failure.empty()) break;
    }
    verify_all();
}

/// Recovers, operates, leaves crashed disks behind. False when something is wrong.
bool Ring::live(State start) {
    auto& model = start.model;
    base::FaultyVfs vfs(*start.disk);
    std::atomic<int> depth = start.depth + 1;
    vfs.watch([&](const char* operation, const std::string& path) {
        if (!changes_the_disk(operation)) return;
        if (!every_call_ && draw(calls_a_crash) != 0) return;
        const std::lock_guard lock(mutex_);
        take_states(*start.disk, model, depth,
                    std::string(operation) + " " + path + ", generation " +
                        std::to_string(report_.generations));
    });
    std::unique_ptr<World> world;
    if (auto wrong = open_and_check(start, vfs, world); !wrong.empty()) {
        fail(wrong);
        return false;
    }
    depth = 0;
    for (std::uint64_t i = 0; i < rounds_per_generation; ++i) {
        verify_all();
        if (!operate(*world, model) || report_.states >= options_.states) break;
    }
    every_call_ = false;
    if (report_.failure.empty() && draw(2) == 0) stop_in_order(*world, *start.disk, model);
    world.reset();
    return report_.failure.empty();
}

/// The next generation goes on from there, with all that this one did.
void Ring::stop_in_order(World& world, const base::SimVfs& disk, Model& model) {
    world.engine().close();
    const std::lock_guard lock(mutex_);
    model.settle();
    pending_.push_back({disk.crash(draw(seeds)), model, 0,
                        "a stop in order, generation " + std::to_string(report_.generations)});
}

bool Ring::operate(World& world, Model& model) {
    every_call_ = draw(4) == 0;
    tests::LoopOfNobody borrowed;
    auto& loop = *borrowed;
    const auto at_once = 1 + draw(3);
    std::set<std::string> keys;
    while (keys.size() < at_once) keys.insert(Model::keys[draw(Model::keys.size())]);
    for (const auto& key : keys) {
        const auto operation =
            model.choose(key, [this](std::uint64_t bound) { return draw(bound); });
        base::spawn(loop, perform(world, model, operation));
    }
    loop.run();
    if (report_.failure.empty() && draw(3) == 0) {
        const auto collected = test::run(world.collect_garbage());
        if (!collected) fail("collecting garbage: " + describe(collected.error()));
    }
    return report_.failure.empty();
}

base::Awaitable<void> Ring::perform(World& world, Model& model, Operation operation) {
    {
        const std::lock_guard lock(mutex_);
        model.begin(operation);
    }
    const auto done = co_await world.perform(operation);
    if (!done) fail(describe(operation) + ": " + describe(done.error()));
    const std::lock_guard lock(mutex_);
    model.end(operation, Model::End::done);
    ++report_.operations;
}

/// What is wrong with an engine that opens the state; its model then knows what was seen.
std::string Ring::open_and_check(State& state, base::Vfs& vfs, std::unique_ptr<World>& world) {
    auto opened = World::open(vfs, options_.durability);
    if (!opened) return "does not open: " + opened.error().message + " (" + state.origin + ")";
    world = *std::move(opened);
    if (const auto condition = world->engine().condition(); !condition.writable())
        return "P12: takes no writes: " + condition.reason + " (" + state.origin + ")";
    World::Seen seen;
    if (auto wrong = look(state.model, *world, seen); !wrong.empty())
        return wrong + " (" + state.origin + ")";
    const std::lock_guard lock(mutex_);
    count_losses(state.model, *world, seen);
    for (const auto& [key, found] : seen) state.model.fix(key, found);
    state.model.fix_damaged(world->damaged());
    return {};
}

std::string Ring::look(const Model& model, World& world, World::Seen& seen) {
    auto wrong = world.observe(model, seen);
    for (auto at = seen.begin(); wrong.empty() && at != seen.end(); ++at)
        wrong = model.check(at->first, at->second);
    return wrong.empty() ? model.check_damaged(world.damaged()) : wrong;
}

/// REQUIRES: the mutex is held.
void Ring::count_losses(const Model& model, const World& world, const World::Seen& seen) {
    const bool all_there = std::all_of(seen.begin(), seen.end(), [&](const auto& entry) {
        return model.is_latest(entry.first, entry.second);
    });
    if (!all_there) ++report_.undone;
    if (!world.damaged().empty()) ++report_.damaged;
}

std::string Ring::verify(State state) {
    const Model before = state.model;
    const bool again = state.depth < depth_max && draw(recoveries_a_crash) == 0;
    base::FaultyVfs vfs(*state.disk);
    vfs.watch([&](const char* operation, const std::string& path) {
        if (!again || !changes_the_disk(operation) || draw(recovery_calls) != 0) return;
        const std::lock_guard lock(mutex_);
        take_states(*state.disk, before, state.depth + 1,
                    std::string("recovery's ") + operation + " " + path + " after " + state.origin);
    });
    std::unique_ptr<World> world;
    if (auto wrong = open_and_check(state, vfs, world); !wrong.empty()) return wrong;
    // Nothing that is visible is garbage.
    if (draw(4) != 0) return {};
    if (const auto collected = test::run(world->collect_garbage()); !collected)
        return "collecting garbage: " + describe(collected.error()) + " (" + state.origin + ")";
    World::Seen seen;
    const auto wrong = look(state.model, *world, seen);
    return wrong.empty() ? wrong
                         : "after its garbage is gone: " + wrong + " (" + state.origin + ")";
}

/// Also what crashes of these recoveries leave.
void Ring::verify_all() {
    every_call_ = false;
    const auto work = [this] {
        for (;;) {
            State state;
            {
                const std::lock_guard lock(mutex_);
                if (pending_.empty() || !report_.failure.empty()) return;
                state = std::move(pending_.back());
                pending_.pop_back();
                ++report_.states;
                if (state.depth > 0) ++report_.recoveries;
            }
            if (const auto wrong = verify(std::move(state)); !wrong.empty()) fail(wrong);
        }
    };
    std::thread other(work);
    work();
    other.join();
}

}  // namespace

RingReport run_ring(const RingOptions& options) {
    return Ring(options).run();
}

}  // namespace holdfast::test::crash
