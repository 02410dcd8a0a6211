#include "storage/memory/engine.h"

#include "tests/component/engines/engine_under_test.h"

namespace holdfast::test {

namespace {

class MemoryEngine final : public EngineUnderTest {
public:
    storage::MetadataStore& metadata() override { return *metadata_; }
    storage::BlobStore& blobs() override { return *blobs_; }

private:
    std::unique_ptr<storage::MetadataStore> metadata_ = storage::memory::make_metadata_store();
    std::unique_ptr<storage::BlobStore> blobs_ = storage::memory::make_blob_store();
};

const RegisterEngine memory("memory", [] { return std::make_unique<MemoryEngine>(); });

}  // namespace

}  // namespace holdfast::test
