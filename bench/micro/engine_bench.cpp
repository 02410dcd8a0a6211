#include "bench/micro/engine_bench.h"

#include <stdexcept>

#include "base/spawn.h"

namespace holdfast::bench {

EngineBench::EngineBench(const MicroOptions& options, const std::string& name) : options_(options) {
    const storage::local::EngineOptions engine_options{.directory = options.directory + '/' + name};
    auto opened = storage::local::Engine::open(engine_options, *vfs_, clock_, random_, pool_);
    if (!opened) throw std::runtime_error("engine: " + opened.error().message);
    engine_ = *std::move(opened);
}

EngineBench::~EngineBench() {
    engine_->close();
    pool_.join();
}

base::Awaitable<void> EngineBench::keep_working(const Work& work, const Stopwatch& watch) {
    while (!watch.past(options_.duration)) {
        const auto number = started_++;
        const bool ok = co_await work(number);
        ++(ok ? done_ : failed_);
    }
}

Figure EngineBench::run(std::string name, unsigned coroutines, std::uint64_t bytes_each,
                        const Work& work) {
    base::asio::io_context loop(1);
    const auto before = engine_->statistics();
    const Stopwatch watch(CpuOf::process);
    for (unsigned i = 0; i < coroutines; ++i) base::spawn(loop, keep_working(work, watch));
    loop.run();
    Figure figure{.name = std::move(name), .operations = done_, .bytes = done_ * bytes_each};
    watch.stop(figure);
    const auto after = engine_->statistics();
    const auto commits = after.commits - before.commits;
    const auto groups = after.commit_groups - before.commit_groups;
    const auto per_operation = [&](std::uint64_t count) {
        return done_ == 0 ? 0 : static_cast<double>(count) / static_cast<double>(done_);
    };
    figure.more = {
        {"failures", static_cast<double>(failed_)},
        {"commits_per_operation", per_operation(commits)},
        {"commit_groups_per_operation", per_operation(groups)},
        {"segment_syncs_per_operation", per_operation(after.segment_syncs - before.segment_syncs)}};
    return figure;
}

}  // namespace holdfast::bench
