#include "storage/local/engine.h"

#include "tests/component/engines/engine_under_test.h"
#include "tests/temporary_directory.h"

namespace holdfast::test {

namespace {

class LocalEngine final : public EngineUnderTest {
public:
    LocalEngine() {
        storage::local::EngineOptions options;
        options.directory = directory_.path();
        options.segment_bytes = 16 << 20;
        options.extent_bytes_max = 4 << 20;
        options.free_space_reserve_bytes = 1;
        options.block_cache_bytes = 8 << 20;
        options.memtable_bytes = 8 << 20;
        auto opened = storage::local::Engine::open(options, *vfs_, clock_, random_, pool_);
        REQUIRE(opened);
        engine_ = *std::move(opened);
    }
    LocalEngine(const LocalEngine&) = delete;
    LocalEngine& operator=(const LocalEngine&) = delete;
    ~LocalEngine() override {
        engine_.reset();
        pool_.join();
    }

    storage::MetadataStore& metadata() override { return engine_->metadata(); }
    storage::BlobStore& blobs() override { return engine_->blobs(); }

private:
    tests::TemporaryDirectory directory_;
    std::unique_ptr<base::Vfs> vfs_ = base::make_posix_vfs();
    base::SystemClock clock_;
    base::SystemRandom random_;
    base::WorkerPool pool_{2};
    std::unique_ptr<storage::local::Engine> engine_;
};

const RegisterEngine local("local", [] { return std::make_unique<LocalEngine>(); });

}  // namespace

}  // namespace holdfast::test
