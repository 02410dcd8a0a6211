#include "tests/model/world.h"

#include "storage/workers/reclaimer.h"
#include "tests/loop_of_nobody.h"
#include "tests/run_coroutine.h"

namespace holdfast::model_test {

void World::collect_garbage() {
    auto& endpoint = this->endpoint();
    tests::LoopOfNobody borrowed;
    auto& loop = *borrowed;
    storage::workers::Reclaimer reclaimer(loop.get_executor(), endpoint.store(), endpoint.buckets(),
                                          endpoint.uploads(), {});
    const auto once = [&reclaimer]() -> base::Awaitable<void> {
        co_await reclaimer.run_once();
        co_await reclaimer.stop();
    };
    test::run_on(loop, once());
}

std::unique_ptr<test::Endpoint> World::make_endpoint(storage::MetadataStore& rows,
                                                     storage::BlobStore& blobs) {
    test::EndpointOptions options;
    options.part_bytes_min = part_bytes_min;
    return std::make_unique<test::Endpoint>(rows, blobs, clock_, options);
}

const std::vector<WorldFactory>& worlds() {
    static const std::vector<WorldFactory> all{
        {"memory", make_memory_world}, {"local", [] { return make_local_world(DiskSyncs::work); }}};
    return all;
}

}  // namespace holdfast::model_test
