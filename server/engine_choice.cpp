#include "server/engine_choice.h"

#include "base/log.h"
#include "server/data_failure.h"
#include "server/options.h"
#include "server/process_limits.h"
#include "storage/local/engine.h"
#include "storage/memory/engine.h"

namespace holdfast::server {

namespace {

class LocalEngine final : public StorageEngine {
public:
    explicit LocalEngine(std::unique_ptr<storage::local::Engine> engine)
        : engine_(std::move(engine)) {}
    storage::MetadataStore& metadata() override { return engine_->metadata(); }
    storage::BlobStore& blobs() override { return engine_->blobs(); }
    storage::local::Engine* local() override { return engine_.get(); }
    void close() override { engine_->close(); }

private:
    std::unique_ptr<storage::local::Engine> engine_;
};

class MemoryEngine final : public StorageEngine {
public:
    storage::MetadataStore& metadata() override { return *metadata_; }
    storage::BlobStore& blobs() override { return *blobs_; }
    storage::local::Engine* local() override { return nullptr; }
    void close() override {}

private:
    std::unique_ptr<storage::MetadataStore> metadata_ = storage::memory::make_metadata_store();
    std::unique_ptr<storage::BlobStore> blobs_ = storage::memory::make_blob_store();
};

Failure cannot_serve(const storage::local::OpenError& error) {
    auto failure = to_failure(error);
    if (error.kind == storage::local::OpenError::Kind::read_only)
        failure.message += "; `holdfast serve --read-only` serves reads";
    return failure;
}

/// Before the engine opens, so that it has all the descriptors there are.
DescriptorShares shares_of_descriptors() {
    const auto limit = raise_open_files_limit();
    const auto shares = share_descriptors(limit);
    if (!shares.enough)
        base::log::warning("storage.few_file_descriptors",
                           {{"open_files_limit", limit},
                            {"for_connections", shares.connections_max},
                            {"for_segments", shares.segments_open_max},
                            {"for_the_index", shares.index_files_open_max}});
    return shares;
}

}  // namespace

Result<std::unique_ptr<StorageEngine>> open_engine(const config::Settings& settings,
                                                   EngineParts parts) {
    if (settings.storage_engine == "memory")
        return std::unique_ptr<StorageEngine>(std::make_unique<MemoryEngine>());
    auto options = engine_options(settings, parts.memory);
    const auto shares = shares_of_descriptors();
    options.segments_open_max = shares.segments_open_max;
    options.index_files_open_max = shares.index_files_open_max;
    auto engine =
        storage::local::Engine::open(options, parts.vfs, parts.clock, parts.random, parts.pool);
    if (!engine) return cannot_serve(engine.error());
    return std::unique_ptr<StorageEngine>(std::make_unique<LocalEngine>(*std::move(engine)));
}

}  // namespace holdfast::server
