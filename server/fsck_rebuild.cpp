#include "server/fsck_rebuild.h"

#include "server/data_failure.h"
#include "server/keyring_choice.h"
#include "storage/catalog/reattach.h"
#include "storage/local/index_rebuild.h"
#include "storage/local/reattach_note.h"
#include "storage/local/wal_kept.h"

namespace holdfast::server {

namespace {

namespace catalog = storage::catalog;
namespace local = storage::local;
using Cause = storage::EngineCondition::Cause;
using Opening = FsckVolume::Opening;

void show(FsckReport& report, const catalog::RebuildReport& rows) {
    report.count("buckets restored", rows.buckets);
    report.count("objects restored", rows.objects);
    report.count("multipart ones of them", rows.multipart_objects);
    report.count("older versions, kept for gc.quarantine", rows.replaced);
    report.count("parts without an object", rows.unused_parts);
    report.problems(rows.problems);
}

Result<void> rebuild_index(FsckVolume& volume) {
    auto rebuilt = local::IndexRebuild::begin(volume.directory(), volume.vfs(), volume.random());
    if (!rebuilt) return to_failure(rebuilt.error());
    auto& index = **rebuilt;
    const auto segments = index.segments_directory();
    auto blobs = volume.find_blobs(segments);
    if (!blobs) return std::move(blobs).error();
    auto options = volume.rebuild_options(segments);
    if (!options) return std::move(options).error();
    options->put = [&](const storage::Partition& partition, const storage::RowKey& key,
                       const std::string& value) { return index.put(partition, key, value); };
    for (const auto& blob : *blobs) index.number_commits_after(blob.identity.last_commit);
    auto rows = catalog::rebuild_rows(*blobs, *options);
    if (!rows) return to_failure(rows.error());
    auto kept = index.finish();
    if (!kept) return to_failure(kept.error());
    auto& report = volume.report();
    show(report, *rows);
    if (!kept->empty()) report.note("the damaged index is kept in " + *kept);
    report.note(
        "objects up to storage.inline_bytes_max and unfinished uploads were in the "
        "index only: they are not restored");
    return {};
}

/// Another index would not have what is in this one only.
Failure still_readable(const storage::EngineCondition& condition) {
    return {ExitCode::data_unusable,
            "storage.directory: " + condition.reason +
                ". What can be read of it may be all there is of objects up to "
                "storage.inline_bytes_max, so it is not replaced: start the server, which reads "
                "only, copy them to another place, then move index/ out of the directory and run "
                "`holdfast fsck --rebuild`"};
}

/// The log that was set aside stays for good, whatever a start does with its own copies.
Result<std::unique_ptr<local::Engine>> open_in_spite_of_the_loss(FsckVolume& volume,
                                                                 Opening opening) {
    {
        auto looked = volume.open(Opening::as_a_start);
        if (!looked) return to_failure(looked.error());
        if ((*looked)->condition().cause != Cause::missing_commits)
            return Failure{ExitCode::failure, "no acknowledged commit is missing"};
    }
    auto kept = local::keep_log_aside(volume.vfs(), volume.directory());
    if (!kept) return to_failure(kept.error());
    if (!kept->empty()) volume.report().note("the index' log is kept in " + *kept);
    auto engine = volume.open(opening);
    if (!engine) return to_failure(engine.error());
    return *std::move(engine);
}

/// With what was put back durable, or nothing to be put back.
Result<void> close(FsckVolume& volume, local::Engine& engine) {
    engine.close();
    const auto forgotten = local::remove_reattach_note(volume.vfs(), volume.directory());
    if (!forgotten) return to_failure(forgotten.error());
    return {};
}

Result<catalog::ReattachReport> put_back(FsckVolume& volume, local::Engine& engine,
                                         const std::vector<catalog::BlobInSegments>& blobs,
                                         const catalog::RebuildOptions& options,
                                         storage::crypto::Keyring& keyring) {
    const auto note = local::read_reattach_note(volume.vfs(), volume.directory());
    if (!note) return to_failure(note.error());
    catalog::GarbageList garbage;
    catalog::Store store{engine.metadata(),
                         engine.blobs(),
                         keyring,
                         volume.clock(),
                         volume.random(),
                         garbage,
                         volume.settings().storage_inline_bytes_max};
    catalog::ReattachOptions how;
    how.buckets = options;
    how.look = options.look;
    how.read = options.read;
    how.commit_no = *note ? (*note)->commit_no : 0;
    auto done = volume.run(catalog::reattach(store, engine.upkeep(), blobs, how));
    if (!done) return to_failure(done.error());
    return *std::move(done);
}

Result<void> reattach(FsckVolume& volume) {
    const auto segments = volume.directory() + "/segments";
    auto blobs = volume.find_blobs(segments);
    if (!blobs) return std::move(blobs).error();
    auto options = volume.rebuild_options(segments);
    if (!options) return std::move(options).error();
    // What can fail without the engine comes before it.
    auto keyring = make_transient_keyring(volume.settings(), volume.random());
    if (!keyring) return std::move(keyring).error();
    auto engine = open_in_spite_of_the_loss(volume, Opening::reattaching);
    if (!engine) return std::move(engine).error();
    auto done = put_back(volume, **engine, *blobs, *options, **keyring);
    if (!done) return std::move(done).error();
    if (auto closed = close(volume, **engine); !closed) return closed;
    auto& report = volume.report();
    report.count("buckets made again", done->buckets);
    report.count("objects put back", done->objects);
    report.count("parts without a row", done->parts_left);
    report.count("moved blobs found again", done->moved);
    report.problems(done->problems);
    report.note("what else the missing commits did is given up; the next start takes writes");
    return {};
}

}  // namespace

Result<void> fsck_rebuild(FsckVolume& volume) {
    auto engine = volume.open(Opening::to_look);
    if (!engine) {
        // Any other error may pass; the index it hides would be moved aside for nothing.
        if (engine.error().kind == local::OpenError::Kind::damaged_index)
            return rebuild_index(volume);
        return to_failure(engine.error());
    }
    const auto condition = (*engine)->condition();
    engine->reset();
    if (condition.cause == Cause::damaged_index) return still_readable(condition);
    if (condition.cause == Cause::missing_commits) return reattach(volume);
    volume.report().note(
        "the index opens and misses no acknowledged commit: nothing was changed; another one is "
        "made when index/ is moved away");
    return {};
}

Result<void> fsck_accept_loss(FsckVolume& volume) {
    auto looked = volume.open(Opening::to_look);
    if (!looked) return to_failure(looked.error());
    const auto condition = (*looked)->condition();
    looked->reset();
    if (condition.cause == Cause::damaged_index) return still_readable(condition);
    auto& report = volume.report();
    if (condition.cause != Cause::missing_commits) {
        report.note("no acknowledged commit is missing: nothing was changed");
        return {};
    }
    auto engine = open_in_spite_of_the_loss(volume, Opening::giving_up);
    if (!engine) return std::move(engine).error();
    if (auto closed = close(volume, **engine); !closed) return closed;
    report.count("commits given up", condition.missing_commits);
    report.note("the next start takes writes");
    return {};
}

}  // namespace holdfast::server
