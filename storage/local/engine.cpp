#include "storage/local/engine.h"

#include "base/log.h"
#include "storage/local/committer.h"
#include "storage/local/highwater.h"
#include "storage/local/row_database.h"
#include "storage/local/row_store.h"
#include "storage/local/segment_store.h"
#include "storage/local/volume.h"
#include "storage/local/volume_layout.h"

namespace holdfast::storage::local {

namespace {

using base::Expected;

/// Opened in this order, closed in the opposite one.
struct Parts {
    std::unique_ptr<Volume> volume;
    std::unique_ptr<RowDatabase> database;
    std::unique_ptr<HighWater> high_water;
    std::unique_ptr<SegmentStore> segments;
    std::unique_ptr<Committer> committer;
    std::unique_ptr<RowStore> rows;
};

class LocalEngine final : public Engine {
public:
    explicit LocalEngine(Parts parts) : parts_(std::move(parts)) {}

    MetadataStore& metadata() override { return *parts_.rows; }
    BlobStore& blobs() override { return *parts_.segments; }
    void close() override;
    [[nodiscard]] Statistics statistics() const override;

private:
    Parts parts_;
};

void LocalEngine::close() {
    const auto blobs = parts_.segments->close();
    const auto last = parts_.committer->finish();
    if (!blobs) {
        base::log::warning("engine.not_closed_cleanly", {{"reason", blobs.error().message()}});
        return;
    }
    if (!last) {
        base::log::warning("engine.not_closed_cleanly", {{"reason", last.error().detail}});
        return;
    }
    if (const auto marked = parts_.volume->mark_clean(*last); !marked)
        base::log::warning("engine.not_closed_cleanly", {{"reason", marked.error().message()}});
}

Engine::Statistics LocalEngine::statistics() const {
    const auto segments = parts_.segments->statistics();
    return Statistics{parts_.committer->commits(), parts_.committer->groups(), segments.syncs,
                      segments.bytes_live};
}

Expected<void, OpenError> check_no_commit_is_missing(const RowDatabase& database,
                                                     const HighWater& high_water) {
    if (database.commit_no() >= high_water.commit_no()) return {};
    const auto missing = high_water.commit_no() - database.commit_no();
    return OpenError{OpenError::Kind::damaged, "the index lost " + std::to_string(missing) +
                                                   " acknowledged commits: it ends at " +
                                                   std::to_string(database.commit_no()) +
                                                   ", acknowledged were " +
                                                   std::to_string(high_water.commit_no())};
}

Expected<void, OpenError> open_rows(const EngineOptions& options, base::Vfs& vfs, Parts& parts) {
    const Volume& volume = *parts.volume;
    const RowDatabaseOptions row_options{
        vfs, volume.path(layout::index), volume.id(), volume.is_new(),
        RowMemory{options.block_cache_bytes, options.memtable_bytes}};
    auto database = RowDatabase::open(row_options);
    if (!database) return std::move(database).error();
    parts.database = *std::move(database);
    const auto path = volume.path(layout::high_water);
    auto high_water = volume.is_new() ? HighWater::create(vfs, path) : HighWater::open(vfs, path);
    if (!high_water) return std::move(high_water).error();
    parts.high_water = *std::move(high_water);
    return check_no_commit_is_missing(*parts.database, *parts.high_water);
}

Expected<void, OpenError> open_segments(const EngineOptions& options, base::Vfs& vfs,
                                        const base::Clock& clock, base::WorkerPool& pool,
                                        Parts& parts) {
    SegmentOptions segment_options;
    segment_options.directory = parts.volume->path(layout::segments);
    segment_options.durability = options.durability;
    segment_options.segment_bytes = options.segment_bytes;
    segment_options.extent_bytes_max = options.extent_bytes_max;
    segment_options.small_blob_bytes_max = options.small_blob_bytes_max;
    segment_options.free_space_reserve_bytes = options.free_space_reserve_bytes;
    segment_options.incarnation = parts.volume->incarnation();
    auto segments = SegmentStore::open(segment_options, vfs, clock, pool);
    if (!segments) return std::move(segments).error();
    parts.segments = *std::move(segments);
    return {};
}

Expected<void, OpenError> start_volume(Volume& volume) {
    if (volume.is_new()) {
        if (auto created = volume.finish_creation(); !created) return created;
    } else if (!volume.previous().clean) {
        base::log::info("engine.unclean_stop", {{"incarnation", volume.previous().number}});
    }
    return volume.start_incarnation();
}

}  // namespace

Expected<std::unique_ptr<Engine>, OpenError> Engine::open(const EngineOptions& options,
                                                          base::Vfs& vfs, const base::Clock& clock,
                                                          base::Random& random,
                                                          base::WorkerPool& pool) {
    Parts parts;
    auto volume = Volume::open(options.directory, vfs, random);
    if (!volume) return std::move(volume).error();
    parts.volume = *std::move(volume);
    if (auto opened = open_rows(options, vfs, parts); !opened) return std::move(opened).error();
    // Nothing was written before this but what RocksDB recovers by itself.
    if (auto started = start_volume(*parts.volume); !started) return std::move(started).error();
    if (auto opened = open_segments(options, vfs, clock, pool, parts); !opened)
        return std::move(opened).error();
    const Committer::Options commit_options{options.durability, options.commit_queue_max,
                                            parts.volume->incarnation()};
    parts.committer =
        std::make_unique<Committer>(commit_options, *parts.database, *parts.high_water, clock);
    parts.rows = std::make_unique<RowStore>(*parts.database, *parts.committer, pool);
    return std::unique_ptr<Engine>(std::make_unique<LocalEngine>(std::move(parts)));
}

}  // namespace holdfast::storage::local
