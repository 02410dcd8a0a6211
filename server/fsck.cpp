#include "server/fsck.h"

#include <algorithm>
#include <cstdio>

#include "base/clock.h"
#include "base/log.h"
#include "base/random.h"
#include "base/worker_pool.h"
#include "server/credentials_file.h"
#include "server/fsck_report.h"
#include "server/keyring_choice.h"
#include "server/memory_split.h"
#include "server/options.h"
#include "server/process_memory.h"
#include "server/run_to_end.h"
#include "storage/catalog/check.h"
#include "storage/catalog/reattach.h"
#include "storage/catalog/rebuild.h"
#include "storage/local/engine.h"
#include "storage/local/index_rebuild.h"
#include "storage/local/wal_kept.h"

namespace holdfast::server {

namespace {

namespace catalog = storage::catalog;
namespace local = storage::local;
using Cause = storage::EngineCondition::Cause;

constexpr std::size_t reading_threads = 2;

Failure to_failure(const local::OpenError& error) {
    const bool in_use = error.kind == local::OpenError::Kind::in_use;
    return {in_use ? ExitCode::data_in_use : ExitCode::data_unusable,
            "storage.directory: " + error.message};
}

Failure to_failure(const storage::StorageError& error) {
    return {ExitCode::data_unusable, "storage.directory: " + error.detail};
}

/// One run of the command over one data directory.
class Fsck {
public:
    Fsck(const config::Settings& settings, const FsckCall& call)
        : settings_(settings), call_(call) {}

    Result<void> run() {
        auto done = call_.rebuild ? rebuild() : call_.accept_loss ? accept_loss() : check();
        if (!done) return done;
        const auto text = call_.json ? report_.json() : report_.text();
        if (std::fputs(text.c_str(), stdout) < 0 || std::fflush(stdout) != 0)
            return Failure{ExitCode::failure, "standard output cannot be written"};
        if (report_.problem_count() == 0) return {};
        return Failure{ExitCode::failure, std::to_string(report_.problem_count()) +
                                              " problems in " + settings_.storage_directory};
    }

private:
    enum class Writing { no, as_a_start, accepting_loss };

    base::Expected<std::unique_ptr<local::Engine>, local::OpenError> open(Writing writing) {
        const auto memory = split_memory(settings_, usable_memory_bytes(*vfs_));
        auto options = engine_options(settings_, memory);
        options.read_only = writing == Writing::no;
        options.accept_loss = writing == Writing::accepting_loss;
        options.unclean_starts_max = 0;
        return local::Engine::open(options, *vfs_, clock_, random_, pool_);
    }

    Result<void> check() {
        auto engine = open(Writing::no);
        if (!engine) {
            auto failure = to_failure(engine.error());
            if (engine.error().kind == local::OpenError::Kind::damaged)
                failure.message += "; `holdfast fsck --rebuild` makes an index from the segments";
            return failure;
        }
        const auto condition = (*engine)->condition();
        if (condition.cause == Cause::missing_commits) report_.problem(condition.reason);
        catalog::Check check((*engine)->upkeep());
        auto checked = run_to_end(loop_, check.run());
        if (!checked) return to_failure(checked.error());
        show(*checked);
        return {};
    }

    void show(const catalog::CheckReport& found) {
        report_.count("rows", found.rows);
        report_.count("buckets", found.buckets);
        report_.count("objects", found.objects);
        report_.count("objects kept in the index", found.inline_bodies);
        report_.count("unfinished uploads", found.uploads);
        report_.count("parts of them", found.parts);
        report_.count("blobs", found.blobs);
        report_.count("segments", found.segments);
        report_.count("bytes of segments", found.segment_bytes);
        report_.count("bytes live", found.live_bytes);
        report_.count("bytes queued for release", found.queued_bytes);
        report_.count("bytes without an owner", found.orphan_bytes);
        report_.count("bytes of unfinished blobs", found.unfinished_bytes);
        report_.count("bytes of unknown content", found.unknown_bytes);
        report_.count("bytes free", found.free_bytes);
        report_.problems(found.problems);
        if (found.problems_found > found.problems.size())
            report_.problem("and " + std::to_string(found.problems_found - found.problems.size()) +
                            " more");
    }

    Result<void> rebuild() {
        auto engine = open(Writing::no);
        if (!engine) {
            // Any other error may pass; the index it hides would be moved aside for nothing.
            if (engine.error().kind == local::OpenError::Kind::damaged) return rebuild_index();
            return to_failure(engine.error());
        }
        const auto condition = (*engine)->condition();
        engine->reset();
        if (condition.cause == Cause::missing_commits) return reattach();
        report_.note("the index opens and misses no acknowledged commit: nothing was changed");
        return {};
    }

    Result<catalog::RebuildOptions> bucket_options() {
        auto root = open_root_account(*vfs_, settings_.storage_directory, random_);
        if (!root) return std::move(root).error();
        catalog::RebuildOptions options;
        options.owner = root->canonical_id;
        options.owner_account = root->account_id;
        options.region = settings_.server_region;
        options.now = clock_.wall();
        return options;
    }

    /// All of them, the latest first.
    Result<std::vector<local::StoredBlob>> find_blobs(const std::string& directory) {
        auto found = local::find_blobs(*vfs_, directory);
        if (!found) return to_failure(found.error());
        std::sort(found->blobs.begin(), found->blobs.end(),
                  [](const auto& a, const auto& b) { return a.is_later_than(b); });
        report_.count("segments read", found->segments);
        report_.count("bytes of segments", found->bytes);
        report_.count("whole blobs in them", found->blobs.size());
        report_.problems(found->problems);
        return std::move(found->blobs);
    }

