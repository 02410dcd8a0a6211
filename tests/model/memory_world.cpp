#include "tests/model/world.h"
#include "tests/unit/storage/catalog/doubles.h"

namespace holdfast::model_test {

namespace {

/// Over the memory engine: a restart loses only what the endpoint keeps in memory.
class MemoryWorld final : public World {
public:
    MemoryWorld() { restart(true); }
    test::Endpoint& endpoint() override { return *endpoint_; }
    void restart(bool) override {
        endpoint_.reset();
        endpoint_ = make_endpoint(rows_, blobs_);
    }
    std::optional<std::size_t> live_blobs() override {
        return blobs_.live() + blobs_.live_completions();
    }

private:
    test::WatchedRows rows_;
    test::WatchedBlobs blobs_;
    std::unique_ptr<test::Endpoint> endpoint_;
};

}  // namespace

std::unique_ptr<World> make_memory_world() {
    return std::make_unique<MemoryWorld>();
}

}  // namespace holdfast::model_test
