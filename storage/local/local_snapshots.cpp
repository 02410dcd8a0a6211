#include "storage/local/local_snapshots.h"

#include <fmt/format.h>

#include <cerrno>

#include "base/failpoint.h"
#include "base/log.h"
#include "storage/local/file_tree.h"
#include "storage/local/highwater.h"
#include "storage/local/segment_failpoint.h"
#include "storage/local/volume_layout.h"

namespace holdfast::storage::local {

namespace {

using Kind = SnapshotError::Kind;

constexpr const char* making = ".making";
constexpr const char* deleting = ".deleting";

SnapshotError busy() {
    return {Kind::busy, "another snapshot is being made or deleted"};
}

SnapshotError bad_name(const std::string& name) {
    return {Kind::bad_name, "\"" + name +
                                "\" is no name of a snapshot: 1 to 64 letters, digits, '.', '_' "
                                "and '-', the first a letter or a digit"};
}

/// Sizes of the files in a directory, and how many there are.
struct Contents {
    std::uint64_t files = 0;
    std::uint64_t bytes = 0;
};
base::IoResult<Contents> contents_of(base::Vfs& vfs, const std::string& directory) {
    const auto names = vfs.list(directory);
    if (!names) return names.error();
    Contents sum;
    for (const auto& name : *names) {
        const auto status = vfs.status(fmt::format("{}/{}", directory, name));
        if (!status) return status.error();
        ++sum.files;
        sum.bytes += status->size_bytes;
    }
    return sum;
}

}  // namespace

/// The only one that changes anything, or nobody.
class LocalSnapshots::Turn {
public:
    explicit Turn(std::atomic<bool>& busy) : busy_(busy), taken_(!busy.exchange(true)) {}
    ~Turn() {
        if (taken_) busy_ = false;
    }
    Turn(const Turn&) = delete;
    Turn& operator=(const Turn&) = delete;
    explicit operator bool() const { return taken_; }

private:
    std::atomic<bool>& busy_;
    const bool taken_;
};

LocalSnapshots::LocalSnapshots(Parts parts)
    : parts_(std::move(parts)), directory_(parts_.volume + "/" + layout::snapshots) {}

std::string LocalSnapshots::path(const std::string& name) const {
    return directory_ + "/" + name;
}

VolumeSnapshots::Outcome<VolumeSnapshot> LocalSnapshots::create(std::string name,
                                                                std::vector<std::string> files) {
    auto work = [&] { return make(name, files); };
    co_return co_await parts_.pool.run(work);
}

VolumeSnapshots::Outcome<std::vector<VolumeSnapshot>> LocalSnapshots::list() {
    auto work = [this] { return find_all(); };
    co_return co_await parts_.pool.run(work);
}

VolumeSnapshots::Outcome<void> LocalSnapshots::remove(std::string name) {
    auto work = [&] { return drop(name); };
    co_return co_await parts_.pool.run(work);
}

void LocalSnapshots::clean_up() {
    if (!parts_.condition().writable()) return;
    parts_.works.jobs.post([this] {
        const std::lock_guard alone(mutex_);
        if (const auto removed = remove_leftovers(); !removed)
            base::log::warning("snapshot.not_cleaned_up", {{"reason", removed.error().message()}});
    });
}

LocalSnapshots::Answer<void> LocalSnapshots::check_condition() {
    const auto condition = parts_.condition();
    if (!condition.writable())
        return SnapshotError{Kind::read_only, "no writes are taken: " + condition.reason};
    return {};
}

LocalSnapshots::Answer<bool> LocalSnapshots::is_there(const std::string& name) {
    const auto there = parts_.vfs.exists(path(name));
    if (!there) return to_snapshot_error(there.error());
    return *there;
}

base::IoResult<void> LocalSnapshots::remove_leftovers() {
    const auto there = parts_.vfs.exists(directory_);
    if (!there) return there.error();
    if (!*there) return {};
    for (const auto* name : {making, deleting})
        if (auto removed = remove_tree(parts_.vfs, path(name)); !removed) return removed;
    return {};
}

LocalSnapshots::Answer<VolumeSnapshot> LocalSnapshots::make(const std::string& name,
                                                            const std::vector<std::string>& files) {
    if (!is_snapshot_name(name)) return bad_name(name);
    const Turn turn(busy_);
    if (!turn) return busy();
    const std::lock_guard alone(mutex_);
    if (auto may = check_condition(); !may) return may.error();
    const auto taken = is_there(name);
    if (!taken) return taken.error();
    if (*taken) return SnapshotError{Kind::taken, "there is a snapshot " + name + " already"};
    if (auto removed = remove_leftovers(); !removed) return to_snapshot_error(removed.error());
    auto& vfs = parts_.vfs;
    auto ready = vfs.make_directories(directory_);
    if (ready) ready = vfs.sync_directory(parts_.volume);
    if (!ready) return to_snapshot_error(ready.error());
    auto made = make_and_publish(name, files);
    if (!made) {
        // The next snapshot or start tries again.
        if (const auto removed = remove_leftovers(); !removed)
            base::log::warning("snapshot.not_cleaned_up", {{"reason", removed.error().message()}});
    }
    return made;
}

LocalSnapshots::Answer<VolumeSnapshot> LocalSnapshots::make_and_publish(
    const std::string& name, const std::vector<std::string>& files) {
    SnapshotMaker maker(parts_.vfs, parts_.index, parts_.works, parts_.volume);
    if (auto made = maker.make(path(making), files); !made) return made.error();
    auto found = look_at(making);
    if (!found) return found;
    found->name = name;
    found->directory = path(name);
    if (auto published = publish(name); !published) return published.error();
    base::log::info(
        "snapshot.made",
        {{"name", name}, {"commit_no", found->commit_no}, {"segments", found->segments}});
    return found;
}

/// Under its name from here on. When that is not certain it goes again.
LocalSnapshots::Answer<void> LocalSnapshots::publish(const std::string& name) {
    auto& vfs = parts_.vfs;
    // Names in it first: those of .making itself, and of what a crash must not bring back.
    if (auto synced = vfs.sync_directory(directory_); !synced)
        return to_snapshot_error(synced.error());
    if (auto failed = as_io_error(HF_FAILPOINT("snapshot.publish"), "rename", path(making)))
        return to_snapshot_error(*failed);
    if (auto renamed = vfs.rename(path(making), path(name)); !renamed)
        return to_snapshot_error(renamed.error());
    const auto synced = vfs.sync_directory(directory_);
    if (synced) return {};
    static_cast<void>(vfs.rename(path(name), path(making)));
    return to_snapshot_error(synced.error());
}

LocalSnapshots::Answer<std::vector<VolumeSnapshot>> LocalSnapshots::find_all() {
    std::vector<VolumeSnapshot> all;
    const auto names = parts_.vfs.list(directory_);
    if (!names && names.error().code == ENOENT) return all;
    if (!names) return to_snapshot_error(names.error());
    for (const auto& name : *names) {
        if (!is_snapshot_name(name)) continue;
        auto found = look_at(name);
        // Deleted meanwhile, or nothing that this server made.
        if (!found && found.error().kind == Kind::not_there) continue;
        if (!found) return std::move(found).error();
        all.push_back(*std::move(found));
    }
    return all;
}

LocalSnapshots::Answer<VolumeSnapshot> LocalSnapshots::look_at(const std::string& name) {
    auto& vfs = parts_.vfs;
    VolumeSnapshot found;
    found.name = name;
    found.directory = path(name);
    const auto run = vfs.status(found.directory + "/" + layout::incarnation);
    const auto last = HighWater::read(vfs, found.directory + "/" + layout::high_water);
    const auto index = contents_of(vfs, found.directory + "/" + layout::index);
    const auto segments = contents_of(vfs, found.directory + "/" + layout::segments);
    if (!run || !last || !index || !segments)
        return SnapshotError{Kind::not_there, found.directory + " is not a snapshot"};
    found.made = base::WallTime(std::chrono::seconds(run->modified_unix_s));
    found.commit_no = last->commit_no;
    found.segments = segments->files;
    found.segment_bytes = segments->bytes;
    found.index_bytes = index->bytes;
    return found;
}

LocalSnapshots::Answer<void> LocalSnapshots::drop(const std::string& name) {
    if (!is_snapshot_name(name)) return bad_name(name);
    const Turn turn(busy_);
    if (!turn) return busy();
    const std::lock_guard alone(mutex_);
    if (auto may = check_condition(); !may) return may.error();
    // Also of a deletion that did not get to its end: asked again, it goes on.
    auto gone = remove_leftovers();
    if (!gone) return to_snapshot_error(gone.error());
    const auto there = is_there(name);
    if (!there) return there.error();
    if (!*there) return SnapshotError{Kind::not_there, "there is no snapshot " + name};
    auto& vfs = parts_.vfs;
    gone = vfs.rename(path(name), path(deleting));
    // Before any of it goes: what is found under its name is whole.
    if (gone) gone = vfs.sync_directory(directory_);
    static_cast<void>(HF_FAILPOINT("snapshot.delete"));
    if (gone) gone = remove_leftovers();
    if (!gone) return to_snapshot_error(gone.error());
    base::log::info("snapshot.deleted", {{"name", name}});
    return {};
}

}  // namespace holdfast::storage::local