    Result<void> rebuild_index() {
        auto rebuilt = local::IndexRebuild::begin(settings_.storage_directory, *vfs_, random_);
        if (!rebuilt) return to_failure(rebuilt.error());
        auto& index = **rebuilt;
        const auto directory = index.segments_directory();
        auto stored = find_blobs(directory);
        if (!stored) return std::move(stored).error();
        auto options = bucket_options();
        if (!options) return std::move(options).error();
        options->read = [&](const storage::BlobRef& ref) {
            return local::read_small_blob(*vfs_, directory, ref);
        };
        options->put = [&](const storage::Partition& partition, const storage::RowKey& key,
                           const std::string& value) { return index.put(partition, key, value); };
        std::vector<catalog::BlobInSegments> blobs;
        for (auto& blob : *stored) {
            index.number_commits_after(blob.identity.last_commit);
            blobs.push_back({std::move(blob.ref), blob.kind, std::move(blob.identity)});
        }
        auto rows = catalog::rebuild_rows(blobs, *options);
        if (!rows) return to_failure(rows.error());
        auto kept = index.finish();
        if (!kept) return to_failure(kept.error());
        show(*rows);
        if (!kept->empty()) report_.note("the damaged index is kept in " + *kept);
        report_.note(
            "objects up to storage.inline_bytes_max and unfinished uploads were in the "
            "index only: they are not restored");
        return {};
    }

    void show(const catalog::RebuildReport& rows) {
        report_.count("buckets restored", rows.buckets);
        report_.count("objects restored", rows.objects);
        report_.count("multipart ones of them", rows.multipart_objects);
        report_.count("older versions, to be released", rows.replaced);
        report_.count("parts without an object", rows.unused_parts);
        report_.problems(rows.problems);
    }

    /// The log that was set aside stays for good, whatever a start does with its own copies.
    Result<std::unique_ptr<local::Engine>> open_accepting_loss() {
        {
            auto looked = open(Writing::as_a_start);
            if (!looked) return to_failure(looked.error());
            if ((*looked)->condition().cause != Cause::missing_commits)
                return Failure{ExitCode::failure, "no acknowledged commit is missing"};
        }
        auto kept = local::keep_log_aside(*vfs_, settings_.storage_directory);
        if (!kept) return Failure{ExitCode::data_unusable, kept.error().message()};
        if (!kept->empty()) report_.note("the index' log is kept in " + *kept);
        auto engine = open(Writing::accepting_loss);
        if (!engine) return to_failure(engine.error());
        return *std::move(engine);
    }

    Result<void> accept_loss() {
        auto looked = open(Writing::no);
        if (!looked) return to_failure(looked.error());
        const auto condition = (*looked)->condition();
        looked->reset();
        if (condition.cause != Cause::missing_commits) {
            report_.note("no acknowledged commit is missing: nothing was changed");
            return {};
        }
        auto engine = open_accepting_loss();
        if (!engine) return std::move(engine).error();
        (*engine)->close();
        report_.count("commits given up", condition.missing_commits);
        report_.note("the next start takes writes");
        return {};
    }

    Result<void> reattach() {
        auto stored = find_blobs(settings_.storage_directory + "/segments");
        if (!stored) return std::move(stored).error();
        std::vector<catalog::BlobInSegments> blobs;
        const auto run = stored->empty() ? 0 : stored->front().run;
        for (auto& blob : *stored)
            if (blob.run == run)
                blobs.push_back({std::move(blob.ref), blob.kind, std::move(blob.identity)});
        auto options = bucket_options();
        if (!options) return std::move(options).error();
        // What can fail without the engine comes before it: opening accepts the loss.
        auto keyring = make_transient_keyring(settings_, random_);
        if (!keyring) return std::move(keyring).error();
        auto opened = open_accepting_loss();
        if (!opened) return std::move(opened).error();
        auto& engine = **opened;
        catalog::GarbageList garbage;
        catalog::Store store{engine.metadata(),
                             engine.blobs(),
                             **keyring,
                             clock_,
                             random_,
                             garbage,
                             settings_.storage_inline_bytes_max};
        catalog::ReattachOptions how;
        how.buckets = *options;
        how.commit_no = engine.last_commit();
        how.read = [&](const storage::BlobRef& ref) {
            return local::read_small_blob(*vfs_, settings_.storage_directory + "/segments", ref);
        };
        auto done = run_to_end(loop_, catalog::reattach(store, engine.upkeep(), blobs, how));
        if (!done) return to_failure(done.error());
        engine.close();
        report_.count("buckets made again", done->buckets);
        report_.count("objects put back", done->objects);
        report_.count("parts without a row", done->parts_left);
        report_.problems(done->problems);
        report_.note("what else the missing commits did is given up; the next start takes writes");
        return {};
    }

    const config::Settings& settings_;
    const FsckCall& call_;
    FsckReport report_;
    base::SystemClock clock_;
    base::SystemRandom random_;
    std::unique_ptr<base::Vfs> vfs_ = base::make_posix_vfs();
    base::asio::io_context loop_{1};
    base::WorkerPool pool_{reading_threads};
};

}  // namespace

Result<void> fsck(const config::Settings& settings, const FsckCall& call) {
    if (settings.storage_engine == "memory")
        return Failure{ExitCode::usage, "storage.engine: memory keeps nothing to check"};
    return Fsck(settings, call).run();
}

}  // namespace holdfast::server
