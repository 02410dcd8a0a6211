#include "storage/local/index_rebuild.h"

#include <fmt/format.h>
#include <cerrno>

#include "base/limits.h"
#include "storage/local/highwater.h"
#include "storage/local/open_error.h"
#include "storage/local/reattach_note.h"
#include "storage/local/row_codec.h"
#include "storage/local/volume_layout.h"

namespace holdfast::storage::local {

namespace {

using base::Expected;

constexpr RowMemory rebuild_memory{8 * base::MiB, 64 * base::MiB};
constexpr const char* unfinished_index = "index.rebuilding";
constexpr int damaged_indexes_max = 1000;

OpenError to_open_error(const rocksdb::Status& status) {
    return {OpenError::Kind::io, "the new index: " + status.ToString()};
}

/// Files of an earlier rebuild that did not get to its end. An index has no directories in it.
base::IoResult<void> empty_directory(base::Vfs& vfs, const std::string& path) {
    const auto present = vfs.exists(path);
    if (!present) return present.error();
    if (!*present) return {};
    const auto names = vfs.list(path);
    if (!names) return names.error();
    for (const auto& name : *names)
        if (auto gone = vfs.unlink(fmt::format("{}/{}", path, name)); !gone) return gone;
    return {};
}

}  // namespace

Expected<std::unique_ptr<IndexRebuild>, OpenError> IndexRebuild::begin(const std::string& directory,
                                                                       base::Vfs& vfs,
                                                                       base::Random& random) {
    // Never made by this: what is no volume has nothing to be rebuilt from.
    const auto formatted = vfs.exists(directory + "/" + layout::format);
    if (!formatted) return local::to_open_error(formatted.error());
    if (!*formatted)
        return OpenError{OpenError::Kind::damaged,
                         directory + " is no volume: it has no format file"};
    auto volume = Volume::open(directory, vfs, random);
    if (!volume) return std::move(volume).error();
    std::unique_ptr<IndexRebuild> rebuild(new IndexRebuild(directory, *std::move(volume), vfs));
    if (auto opened = rebuild->open_empty(); !opened) return std::move(opened).error();
    return rebuild;
}

Expected<void, OpenError> IndexRebuild::open_empty() {
    const auto path = volume_->path(unfinished_index);
    if (auto emptied = empty_directory(vfs_, path); !emptied)
        return local::to_open_error(emptied.error());
    if (auto made = vfs_.make_directories(path); !made) return local::to_open_error(made.error());
    RowDatabaseOptions options{vfs_, path, volume_->id(), true, rebuild_memory};
    auto database = RowDatabase::open(options);
    if (!database) return std::move(database).error();
    database_ = *std::move(database);
    const auto mark = HighWater::read(vfs_, volume_->path(layout::high_water));
    number_commits_after(mark ? mark->commit_no : 0);
    number_commits_after(volume_->previous().commit_no);
    return {};
}

std::string IndexRebuild::segments_directory() const {
    return volume_->path(layout::segments);
}

void IndexRebuild::number_commits_after(std::uint64_t last_commit) {
    version_ = std::max(version_, last_commit + 1);
}

Result<void> IndexRebuild::put(const Partition& partition, const RowKey& key,
                               const std::string& value) {
    // Without a log: nothing of it counts before finish() has flushed it.
    rocksdb::WriteOptions options;
    options.disableWAL = true;
    const auto status =
        database_->db().Put(options, database_->family(key.family), disk_key(partition, key.key),
                            version_prefix(version_) + value);
    if (!status.ok()) return to_storage_error(status);
    return {};
}

Expected<std::string, OpenError> IndexRebuild::finish() {
    rocksdb::WriteOptions unlogged;
    unlogged.disableWAL = true;
    auto status = database_->db().Put(unlogged, database_->meta(), commit_no_key,
                                      encode_commit_number(version_));
    for (auto* family : {database_->family(RowFamily::index), database_->family(RowFamily::body),
                         database_->meta()})
        if (status.ok()) status = database_->db().Flush(rocksdb::FlushOptions(), family);
    if (!status.ok()) return to_open_error(status);
    database_.reset();
    if (auto synced = vfs_.sync_directory(volume_->path(unfinished_index)); !synced)
        return local::to_open_error(synced.error());
    // The mark first: with the old index in place a start refuses as it did before.
    if (auto marked = set_high_water(); !marked) return std::move(marked).error();
    return replace_index();
}

/// A mark that is damaged or missing is made again; one that is there stays, it is lower.
Expected<void, OpenError> IndexRebuild::set_high_water() const {
    const auto path = volume_->path(layout::high_water);
    if (HighWater::read(vfs_, path)) return {};
    auto made = HighWater::make_again(vfs_, directory_, path);
    if (!made) return std::move(made).error();
    return {};
}

Expected<std::string, OpenError> IndexRebuild::replace_index() {
    const auto index = volume_->path(layout::index);
    const auto present = vfs_.exists(index);
    if (!present) return local::to_open_error(present.error());
    std::string kept;
    for (int number = 1; *present && kept.empty(); ++number) {
        const auto name = volume_->path("index.damaged-" + std::to_string(number));
        const auto taken = vfs_.exists(name);
        if (!taken) return local::to_open_error(taken.error());
        if (*taken && number < damaged_indexes_max) continue;
        if (auto moved = vfs_.rename(index, name); !moved)
            return local::to_open_error(moved.error());
        kept = name;
    }
    // Before the name is taken again.
    if (auto synced = vfs_.sync_directory(directory_); !synced)
        return local::to_open_error(synced.error());
    if (auto moved = vfs_.rename(volume_->path(unfinished_index), index); !moved)
        return local::to_open_error(moved.error());
    if (auto synced = vfs_.sync_directory(directory_); !synced)
        return local::to_open_error(synced.error());
    // The index has all that could be put back.
    if (auto forgotten = remove_reattach_note(vfs_, directory_); !forgotten)
        return local::to_open_error(forgotten.error());
    return kept;
}

}  // namespace holdfast::storage::local
