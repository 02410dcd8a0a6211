/// An engine on a fresh directory and coroutines that work on it until the time is up.
/// threads: one constructs and runs; the coroutines share one event loop.
#pragma once

#include <functional>
#include <memory>

#include "base/async.h"
#include "base/clock.h"
#include "base/random.h"
#include "base/vfs.h"
#include "base/worker_pool.h"
#include "bench/micro/stopwatch.h"
#include "storage/local/engine.h"

namespace holdfast::bench {

class EngineBench {
public:
    /// Durability strict, in a new directory below options.directory. Throws std::runtime_error.
    EngineBench(const MicroOptions& options, const std::string& name);
    ~EngineBench();

    /// One unit of work; `number` is never the same twice. False when it failed.
    using Work = std::function<base::Awaitable<bool>(std::uint64_t number)>;

    /// Runs `work` in so many coroutines at once. CPU is that of the whole process.
    Figure run(std::string name, unsigned coroutines, std::uint64_t bytes_each, const Work& work);

    storage::local::Engine& engine() { return *engine_; }
    base::Random& random() { return random_; }

private:
    base::Awaitable<void> keep_working(const Work& work, const Stopwatch& watch);

    MicroOptions options_;
    std::unique_ptr<base::Vfs> vfs_ = base::make_posix_vfs();
    base::SystemClock clock_;
    base::SystemRandom random_;
    base::WorkerPool pool_{8};
    std::unique_ptr<storage::local::Engine> engine_;
    std::uint64_t started_ = 0;
    std::uint64_t done_ = 0;
    std::uint64_t failed_ = 0;
};

}  // namespace holdfast::bench
