/// The endpoint over the local engine on a real directory, behind a file system that can be made to
/// fail under the segments and the index, and restarts of it.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "base/faulty_vfs.h"
#include "base/random.h"
#include "base/worker_pool.h"
#include "storage/local/engine.h"
#include "tests/catch.h"
#include "tests/component/s3/endpoint.h"
#include "tests/temporary_directory.h"

namespace holdfast::test {

class FaultyWorld {
public:
    explicit FaultyWorld(storage::local::Durability durability = {},
                         std::size_t commit_queue_max = 4096) {
        options_.directory = directory_.path() + "/data";
        options_.durability = durability;
        options_.commit_queue_max = commit_queue_max;
        options_.segment_bytes = 32 << 20;
        options_.extent_bytes_max = 8 << 20;
        options_.free_space_reserve_bytes = 1;
        options_.block_cache_bytes = 8 << 20;
        options_.memtable_bytes = 8 << 20;
        open();
        REQUIRE(endpoint_->put("/photos").status == 200);
    }
    FaultyWorld(const FaultyWorld&) = delete;
    FaultyWorld& operator=(const FaultyWorld&) = delete;
    ~FaultyWorld() {
        disk.heal();
        stop();
        pool_.join();
    }

    /// As a crash leaves it; what is to be done to the files meanwhile.
    template <class Meanwhile>
    void crash_and_restart(Meanwhile meanwhile) {
        stop();
        meanwhile();
        open();
    }
    void crash_and_restart() {
        crash_and_restart([] {});
    }
    /// From the next start on: so much must stay free.
    void keep_free(std::uint64_t bytes) { options_.free_space_reserve_bytes = bytes; }
    /// The same, for the index.
    void set_aside(std::uint64_t bytes) { options_.ballast_bytes = bytes; }

    [[nodiscard]] std::string path(const std::string& name) const {
        return options_.directory + "/" + name;
    }
    Endpoint* operator->() { return &*endpoint_; }
    storage::local::Engine& engine() { return *engine_; }

    base::FakeClock clock{base::WallTime(std::chrono::milliseconds(1'700'000'000'500))};

private:
    void open() {
        auto opened = storage::local::Engine::open(options_, disk, clock, random_, pool_);
        REQUIRE(opened);
        engine_ = *std::move(opened);
        endpoint_.emplace(engine_->metadata(), engine_->blobs(), clock);
    }
    void stop() {
        endpoint_.reset();
        engine_.reset();
    }

    tests::TemporaryDirectory directory_;
    std::unique_ptr<base::Vfs> vfs_ = base::make_posix_vfs();

public:
    base::FaultyVfs disk{*vfs_};

private:
    storage::local::EngineOptions options_;
    base::SystemRandom random_;
    base::WorkerPool pool_{2};
    std::unique_ptr<storage::local::Engine> engine_;
    std::optional<Endpoint> endpoint_;
};

}  // namespace holdfast::test
