/// The storage engine that the settings choose. The only place that knows concrete engines.
/// threads: open and close from one; the stores any.
#pragma once

#include <memory>

#include "base/clock.h"
#include "base/random.h"
#include "base/vfs.h"
#include "base/worker_pool.h"
#include "config/settings.h"
#include "server/failure.h"
#include "server/memory_split.h"
#include "storage/blob_store.h"
#include "storage/local/engine.h"
#include "storage/metadata_store.h"

namespace holdfast::server {

class StorageEngine {
public:
    virtual ~StorageEngine() = default;
    virtual storage::MetadataStore& metadata() = 0;
    virtual storage::BlobStore& blobs() = 0;
    /// For operating it; null for one without a disk.
    virtual storage::local::Engine* local() = 0;
    /// Everything durable, clean marker. No call may be running.
    virtual void close() = 0;
};

/// What an engine works with; outlives it.
struct EngineParts {
    base::Vfs& vfs;
    const base::Clock& clock;
    base::Random& random;
    base::WorkerPool& pool;
    MemorySplit memory;
};

/// errors: data_in_use, data_unusable.
Result<std::unique_ptr<StorageEngine>> open_engine(const config::Settings& settings,
                                                   EngineParts parts);

}  // namespace holdfast::server
