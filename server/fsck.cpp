#include "server/fsck.h"

#include <cstdio>

#include "server/data_failure.h"
#include "server/fsck_rebuild.h"
#include "storage/catalog/check.h"
#include "storage/local/volume_inventory.h"

namespace holdfast::server {

namespace {

namespace catalog = storage::catalog;
namespace local = storage::local;
using Cause = storage::EngineCondition::Cause;

void show(FsckReport& report, const catalog::CheckReport& found) {
    report.count("rows", found.rows);
    report.count("buckets", found.buckets);
    report.count("objects", found.objects);
    report.count("objects kept in the index", found.inline_bodies);
    report.count("unfinished uploads", found.uploads);
    report.count("parts of them", found.parts);
    report.count("blobs", found.blobs);
    report.count("segments", found.segments);
    report.count("bytes of segments", found.segment_bytes);
    report.count("bytes live", found.live_bytes);
    report.count("bytes queued for release", found.queued_bytes);
    report.count("bytes without an owner", found.orphan_bytes);
    report.count("bytes of unfinished blobs", found.unfinished_bytes);
    report.count("bytes of unknown content", found.unknown_bytes);
    report.count("bytes free", found.free_bytes);
    report.problems(found.problems);
    if (found.problems_found > found.problems.size())
        report.problem("and " + std::to_string(found.problems_found - found.problems.size()) +
                       " more");
}

/// What a person may want to look at and delete.
Result<void> show_extra_files(FsckVolume& volume) {
    const auto files = local::list_extra_files(volume.vfs(), volume.directory());
    if (!files) return to_failure(files.error());
    for (const auto& file : *files)
        volume.report().note(file.name + ": " + std::to_string(file.bytes) + " bytes, " +
                             file.what);
    return {};
}

Result<void> check(FsckVolume& volume) {
    auto engine = volume.open(FsckVolume::Opening::to_look);
    if (!engine) {
        auto failure = to_failure(engine.error());
        if (engine.error().kind == local::OpenError::Kind::damaged_index)
            failure.message += "; `holdfast fsck --rebuild` makes an index from the segments";
        return failure;
    }
    const auto condition = (*engine)->condition();
    if (condition.cause == Cause::missing_commits || condition.cause == Cause::damaged_index)
        volume.report().problem(condition.reason);
    catalog::Check check((*engine)->upkeep());
    auto checked = volume.run(check.run());
    if (!checked) return to_failure(checked.error());
    show(volume.report(), *checked);
    return show_extra_files(volume);
}

Result<void> run(FsckVolume& volume, const FsckCall& call) {
    if (call.rebuild) return fsck_rebuild(volume);
    if (call.accept_loss) return fsck_accept_loss(volume);
    return check(volume);
}

}  // namespace

Result<void> fsck(const config::Settings& settings, const FsckCall& call) {
    if (settings.storage_engine == "memory")
        return Failure{ExitCode::usage, "storage.engine: memory keeps nothing to check"};
    FsckReport report;
    FsckVolume volume(settings, report);
    if (auto done = run(volume, call); !done) return done;
    const auto text = call.json ? report.json() : report.text();
    if (std::fputs(text.c_str(), stdout) < 0 || std::fflush(stdout) != 0)
        return Failure{ExitCode::failure, "standard output cannot be written"};
    if (report.problem_count() == 0) return {};
    return Failure{ExitCode::failure, std::to_string(report.problem_count()) + " problems in " +
                                          settings.storage_directory};
}

}  // namespace holdfast::server
