/// The endpoint over the engine on disk, on a simulated disk that may fail. threads: one.
#pragma once

#include <atomic>
#include <string_view>

#include "base/faulty_vfs.h"
#include "base/random.h"
#include "base/sim_vfs.h"
#include "base/worker_pool.h"
#include "storage/local/engine.h"
#include "tests/catch.h"
#include "tests/component/memory/failing_new.h"
#include "tests/component/s3/endpoint.h"

namespace holdfast::test {

/// Destroyed after the endpoint that uses it.
struct LocalStores {
    LocalStores() {
        vfs.watch([this](std::string_view operation, const std::string& path) {
            if (starves && operation == "sync_data" && path.ends_with(".log"))
                fail_elsewhere_at_once();
        });
        open();
    }
    LocalStores(const LocalStores&) = delete;
    LocalStores& operator=(const LocalStores&) = delete;
    ~LocalStores() {
        engine.reset();
        pool.join();
    }

    void open() {
        storage::local::EngineOptions options;
        options.directory = "/data";
        options.segment_bytes = 768 << 10;
        options.extent_bytes_max = 96 << 10;
        options.small_blob_bytes_max = 64 << 10;
        options.free_space_reserve_bytes = 1;
        options.block_cache_bytes = 1 << 20;
        options.memtable_bytes = 1 << 20;
        auto opened = storage::local::Engine::open(options, vfs, clock, random, pool);
        REQUIRE(opened);
        engine = *std::move(opened);
    }

    base::SimVfs disk;
    base::FaultyVfs vfs{disk};
    std::atomic<bool> starves =
        false;  ///< with the next sync of the index memory runs out elsewhere
    base::FakeClock clock{base::WallTime(std::chrono::milliseconds(1'700'000'000'500))};
    base::SystemRandom random;
    base::WorkerPool pool{2};
    std::unique_ptr<storage::local::Engine> engine;
};

class LocalEndpoint : public LocalStores, public Endpoint {
public:
    LocalEndpoint() : Endpoint(engine->metadata(), engine->blobs(), clock) {
        REQUIRE(put("/photos").status == 200);
    }
};

}  // namespace holdfast::test
