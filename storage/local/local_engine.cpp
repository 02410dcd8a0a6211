#include "storage/local/local_engine.h"

#include <algorithm>

#include "base/failpoint.h"
#include "base/log.h"
#include "storage/local/open_error.h"
#include "storage/local/reattach_note.h"
#include "storage/local/volume_layout.h"
#include "storage/local/write_probe.h"

namespace holdfast::storage::local {

namespace {

using base::Expected;
using Cause = EngineCondition::Cause;

constexpr std::chrono::seconds crash_loop_window{60};

BallastOptions ballast_options(const EngineOptions& options, const Volume& volume) {
    const auto bytes = options.read_only ? 0 : options.ballast_bytes;
    return {volume.path(layout::ballast), bytes, options.free_space_reserve_bytes};
}

/// Nothing of it passes by itself, and what the disk holds now is what there is to repair with.
bool needs_an_operator(Cause cause) {
    return cause == Cause::missing_commits || cause == Cause::damaged_index;
}

}  // namespace

LocalEngine::LocalEngine(const EngineOptions& options, Surroundings around,
                         std::unique_ptr<Volume> volume)
    : options_(options),
      around_(around),
      volume_(std::move(volume)),
      ballast_(ballast_options(options, *volume_), around.vfs, around.clock),
      index_(std::make_unique<IndexKeeper>(
          options, IndexKeeper::Parts{around.vfs, around.clock, *volume_, &ballast_,
                                      [this](const std::string& reason, bool out_of_space) {
                                          fault(reason, out_of_space);
                                      }})) {
    Supervisor::Options supervision;
    supervision.first_delay = options_.reopen_delay;
    supervisor_ =
        std::make_unique<Supervisor>(supervision, around_.clock, [this] { return reopen(); });
}

LocalEngine::~LocalEngine() {
    supervisor_->stop();
}

Expected<void, OpenError> LocalEngine::open() {
    if (auto opened = open_index(); !opened) return opened;
    if (auto opened = open_segments(); !opened) return opened;
    rows_ = std::make_unique<RowStore>(index_->access(), condition_, around_.pool,
                                       segments_->works().damage);
    upkeep_ = std::make_unique<LocalUpkeep>(LocalUpkeep::Parts{
        around_.vfs, around_.pool, index_->access(), segments_->works(), volume_->path(""),
        volume_->path(layout::index), [this] { return condition(); },
        [this](const std::string& reason) { fault(reason, false); }});
    opened_ = true;
    if (condition_.get().cause == Cause::fault) supervisor_->fault();
    return {};
}

Expected<void, OpenError> LocalEngine::open_index() {
    if (volume_->is_new()) return index_->create();
    return open_existing_index();
}

/// Before anything is written: SegmentStore::open() comes when the run has begun.
Expected<void, OpenError> LocalEngine::check_segments_are_there() const {
    const auto directory = volume_->path(layout::segments);
    const auto there = around_.vfs.exists(directory);
    if (!there) return to_open_error(there.error());
    if (!*there) return OpenError{OpenError::Kind::damaged, directory + " is missing"};
    return {};
}

Expected<void, OpenError> LocalEngine::open_existing_index() {
    if (auto there = check_segments_are_there(); !there) return there;
    const auto& previous = volume_->previous();
    if (!previous.clean) base::log::info("engine.unclean_stop", {{"incarnation", previous.number}});
    auto found = index_->examine();
    if (!found) return found.error();
    if (auto noted = heed_reattach_note(*found); !noted) return noted;
    auto condition = condition_at_start(*found);
    if (condition.writable()) return index_->open_for_writing(*found);
    if (needs_an_operator(condition.cause) && !options_.read_only) index_->keep_log();
    condition_.stop_writes(std::move(condition));
    return index_->open_for_reading();
}

/// Objects that are still to be put back are a loss, whatever the index has by now.
Expected<void, OpenError> LocalEngine::heed_reattach_note(IndexExamination& found) const {
    const auto pending = read_reattach_note(around_.vfs, options_.directory);
    if (!pending && options_.accept_loss) return to_open_error(pending.error());
    if (!pending) {
        // Reads can be answered all the same.
        found.loss.add("whether objects are to be put back is not known: " +
                       pending.error().message());
        return {};
    }
    if (*pending) {
        found.loss.missing = std::max(found.loss.missing, (*pending)->missing);
        found.loss.add("a `holdfast fsck --rebuild` that put objects back did not get to its end");
        return {};
    }
    const bool begins = options_.reattach && options_.accept_loss && found.loss.any();
    if (!begins) return {};
    const ReattachNote note{found.commit_no, found.loss.missing};
    const auto written = write_reattach_note(around_.vfs, options_.directory, note);
    if (!written) return to_open_error(written.error());
    return {};
}

EngineCondition LocalEngine::condition_of_loss(const CommitLoss& loss) const {
    EngineCondition condition;
    condition.cause = Cause::missing_commits;
    condition.missing_commits = loss.missing;
    condition.reason = "acknowledged commits are missing: " + loss.text +
                       "; see `holdfast fsck --help` for what can be done";
    if (!options_.read_only) condition.wal_aside = index_->aside().directory();
    return condition;
}

EngineCondition LocalEngine::condition_of_damage(const std::string& damage) const {
    EngineCondition condition;
    condition.cause = Cause::damaged_index;
    condition.reason = "a part of the index cannot be read: " + damage +
                       "; see `holdfast fsck --help` for what can be done";
    if (!options_.read_only) condition.wal_aside = index_->aside().directory();
    return condition;
}

EngineCondition LocalEngine::condition_at_start(const IndexExamination& found) const {
    if (!found.damage.empty()) return condition_of_damage(found.damage);
    if (found.loss.any() && (options_.read_only || !options_.accept_loss))
        return condition_of_loss(found.loss);
    EngineCondition condition;
    if (options_.read_only) {
        condition.cause = Cause::chosen;
        condition.reason = "started read-only, as the settings say";
    } else if (options_.unclean_starts_max > 0 &&
               is_crash_loop(volume_->previous(), around_.clock.wall(), options_.unclean_starts_max,
                             crash_loop_window)) {
        condition.cause = Cause::crash_loop;
        condition.gave_up = true;
        condition.reason = "started read-only after " +
                           std::to_string(options_.unclean_starts_max) +
                           " starts within 60 s that each followed a crash";
    }
    return condition;
}

Expected<void, OpenError> LocalEngine::open_segments() {
    SegmentOptions segment_options;
    segment_options.directory = volume_->path(layout::segments);
    segment_options.durability = options_.durability;
    segment_options.segment_bytes = options_.segment_bytes;
    segment_options.extent_bytes_max = options_.extent_bytes_max;
    segment_options.unsynced_bytes_max = options_.unsynced_bytes_max;
    segment_options.small_blob_bytes_max = options_.small_blob_bytes_max;
    segment_options.free_space_reserve_bytes = options_.free_space_reserve_bytes;
    segment_options.files_open_max = options_.segments_open_max;
    segment_options.incarnation = volume_->incarnation();
    segment_options.last_commit = [this] { return index_->last_commit(); };
    segment_options.sync_commits = [this] { return index_->sync_commits(); };
    segment_options.condition = &condition_;
    segment_options.writes_stopped = [this](const std::string& reason) { fault(reason, false); };
    auto segments = SegmentStore::open(segment_options, around_.vfs, around_.clock, around_.pool);
    if (!segments) return std::move(segments).error();
    segments_ = *std::move(segments);
    return {};
}

EngineCondition LocalEngine::condition() const {
    auto condition = condition_.get();
    if (condition.cause != Cause::fault) return condition;
    const auto state = supervisor_->state();
    condition.reopen_attempts = state.attempts;
    condition.gave_up = state.gave_up;
    return condition;
}

/// From the thread that met it, which may be the index' own.
void LocalEngine::fault(const std::string& reason, bool index_out_of_space) {
    EngineCondition condition;
    condition.cause = Cause::fault;
    condition.reason = reason;
    if (!condition_.stop_writes(std::move(condition))) return;
    index_out_of_space_ = index_out_of_space;
    // During the start there is nothing yet to be opened again: open() sees to it.
    if (opened_) supervisor_->fault();
}

/// The whole reserve, as the index shares the disk with others that may fill it. When the index
/// itself found no room the ballast has made some: enough for the deletions that make more.
std::uint64_t LocalEngine::free_bytes_to_reopen() const {
    constexpr auto enough_to_delete = 2 * Ballast::free_bytes_low;
    const auto reserve = options_.free_space_reserve_bytes;
    const bool is_less = reserve != 0 && reserve < enough_to_delete;
    return index_out_of_space_ && !is_less ? enough_to_delete : reserve;
}

std::optional<std::string> LocalEngine::resume() {
    const auto condition = condition_.get();
    if (condition.writable()) return std::nullopt;
    if (condition.cause == Cause::chosen || needs_an_operator(condition.cause))
        return condition.reason;
    return supervisor_->resume();
}

/// One attempt, on the supervisor's thread or that of resume().
std::optional<std::string> LocalEngine::reopen() {
    const auto before = condition_.get();
    if (before.writable()) return std::nullopt;
    if (needs_an_operator(before.cause)) return before.reason;
    if (auto wrong =
            probe_writes(around_.vfs, volume_->path(layout::probe), free_bytes_to_reopen())) {
        index_->settle_in_doubt();
        return wrong;
    }
    auto reopened = index_->reopen();
    if (reopened.loss.any()) condition_.wait_for_operator(condition_of_loss(reopened.loss));
    if (!reopened.damage.empty())
        condition_.wait_for_operator(condition_of_damage(reopened.damage));
    if (!reopened.failure.empty()) return reopened.failure;
    // Before the others: what they look after asks whether it may.
    condition_.take_writes();
    segments_->resume();
    upkeep_->resume();
    return std::nullopt;
}

/// Everything that was written; the number of the last commit. What kept it from doing so.
std::optional<std::string> LocalEngine::make_durable(std::uint64_t& commit_no) {
    const auto blobs = segments_->close();
    const auto last = index_->finish();
    if (!blobs) return blobs.error().message();
    if (!last) return last.error().detail;
    if (HF_FAILPOINT("shutdown.marker") != base::Injected::none) return "injected";
    commit_no = *last;
    return std::nullopt;
}

void LocalEngine::close() {
    supervisor_->stop();
    std::uint64_t commit_no = 0;
    auto failure = make_durable(commit_no);
    if (!failure) {
        if (const auto marked = volume_->mark_clean(commit_no); !marked)
            failure = marked.error().message();
    }
    // Who chose to write nothing has nothing to mark.
    if (failure && condition_.get().cause != Cause::chosen)
        base::log::warning("engine.not_closed_cleanly", {{"reason", *failure}});
}

Engine::Statistics LocalEngine::statistics() const {
    const auto segments = segments_->statistics();
    const auto counts = index_->counts();
    return Statistics{counts.commits, counts.groups, segments.syncs, segments.bytes_live};
}

Expected<std::unique_ptr<Engine>, OpenError> Engine::open(const EngineOptions& options,
                                                          base::Vfs& vfs, const base::Clock& clock,
                                                          base::Random& random,
                                                          base::WorkerPool& pool) {
    const auto access = options.read_only ? Volume::Access::read : Volume::Access::write;
    auto volume = Volume::open(options.directory, vfs, random, access);
    if (!volume) return std::move(volume).error();
    const LocalEngine::Surroundings around{vfs, clock, pool};
    auto engine = std::make_unique<LocalEngine>(options, around, *std::move(volume));
    if (auto opened = engine->open(); !opened) return std::move(opened).error();
    return std::unique_ptr<Engine>(std::move(engine));
}

}  // namespace holdfast::storage::local
