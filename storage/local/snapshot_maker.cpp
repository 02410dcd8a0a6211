#include "storage/local/snapshot_maker.h"

#include <fmt/format.h>
#include <rocksdb/utilities/checkpoint.h>

#include <cerrno>
#include <limits>
#include <memory>

#include "base/failpoint.h"
#include "base/limits.h"
#include "storage/local/file_tree.h"
#include "storage/local/highwater.h"
#include "storage/local/index_examination.h"
#include "storage/local/segment_failpoint.h"
#include "storage/local/volume.h"
#include "storage/local/volume_layout.h"

namespace holdfast::storage::local {

namespace {

using base::IoResult;
using Done = SnapshotMaker::Done;
using Kind = SnapshotError::Kind;

constexpr std::uint64_t small_file_bytes_max = base::MiB;
constexpr unsigned owners_only = 0600;
constexpr unsigned file_mode_bits = 0640;
/// The log is copied as it is. A flush that found no room would stop the writes.
constexpr std::uint64_t flush_nothing = std::numeric_limits<std::uint64_t>::max();
/// To read what was made; small, as it is beside that of the index in use.
constexpr RowMemory memory_to_read{8 * base::MiB, 8 * base::MiB};
constexpr std::size_t files_open_to_read = 64;

SnapshotError from_storage(const StorageError& error) {
    const bool full = error.kind == StorageError::Kind::out_of_space;
    return {full ? Kind::out_of_space : Kind::failed, error.detail};
}

Done done_or_error(const IoResult<void>& result) {
    if (!result) return to_snapshot_error(result.error());
    return {};
}

SnapshotError not_linked(const base::IoError& error) {
    const bool impossible = error.code == EXDEV || error.code == EPERM ||
                            error.code == EOPNOTSUPP || error.code == ENOSYS ||
                            error.code == EMLINK;
    auto failure = to_snapshot_error(error);
    if (impossible)
        failure.message +=
            "; a snapshot needs a file system with hard links, and all of the data directory on it";
    return failure;
}

SnapshotError not_whole(const std::string& reason) {
    return {Kind::failed, "what was made does not read as it must: " + reason};
}

}  // namespace

SnapshotError to_snapshot_error(const base::IoError& error) {
    auto kind = error.out_of_space() ? Kind::out_of_space : Kind::failed;
    if (error.code == EROFS) kind = Kind::read_only;
    return {kind, error.message()};
}

Done SnapshotMaker::make(const std::string& directory, const std::vector<std::string>& files) {
    if (auto room = check_space(); !room) return room;
    const auto made = vfs_.make_directories(directory + "/" + layout::segments);
    if (!made) return to_snapshot_error(made.error());
    if (auto linked = link_format(directory); !linked) return linked;
    for (const auto& name : files)
        if (auto copied = copy_file(name, directory); !copied) return copied;
    const auto acked = works_.options.last_commit();
    {
        const SegmentReclaimer::Hold nothing_is_given_back(works_.reclaimer);
        if (auto linked = link_index(directory); !linked) return linked;
        if (auto linked = link_segments(directory); !linked) return linked;
    }
    if (auto synced = sync_tree(vfs_, directory); !synced) return to_snapshot_error(synced.error());
    const auto last = read_as_a_start_does(directory, acked);
    if (!last) return last.error();
    return write_new_files(directory, *last);
}

/// What is written and not linked is the index' log, and little else.
Done SnapshotMaker::check_space() {
    const auto index = volume_ + "/" + layout::index;
    const auto names = vfs_.list(index);
    if (!names) return to_snapshot_error(names.error());
    std::uint64_t bytes = base::MiB;
    for (const auto& name : *names) {
        if (!name.ends_with(".log")) continue;
        const auto status = vfs_.status(fmt::format("{}/{}", index, name));
        if (status) bytes += status->size_bytes;  // else it went meanwhile
    }
    const auto room = works_.space.check(bytes);
    if (!room) return from_storage(room.error());
    return {};
}

/// First of all, as it also shows whether links can be made. It is never written in place.
Done SnapshotMaker::link_format(const std::string& directory) {
    const auto linked = vfs_.link(volume_ + "/" + layout::format, directory + "/" + layout::format);
    if (!linked) return not_linked(linked.error());
    return {};
}

Done SnapshotMaker::copy_file(const std::string& name, const std::string& directory) {
    const auto content = base::read_file(vfs_, volume_ + "/" + name, small_file_bytes_max);
    if (!content && content.error().code == ENOENT) return {};
    if (!content) return to_snapshot_error(content.error());
    return done_or_error(
        base::write_file_durably(vfs_, directory + "/" + name, *content, owners_only));
}

Done SnapshotMaker::link_index(const std::string& directory) {
    if (auto failed = as_io_error(HF_FAILPOINT("snapshot.index"), "link", directory))
        return to_snapshot_error(*failed);
    const auto use = index_.use();
    if (!use || use.committer() == nullptr)
        return SnapshotError{Kind::read_only, "the index takes no writes: see the log"};
    rocksdb::Checkpoint* made = nullptr;
    auto status = rocksdb::Checkpoint::Create(&use.database().db(), &made);
    const std::unique_ptr<rocksdb::Checkpoint> checkpoint(made);
    if (status.ok())
        status = checkpoint->CreateCheckpoint(directory + "/" + layout::index, flush_nothing);
    if (!status.ok()) return from_storage(to_storage_error(status));
    return {};
}

/// What is written from here on goes to other segments: what is in these can be given back only
/// when the snapshot is gone.
Done SnapshotMaker::link_segments(const std::string& directory) {
    const auto names = vfs_.list(works_.options.directory);
    if (!names) return to_snapshot_error(names.error());
    works_.small.stream.seal();
    works_.bulk.stream.seal();
    for (const auto& name : *names) {
        if (!SegmentName::parse(name)) continue;
        if (auto failed = as_io_error(HF_FAILPOINT("snapshot.segment"), "link", name))
            return to_snapshot_error(*failed);
        const auto linked = vfs_.link(fmt::format("{}/{}", works_.options.directory, name),
                                      fmt::format("{}/{}/{}", directory, layout::segments, name));
        if (!linked) return not_linked(linked.error());
    }
    return {};
}

/// The last commit that is in it.
base::Expected<RowVersion, SnapshotError> SnapshotMaker::read_as_a_start_does(
    const std::string& directory, RowVersion acked) {
    const auto format =
        base::read_file(vfs_, directory + "/" + layout::format, small_file_bytes_max);
    if (!format) return to_snapshot_error(format.error());
    const auto id = parse_format(*format);
    if (!id) return not_whole(id.error().message);
    RowDatabaseOptions options{vfs_, directory + "/" + layout::index, *id, false, memory_to_read};
    options.files_open_max = files_open_to_read;
    const auto found = examine_index(options, acked);
    if (!found) return not_whole(found.error().message);
    if (!found->damage.empty()) return not_whole(found->damage);
    if (found->loss.any()) return not_whole(found->loss.text);
    return found->commit_no;
}

/// The run is the one that made the segments, and did not end: the next one is later than all of
/// them, and treats the log as after a crash.
Done SnapshotMaker::write_new_files(const std::string& directory, RowVersion last) {
    Incarnation run;
    run.number = works_.options.incarnation;
    const auto content = encode_incarnation(run);
    const auto written = base::write_file_durably(vfs_, directory + "/" + layout::incarnation,
                                                  base::as_bytes(content), file_mode_bits);
    if (!written) return to_snapshot_error(written.error());
    auto high_water = HighWater::create(vfs_, directory + "/" + layout::high_water);
    if (!high_water) return not_whole(high_water.error().message);
    auto recorded = (*high_water)->record({run.number, last});
    if (recorded) recorded = (*high_water)->sync();
    if (recorded) recorded = vfs_.sync_directory(directory);
    return done_or_error(recorded);
}

}  // namespace holdfast::storage::local
