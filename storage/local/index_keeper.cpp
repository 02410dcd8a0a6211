#include "storage/local/index_keeper.h"

#include <fmt/format.h>

#include <algorithm>
#include <new>

#include "base/log.h"
#include "storage/local/open_error.h"
#include "storage/local/volume_layout.h"

namespace holdfast::storage::local {

namespace {

using base::Expected;

/// The mark may be a second older than the last commit that was lost; this is certainly more.
constexpr RowVersion numbers_left_out = RowVersion{1} << 32;

}  // namespace

IndexKeeper::IndexKeeper(const EngineOptions& options, Parts parts)
    : options_(options),
      parts_(std::move(parts)),
      aside_(parts_.vfs, parts_.volume.path(layout::wal_aside), parts_.volume.path(layout::index)) {
}

RowDatabaseOptions IndexKeeper::database_options() const {
    RowDatabaseOptions options{
        parts_.vfs, parts_.volume.path(layout::index), parts_.volume.id(), false, {}};
    options.memory = RowMemory{options_.block_cache_bytes, options_.memtable_bytes};
    options.files_open_max = options_.index_files_open_max;
    options.damaged_log = damaged_log_;
    return options;
}

Expected<void, OpenError> IndexKeeper::create() {
    auto database_options = this->database_options();
    database_options.create = true;
    auto database = RowDatabase::open(database_options);
    if (!database) return std::move(database).error();
    auto high_water = HighWater::create(parts_.vfs, parts_.volume.path(layout::high_water));
    if (!high_water) return std::move(high_water).error();
    high_water_ = *std::move(high_water);
    if (auto created = parts_.volume.finish_creation(); !created) return created;
    if (auto started = start_incarnation(); !started) return started;
    open(*std::move(database));
    return {};
}

Expected<IndexExamination, OpenError> IndexKeeper::examine() {
    const auto mark = HighWater::read(parts_.vfs, parts_.volume.path(layout::high_water));
    if (!mark && mark.error().kind != OpenError::Kind::damaged) return mark.error();
    const auto& previous = parts_.volume.previous();
    auto acked = std::max(acked_.load(), mark ? mark->commit_no : 0);
    if (previous.clean) acked = std::max(acked, previous.commit_no);
    damaged_log_ = {};
    auto found = examine_index(database_options(), acked);
    if (!found) return found;
    damaged_log_ = found->damaged_log;
    // A clean stop has left the number in another place, too.
    if (!mark && !previous.clean) found->loss.add("how many is not known: " + mark.error().message);
    return found;
}

Expected<void, OpenError> IndexKeeper::open_for_reading() {
    auto options = database_options();
    options.access = RowDatabaseOptions::Access::read;
    auto database = RowDatabase::open(options);
    if (!database) return std::move(database).error();
    auto index = std::make_unique<OpenIndex>();
    index->database = *std::move(database);
    access_.open(std::move(index));
    return {};
}

Expected<void, OpenError> IndexKeeper::open_for_writing(const IndexExamination& found) {
    set_log_aside_when_unclean();
    if (auto started = start_incarnation(); !started) return started;
    auto database = RowDatabase::open(database_options());
    if (!database) return std::move(database).error();
    if ((*database)->commit_no() != found.commit_no)
        return OpenError{OpenError::Kind::damaged,
                         fmt::format("the index opened with commit {}, its files held {}",
                                     (*database)->commit_no(), found.commit_no)};
    if (auto opened = open_high_water(); !opened) return opened;
    if (auto given_up = give_up_what_is_missing(found, **database); !given_up) return given_up;
    forget_log();
    open(*std::move(database));
    return {};
}

Expected<void, OpenError> IndexKeeper::start_incarnation() {
    if (incarnation_started_) return {};
    auto started = parts_.volume.start_incarnation(parts_.clock.wall());
    incarnation_started_ = started.has_value();
    return started;
}

Expected<void, OpenError> IndexKeeper::open_high_water() {
    if (high_water_) return {};
    const auto path = parts_.volume.path(layout::high_water);
    auto high_water = HighWater::open(parts_.vfs, path);
    if (!high_water && high_water.error().kind == OpenError::Kind::damaged) {
        base::log::warning("highwater.made_again", {{"reason", high_water.error().message}});
        high_water = HighWater::make_again(parts_.vfs, options_.directory, path);
    }
    if (!high_water) return std::move(high_water).error();
    high_water_ = *std::move(high_water);
    return {};
}

/// REQUIRES: somebody decided so, when anything is missing. No number of a missing commit comes a
/// second time: blobs remember the one before them, and are ordered by it.
Expected<void, OpenError> IndexKeeper::give_up_what_is_missing(const IndexExamination& found,
                                                               RowDatabase& database) {
    if (!found.loss.any()) return {};
    base::log::warning("storage.loss_accepted", {{"missing_commits", found.loss.missing},
                                                 {"commit_no", found.commit_no},
                                                 {"loss", found.loss.text}});
    const auto known = std::max(found.commit_no, high_water_->commit_no());
    return database.skip_commits(known + numbers_left_out);
}

void IndexKeeper::set_log_aside_when_unclean() {
    if (incarnation_started_ || !parts_.volume.previous().clean) keep_log();
}

void IndexKeeper::keep_log() {
    // A start of the same volume that was killed finds its set under the same number.
    const auto number =
        incarnation_started_ ? parts_.volume.incarnation() : parts_.volume.previous().number;
    // What was examined is whole: without the copy there is one safety net less, and no reason to
    // refuse the data.
    if (const auto kept = aside_.keep(number); !kept)
        base::log::warning("index.log_not_set_aside", {{"reason", kept.error().message()}});
}

void IndexKeeper::forget_log() {
    if (const auto dropped = aside_.drop(); !dropped)
        base::log::warning("index.log_left_aside", {{"reason", dropped.error().message()}});
}

void IndexKeeper::open(std::unique_ptr<RowDatabase> database) {
    auto index = std::make_unique<OpenIndex>();
    index->database = std::move(database);
    acked_ = std::max(acked_.load(), index->database->commit_no());
    Committer::Options options;
    options.durability = options_.durability;
    options.queue_max = options_.commit_queue_max;
    options.incarnation = parts_.volume.incarnation();
    options.ballast = parts_.ballast;
    options.failed = parts_.failed;
    options.acked = &acked_;
    index->committer =
        std::make_unique<Committer>(options, *index->database, *high_water_, parts_.clock);
    access_.open(std::move(index));
}

void IndexKeeper::close() {
    const auto index = access_.close();
    if (!index || !index->committer) return;
    index->committer->stop();
    commits_ += index->committer->commits();
    groups_ += index->committer->groups();
}

IndexKeeper::Reopened IndexKeeper::reopen() {
    close();
    Reopened outcome;
    try {
        outcome = examine_and_open();
    } catch (const std::bad_alloc&) {
        outcome = {};
        outcome.failure = "out of memory";
    }
    if (!outcome.failure.empty()) open_for_reading_or_give_up();
    return outcome;
}

IndexKeeper::Reopened IndexKeeper::examine_and_open() {
    Reopened outcome;
    auto found = examine();
    if (!found) {
        outcome.failure = found.error().message;
    } else if (!found->damage.empty()) {
        outcome.failure = found->damage;
        outcome.damage = found->damage;
        keep_log();
    } else if (found->loss.any()) {
        outcome.loss = found->loss;
        outcome.failure = found->loss.text;
        keep_log();
    } else if (auto opened = open_for_writing(*found); !opened) {
        outcome.failure = opened.error().message;
    }
    return outcome;
}

/// Whoever waits for the index hears of it, whatever kept it from opening.
void IndexKeeper::open_for_reading_or_give_up() {
    try {
        const auto opened = open_for_reading();
        if (opened) return;
        base::log::error("index.not_open", {{"reason", opened.error().message}});
    } catch (const std::bad_alloc&) {
        base::log::error("index.not_open", {{"reason", "out of memory"}});
    }
    access_.give_up();
}

void IndexKeeper::settle_in_doubt() {
    {
        const auto use = access_.try_use();
        if (!use || use.committer() == nullptr || !use.committer()->in_doubt().any()) return;
    }
    close();
    open_for_reading_or_give_up();
}

Result<void> IndexKeeper::sync_commits() {
    const auto use = access_.use();
    if (!use || use.committer() == nullptr)
        return StorageError{StorageError::Kind::read_only, "the index takes no writes"};
    const auto status = use.database().db().SyncWAL();
    if (status.ok()) return {};
    if (parts_.failed) parts_.failed(status.ToString(), status.IsNoSpace());
    return to_storage_error(status);
}

Result<RowVersion> IndexKeeper::finish() {
    const auto index = access_.close();
    if (!index || !index->committer)
        return StorageError{StorageError::Kind::read_only, "it was open for reading only"};
    auto last = index->committer->finish();
    commits_ += index->committer->commits();
    groups_ += index->committer->groups();
    return last;
}

IndexKeeper::Counts IndexKeeper::counts() {
    Counts counts{commits_, groups_};
    const auto use = access_.try_use();
    if (!use || use.committer() == nullptr) return counts;
    counts.commits += use.committer()->commits();
    counts.groups += use.committer()->groups();
    return counts;
}

}  // namespace holdfast::storage::local
