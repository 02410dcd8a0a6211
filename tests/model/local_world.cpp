#include <stdexcept>

#include "base/faulty_vfs.h"
#include "base/worker_pool.h"
#include "storage/local/engine.h"
#include "tests/model/crashing_vfs.h"
#include "tests/model/upkeep_work.h"
#include "tests/model/world.h"

namespace holdfast::model_test {

namespace {

/// A disk that can fail and lose its power, and the engine's view of it.
struct Disk {
    explicit Disk(std::unique_ptr<base::SimVfs> given) : sim(std::move(given)) {}
    std::unique_ptr<base::SimVfs> sim;
    PowerSwitch power{*sim};
    CrashingVfs crashing{*sim, power};
    base::FaultyVfs faulty{crashing};
};

/// Over the embedded engine on a simulated disk.
class LocalWorld final : public World {
public:
    explicit LocalWorld(const base::SimVfs::Options& options)
        : disk_(std::make_unique<Disk>(std::make_unique<base::SimVfs>(options))) {
        open();
    }
    LocalWorld(const LocalWorld&) = delete;
    LocalWorld& operator=(const LocalWorld&) = delete;
    ~LocalWorld() override {
        endpoint_.reset();
        engine_.reset();
        pool_.join();
    }

    test::Endpoint& endpoint() override { return *endpoint_; }
    void restart(bool clean) override {
        endpoint_.reset();
        if (clean) engine_->close();
        engine_.reset();
        open();
    }

    std::string carry_out(Work work) override {
        const UpkeepTools tools{*endpoint_, clock(), engine_->upkeep()};
        switch (work) {
            case Work::flush_index:
                return flush_index(tools);
            case Work::compact_index:
                return compact_index(tools);
            case Work::move_blobs:
                disk_->crashing.refuse_holes();  // until the next start on another machine
                return move_blobs(tools, moved_);
            case Work::scrub:
                return scrub(tools);
            case Work::sweep:
                return sweep(tools, moved_);
        }
        return "no such work";
    }

    [[nodiscard]] std::uint64_t blobs_moved() const override { return moved_; }

    bool arm_crash(std::uint64_t nth, std::uint64_t seed) override {
        disk_->power.arm(nth, seed);
        crash_seed_ = seed;
        return true;
    }
    bool crash() override {
        auto survivor = disk_->power.take_survivor();
        const bool before = survivor != nullptr;
        if (!before) survivor = disk_->sim->crash(crash_seed_);
        endpoint_.reset();
        engine_.reset();
        disk_ = std::make_unique<Disk>(std::move(survivor));
        open();
        return before;
    }

    bool arm_fault(const Fault& fault) override {
        base::FaultyVfs::Fault plan;
        plan.operation = fault.operation;
        plan.nth = fault.nth;
        plan.code = fault.code;
        plan.for_ever = fault.for_ever;
        disk_->faulty.fail(plan);
        return true;
    }
    void heal() override { disk_->faulty.heal(); }
    std::optional<std::string> resume() override { return engine_->resume(); }

private:
    void open() {
        storage::local::EngineOptions options;
        options.directory = "data";
        options.segment_bytes = 4 << 20;
        options.extent_bytes_max = 1 << 20;
        options.free_space_reserve_bytes = 1;
        options.block_cache_bytes = 8 << 20;
        options.memtable_bytes = 256 << 10;  // filled by a few commits
        auto opened =
            storage::local::Engine::open(options, disk_->faulty, engine_clock_, random_, pool_);
        if (!opened)
            throw std::runtime_error("the engine does not open: " + opened.error().message);
        engine_ = *std::move(opened);
        endpoint_ = make_endpoint(engine_->metadata(), engine_->blobs());
    }

    std::unique_ptr<Disk> disk_;
    base::SystemClock engine_clock_;  ///< threads of the engine read it, so not the test's own
    base::SystemRandom random_;
    base::WorkerPool pool_{2};
    std::unique_ptr<storage::local::Engine> engine_;
    std::unique_ptr<test::Endpoint> endpoint_;
    std::uint64_t crash_seed_ = 0;
    std::uint64_t moved_ = 0;
};

}  // namespace

std::unique_ptr<World> make_local_world(DiskSyncs syncs) {
    base::SimVfs::Options options;
    options.syncs_lie = syncs == DiskSyncs::lie;
    return std::make_unique<LocalWorld>(options);
}

}  // namespace holdfast::model_test
