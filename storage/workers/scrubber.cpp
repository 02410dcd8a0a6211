#include "storage/workers/scrubber.h"

#include <exception>

#include "base/log.h"
#include "base/metrics.h"

namespace holdfast::storage::workers {

namespace {

using std::chrono::milliseconds;

/// Short, so that no snapshot holds back the index' own cleaning for long.
constexpr std::uint32_t rows_per_snapshot = 64;
/// How long the server has been running is kept so often: the next pass is due by that.
constexpr std::chrono::hours age_save_interval{1};

prometheus::Counter& bytes_counted() {
    static auto& counter =
        base::metrics::counter("holdfast_scrub_bytes_total", "Bytes read again by the scrub.");
    return counter;
}

prometheus::Counter& passes_counted() {
    static auto& counter =
        base::metrics::counter("holdfast_scrub_passes_total", "Whole passes of the scrub.");
    return counter;
}

}  // namespace

Scrubber::Scrubber(base::IoExecutor executor, catalog::Store& store, catalog::Buckets& buckets,
                   Upkeep& upkeep, Options options)
    : store_(store),
      buckets_(buckets),
      upkeep_(upkeep),
      options_(options),
      loop_(executor, "scrub"),
      throttle_(executor, options.bytes_per_second) {}

void Scrubber::request() {
    loop_.wake([this] { requested_ = true; });
}

ScrubReport Scrubber::report() const {
    const std::lock_guard lock(mutex_);
    return report_;
}

void Scrubber::publish(bool running, const std::string& failure) {
    const std::lock_guard lock(mutex_);
    report_.running = running;
    report_.failure = failure;
    report_.passes = state_.passes;
    report_.blobs = state_.blobs;
    report_.bytes = state_.bytes;
    report_.ended = state_.ended;
    report_.at = state_.file_cursor;
    if (!report_.at.empty()) return;
    report_.at = state_.cursor.partition;
    if (!state_.cursor.key.empty()) report_.at.append(" ").append(object_key_in(state_.cursor.key));
}

base::Awaitable<void> Scrubber::run() {
    const auto settled_at = store_.clock.steady() + options_.first_delay;
    return loop_.run([this, settled_at] { return take_turn(settled_at); },
                     [this] { return recheck(); }, [this] { return save_state(); });
}

/// A pass when one is due, or a wait and what is to be done now and then.
base::Awaitable<void> Scrubber::take_turn(base::SteadyTime settled_at) {
    const auto now = store_.clock.steady();
    const bool due = options_.interval.count() > 0 && now - began_ >= options_.interval;
    if (requested_ || (now >= settled_at && (state_.under_way || due))) {
        requested_ = false;
        co_await run_once();
        requested_ = false;  // whoever asked meanwhile has had one
        // After a failure not at once again.
        if (loop_.stopping() || report().failure.empty()) co_return;
    }
    co_await loop_.pause(options_.save_interval);
    if (loop_.stopping()) co_return;
    co_await name_damage();
    const bool old = store_.clock.steady() - saved_ >= age_save_interval;
    if (old || upkeep_.damage().changes() != saved_changes_) co_await save_state();
}

base::Awaitable<void> Scrubber::save_state() {
    if (loaded_) static_cast<void>(co_await save());
}

/// Within a pass.
base::Awaitable<void> Scrubber::save_now_and_then() {
    if (store_.clock.steady() - saved_ < options_.save_interval) co_return;
    publish(true, {});
    static_cast<void>(co_await save());
}

void Scrubber::note_read(std::uint64_t bytes) {
    state_.bytes += bytes;
    bytes_counted().Increment(static_cast<double>(bytes));
}

base::Awaitable<void> Scrubber::stop() {
    throttle_.stop();
    return loop_.stop();
}

base::Awaitable<void> Scrubber::run_once() {
    publish(true, {});
    std::string failure;
    try {
        auto done = co_await pass();
        if (!done) failure = done.error().detail;
    } catch (const std::exception& error) {
        failure = error.what();
    }
    if (!failure.empty() && !loop_.stopping()) {
        loop_.note_failure();
        base::log::warning("scrub.pass_failed", {{"reason", failure}});
    }
    publish(false, failure);
}

Async<void> Scrubber::load() {
    if (loaded_) co_return Result<void>{};
    began_ = store_.clock.steady();  // without a state the first pass is due after an interval
    auto content = co_await upkeep_.read_note(ScrubState::file);
    if (!content) co_return std::move(content).error();
    loaded_ = true;
    if (!content->empty()) {
        auto parsed = ScrubState::parse(*content);
        if (parsed)
            state_ = *std::move(parsed);
        else
            base::log::warning("scrub.state_damaged", {{"file", ScrubState::file}});
    }
    began_ -= state_.age;
    for (auto& damage : state_.damaged) upkeep_.damage().note(std::move(damage));
    state_.damaged.clear();
    saved_changes_ = upkeep_.damage().changes();
    saved_ = store_.clock.steady();
    publish(false, {});
    co_return Result<void>{};
}

Async<void> Scrubber::save() {
    saved_ = store_.clock.steady();
    saved_changes_ = upkeep_.damage().changes();
    if (upkeep_.condition().cause == EngineCondition::Cause::chosen) co_return Result<void>{};
    auto copy = state_;
    copy.age = std::chrono::duration_cast<milliseconds>(saved_ - began_);
    copy.damaged = upkeep_.damage().all();
    auto saved = co_await upkeep_.write_note(ScrubState::file, copy.encode());
    if (!saved) base::log::warning("scrub.state_not_saved", {{"reason", saved.error().detail}});
    co_return saved;
}

Async<void> Scrubber::pass() {
    auto loaded = co_await load();
    if (!loaded) co_return loaded;
    if (!state_.under_way) {
        state_.under_way = true;
        state_.cursor = {};
        state_.file_cursor = {};
        state_.blobs = 0;
        state_.bytes = 0;
        began_ = store_.clock.steady();
    }
    unread_.clear();
    auto rows = co_await look_at_rows();
    if (!rows) co_return rows;
    auto rechecked = co_await recheck_rows();
    if (!rechecked) co_return rechecked;
    co_await name_damage();
    auto files = co_await look_at_files();
    if (!files) co_return files;
    state_.under_way = false;
    state_.cursor = {};
    state_.file_cursor = {};
    state_.ended = store_.clock.wall();
    ++state_.passes;
    passes_counted().Increment();
    const auto damaged = static_cast<std::uint64_t>(upkeep_.damage().size());
    base::log::info("scrub.done",
                    {{"blobs", state_.blobs}, {"bytes", state_.bytes}, {"damaged", damaged}});
    auto saved = co_await save();
    if (!saved || unread_.empty()) co_return saved;
    co_return StorageError{StorageError::Kind::corrupt, unread_};
}

Async<void> Scrubber::look_at_rows() {
    for (;;) {
        auto snapshot = co_await upkeep_.snapshot(state_.cursor);
        if (!snapshot) co_return std::move(snapshot).error();
        auto entries = co_await next_rows(**snapshot);
        if (!entries) co_return std::move(entries).error();
        if (entries->empty()) co_return Result<void>{};
        for (const auto& entry : *entries) {
            if (loop_.stopping()) co_return stopping_error();
            auto looked = co_await look_at_row(**snapshot, entry);
            if (!looked) co_return looked;
            state_.cursor = {entry.partition, entry.row.key};
            co_await save_now_and_then();
        }
    }
}

/// Those that can be read, behind the cursor; what lies in between is listed.
Async<std::vector<RowSnapshot::Entry>> Scrubber::next_rows(RowSnapshot& snapshot) {
    auto entries = co_await snapshot.next(rows_per_snapshot);
    if (entries || !is_damage(entries.error())) co_return entries;
    Damage damage;
    damage.kind = Damage::Kind::rows;
    damage.partition = state_.cursor.partition;
    damage.row_key = state_.cursor.key;
    damage.what = "rows behind this one cannot be read: " + entries.error().detail;
    if (unread_.empty()) unread_ = damage.what;
    auto noted = co_await note_rows(std::move(damage));
    if (!noted) co_return std::move(noted).error();
    auto skipped = co_await snapshot.skip_unreadable();
    if (!skipped && is_damage(skipped.error())) co_return std::vector<RowSnapshot::Entry>();
    if (!skipped) co_return std::move(skipped).error();
    co_return co_await snapshot.next(rows_per_snapshot);
}

/// A record that does not parse, or a manifest that cannot be read, is damage of the index.
Async<void> Scrubber::look_at_row(RowSnapshot& snapshot, const RowSnapshot::Entry& entry) {
    auto owners = co_await owners_of(snapshot, entry);
    if (!owners && !is_damage(owners.error())) co_return std::move(owners).error();
    if (!owners) {
        Damage damage;
        damage.kind = Damage::Kind::row;
        damage.partition = entry.partition;
        damage.row_key = entry.row.key;
        damage.what = owners.error().detail;
        co_return co_await note_rows(std::move(damage));
    }
    for (const auto& owner : *owners) {
        if (owner.kind == BlobOwner::Kind::garbage) continue;
        auto looked = co_await look_at_blob(entry, owner);
        if (!looked) co_return looked;
    }
    co_return Result<void>{};
}

Async<void> Scrubber::note_rows(Damage damage) {
    auto bucket = co_await bucket_of(damage.partition);
    if (!bucket && !is_damage(bucket.error())) co_return std::move(bucket).error();
    if (bucket) damage.bucket = *std::move(bucket);
    base::log::error("scrub.damaged", {{"bucket", damage.bucket},
                                       {"partition", damage.partition},
                                       {"row", damage.row_key},
                                       {"detail", damage.what}});
    upkeep_.damage().note(std::move(damage));
    co_return Result<void>{};
}

Async<void> Scrubber::look_at_blob(const RowSnapshot::Entry& entry, const BlobOwner& owner) {
    auto wrong = co_await examine(entry, owner);
    if (!wrong) co_return std::move(wrong).error();
    ++state_.blobs;
    if (wrong->empty()) {
        upkeep_.damage().forget(owner.blob.id);
        co_return Result<void>{};
    }
    Damage damage;
    damage.blob = owner.blob;
    damage.partition = entry.partition;
    damage.row_key = entry.row.key;
    damage.part = owner.part;
    damage.what = *wrong;
    auto bucket = co_await bucket_of(entry.partition);
    if (!bucket && !is_damage(bucket.error())) co_return std::move(bucket).error();
    if (bucket) damage.bucket = *std::move(bucket);
    base::log::error("scrub.damaged", {{"bucket", damage.bucket},
                                       {"key", owner.key},
                                       {"part", static_cast<std::uint64_t>(owner.part)},
                                       {"blob", base::to_hex(owner.blob.id)},
                                       {"detail", damage.what}});
    upkeep_.damage().note(std::move(damage));
    co_return Result<void>{};
}

Async<std::string> Scrubber::examine(const RowSnapshot::Entry& entry, const BlobOwner& owner) {
    // Keeps the blob; whether it was still there to be kept is asked after that.
    auto reader = co_await store_.blobs.open(owner.blob);
    if (!reader && reader.error().kind != StorageError::Kind::corrupt)
        co_return std::move(reader).error();
    if (!reader) co_return reader.error().detail;
    auto unchanged = co_await is_unchanged(entry);
    if (!unchanged) co_return std::move(unchanged).error();
    if (!*unchanged) co_return std::string();
    for (std::size_t extent = 0; extent < owner.blob.extents.size(); ++extent) {
        if (loop_.stopping()) co_return stopping_error();
        auto check = co_await upkeep_.check(owner.blob, extent);
        if (!check) co_return std::move(check).error();
        note_read(check->bytes_read);
        if (!check->damage.empty()) co_return check->damage;
        if (check->identity && (check->identity->partition != entry.partition ||
                                object_key_in(check->identity->row_key) != owner.key))
            co_return std::string("its identity names another object");
        co_await throttle_.spend(check->bytes_read);
    }
    co_return std::string();
}

Async<bool> Scrubber::is_unchanged(const RowSnapshot::Entry& entry) {
    std::vector<RowKey> keys;
    keys.push_back({RowFamily::index, entry.row.key});
    auto rows = co_await store_.metadata.get(entry.partition, std::move(keys));
    if (!rows) co_return std::move(rows).error();
    co_return rows->front() && rows->front()->version == entry.row.version;
}

}  // namespace holdfast::storage::workers
