#include "storage/workers/orphan_collector.h"

#include <algorithm>
#include <exception>

#include "base/failpoint.h"
#include "base/log.h"
#include "base/metrics.h"

namespace holdfast::storage::workers {

namespace {

using std::chrono::milliseconds;

/// The safety stop (2.7.3): the larger of these many, and one blob in so many.
constexpr std::uint64_t stop_candidates = 1000;
constexpr std::uint64_t stop_blobs_per_candidate = 1000;

prometheus::Counter& passes_counted() {
    static auto& counter =
        base::metrics::counter("holdfast_gc_passes_total", "Whole passes over the segments.");
    return counter;
}

prometheus::Counter& released_bytes_counted() {
    static auto& counter = base::metrics::counter("holdfast_gc_released_bytes_total",
                                                  "Bytes without an owner that were given back.");
    return counter;
}

prometheus::Gauge& quarantined_bytes_gauge() {
    static auto& gauge = base::metrics::gauge("holdfast_gc_quarantined_bytes",
                                              "Bytes without an owner, kept for a while.");
    return gauge;
}

prometheus::Gauge& inline_garbage_bytes_gauge() {
    static auto& gauge = base::metrics::gauge(
        "holdfast_gc_inline_garbage_bytes",
        "Of bodies that are gone, in files of the index, as the last pass left it.");
    return gauge;
}

prometheus::Gauge& safety_stop_gauge() {
    static auto& gauge = base::metrics::gauge(
        "holdfast_gc_safety_stop",
        "Extents without an owner that wait for consent; above 0: look at gc report.");
    return gauge;
}

const char* meaning_of_stop(bool too_many) {
    return too_many ? "so much without an owner looks like a damaged index; see `holdfast admin gc "
                      "report`"
                    : "more is without an owner than a pass can list; see `holdfast admin gc "
                      "report`, then `holdfast admin gc run --confirm`";
}

milliseconds age_of(const Leftover& leftover, base::SteadyTime now) {
    return std::chrono::duration_cast<milliseconds>(now - leftover.first_seen);
}

}  // namespace

OrphanCollector::OrphanCollector(base::IoExecutor executor, catalog::Store& store, Upkeep& upkeep,
                                 Options options)
    : store_(store),
      upkeep_(upkeep),
      options_(options),
      loop_(executor, "collector"),
      throttle_(executor, options.bytes_per_second),
      compactor_(store, upkeep, throttle_, loop_.stopping()),
      bodies_(upkeep, throttle_, loop_.stopping(), options.bodies) {}

void OrphanCollector::request(bool consent) {
    loop_.wake([this, consent] { requested_ = consent || requested_.value_or(false); });
}

CollectorReport OrphanCollector::report() const {
    const std::lock_guard lock(mutex_);
    return report_;
}

void OrphanCollector::set_running(bool running, const std::string& failure) {
    const std::lock_guard lock(mutex_);
    report_.running = running;
    report_.failure = failure;
}

base::Awaitable<void> OrphanCollector::run() {
    if (options_.interval.count() > 0)
        next_pass_ = store_.clock.steady() + std::min(options_.first_delay, options_.interval);
    return loop_.run([this] { return take_turn(); });
}

/// A pass when one is due, or a wait.
base::Awaitable<void> OrphanCollector::take_turn() {
    const auto now = store_.clock.steady();
    if (requested_ || (next_pass_ && now >= *next_pass_)) {
        if (options_.interval.count() > 0) next_pass_ = now + options_.interval;
        const bool consent = std::exchange(requested_, std::nullopt).value_or(false);
        co_await run_once(consent);
        co_return;
    }
    co_await wait();
    if (loaded_ && !quarantine_.all().empty()) static_cast<void>(co_await save());
}

/// Until something is due. A request cuts it short.
base::Awaitable<void> OrphanCollector::wait() {
    auto until = store_.clock.steady() + options_.save_interval;
    if (next_pass_) until = std::min(until, *next_pass_);
    return loop_.pause(until - store_.clock.steady());
}

base::Awaitable<void> OrphanCollector::stop() {
    throttle_.stop();
    upkeep_.stop_merging();
    return loop_.stop();
}

base::Awaitable<void> OrphanCollector::run_once(bool consent) {
    set_running(true, {});
    std::string failure;
    try {
        auto done = co_await pass(consent);
        if (!done) failure = done.error().detail;
    } catch (const std::exception& error) {
        failure = error.what();
    }
    if (!failure.empty() && !loop_.stopping()) {
        loop_.note_failure();
        base::log::warning("gc.pass_failed", {{"reason", failure}});
    }
    set_running(false, failure);
}

Async<void> OrphanCollector::load() {
    if (loaded_) co_return Result<void>{};
    auto content = co_await upkeep_.read_note(Quarantine::file);
    if (!content) co_return std::move(content).error();
    loaded_ = true;
    if (content->empty()) co_return Result<void>{};
    auto parsed = Quarantine::parse(*content, store_.clock.steady());
    if (parsed)
        quarantine_ = *std::move(parsed);
    else  // what it named is found again, and kept for the whole time again
        base::log::warning("gc.quarantine_damaged", {{"file", Quarantine::file}});
    co_return Result<void>{};
}

Async<void> OrphanCollector::save() {
    if (upkeep_.condition().cause == EngineCondition::Cause::chosen) co_return Result<void>{};
    auto content = quarantine_.encode(store_.clock.steady());
    quarantined_bytes_gauge().Set(static_cast<double>(quarantine_.bytes()));
    auto saved = co_await upkeep_.write_note(Quarantine::file, std::move(content));
    if (!saved) base::log::warning("gc.quarantine_not_saved", {{"reason", saved.error().detail}});
    co_return saved;
}

/// Why nothing is given back at present; empty when it may be.
std::string OrphanCollector::blocked_because() const {
    const auto condition = upkeep_.condition();
    if (!condition.writable()) return condition.reason;
    if (upkeep_.index_failures() == 0) return {};
    return "the index failed since the start, so it may have lost rows: see the log, scrub, "
           "restart";
}

Async<void> OrphanCollector::pass(bool consent) {
    auto loaded = co_await load();
    if (!loaded) co_return loaded;
    current_ = CollectorReport();
    released_.clear();
    std::array<std::uint8_t, 8> salt{};
    store_.random.fill(salt);
    CollectorPass::Context context{upkeep_,
                                   throttle_,
                                   loop_.stopping(),
                                   base::load_le64(salt),
                                   options_.candidates_max,
                                   options_.filter_bytes_max};
    CollectorPass pass(context);
    auto looked = co_await pass.run();
    if (!looked) co_return looked;

    const auto fresh = newly_left_over(pass);
    current_.blocked = blocked_because();
    const bool stops = stops_at(pass, fresh.size(), consent);
    if (current_.blocked.empty() && !stops) {
        for (const auto& leftover : fresh) quarantine_.add(leftover);
        static_cast<void>(HF_FAILPOINT("gc.trash.move"));
        auto saved = co_await save();
        if (!saved) co_return saved;
        auto given = co_await give_back(pass);
        if (!given) co_return given;
        current_.blocked = blocked_because();
        if (current_.blocked.empty()) {
            auto dropped = co_await drop_empty_segments(pass);
            if (!dropped) co_return dropped;
        }
    }
    // What is gone of those is known from the rows themselves: it needs nobody's consent.
    Result<void> collected;
    if (upkeep_.condition().writable()) collected = co_await collect_bodies();
    auto published = co_await publish(pass);
    if (!collected) co_return collected;
    co_return published;
}

/// What goes into quarantine, and what of it is there is still without an owner.
std::vector<Leftover> OrphanCollector::newly_left_over(const CollectorPass& pass) {
    const auto now = store_.clock.steady();
    std::vector<Leftover> fresh;
    std::map<Location, Young> young;
    for (const auto& [place, found] : pass.unowned) {
        if (quarantine_.find(place, found.leftover.blob) != nullptr) continue;
        auto leftover = found.leftover;
        leftover.first_seen = now;
        if (!found.earlier) {
            const auto known = young_.find(place);
            const bool same = known != young_.end() && known->second.blob == leftover.blob;
            const auto since = same ? known->second.first_seen : now;
            young.emplace(place, Young{leftover.blob, since});
            if (now - since < options_.young_age) continue;
        }
        fresh.push_back(leftover);
    }
    young_ = std::move(young);
    std::vector<Location> gone;
    for (const auto& [place, leftover] : quarantine_.all()) {
        const auto found = pass.unowned.find(place);
        if (!pass.capped &&
            (found == pass.unowned.end() || found->second.leftover.blob != leftover.blob))
            gone.push_back(place);
    }
    for (const auto& place : gone) quarantine_.remove(place);
    return fresh;
}

bool OrphanCollector::stops_at(const CollectorPass& pass, std::size_t count, bool consent) {
    const auto limit = std::max(stop_candidates, pass.blobs / stop_blobs_per_candidate);
    const bool stops = !consent && (count > limit || pass.capped);
    safety_stop_gauge().Set(stops ? static_cast<double>(count) : 0);
    if (!stops) return false;
    current_.stopped_at = count;
    current_.stop_limit = limit;
    base::log::error("gc.safety_stop", {{"extents", static_cast<std::uint64_t>(count)},
                                        {"limit", limit},
                                        {"meaning", meaning_of_stop(count > limit)}});
    return true;
}

Async<void> OrphanCollector::give_back(const CollectorPass& pass) {
    const auto due = quarantine_.older_than(options_.quarantine, store_.clock.steady());
    for (const auto& leftover : due) {
        const Location place(leftover.extent.segment, leftover.extent.offset);
        if (pass.unowned.count(place) == 0) continue;  // not looked at by this pass
        current_.blocked = blocked_because();
        if (loop_.stopping() || !current_.blocked.empty()) break;
        BlobRef ref;
        ref.id = leftover.blob;
        ref.extents.push_back(leftover.extent);
        auto released = co_await store_.blobs.release(ref);
        if (!released) {
            if (released.error().kind != StorageError::Kind::held)
                base::log::warning("gc.not_given_back", {{"reason", released.error().detail}});
            continue;
        }
        quarantine_.remove(place);
        released_.insert(place);
        ++current_.released;
        current_.released_bytes += leftover.bytes;
        released_bytes_counted().Increment(static_cast<double>(leftover.bytes));
    }
    if (current_.released > 0)
        base::log::info("gc.given_back",
                        {{"extents", current_.released}, {"bytes", current_.released_bytes}});
    co_return co_await save();
}

/// Where holes cannot be punched: whole segments, once nothing is in them, and blobs are moved out
/// of those that are nearly empty.
Async<void> OrphanCollector::drop_empty_segments(const CollectorPass& pass) {
    if (upkeep_.punches_holes()) co_return Result<void>{};
    const auto now = store_.clock.steady();
    std::map<std::uint64_t, base::SteadyTime> empty_since;
    std::set<std::uint64_t> sparse;
    for (const auto& [number, segment] : pass.segments) {
        if (segment.info.open) continue;
        const auto& use = segment.use;
        const auto first = pass.unowned.lower_bound(Location(number, 0));
        const bool has_unowned = first != pass.unowned.end() && first->first.first == number;
        const bool empty = !segment.referred_to && !has_unowned && use.in_flight_bytes == 0 &&
                           use.orphan_bytes == 0;
        if (!empty) {
            // Moving blobs out of one that is held would free nothing.
            if (use.live_bytes * 2 < segment.info.size_bytes && !segment.info.held)
                sparse.insert(number);
            continue;
        }
        const auto known = empty_since_.find(number);
        const auto since = known == empty_since_.end() ? now : known->second;
        if (!segment.info.earlier && now - since < options_.young_age) {
            empty_since.emplace(number, since);
            continue;
        }
        auto dropped = co_await upkeep_.drop(number);
        if (!dropped) co_return dropped;
    }
    empty_since_ = std::move(empty_since);
    if (sparse.empty()) co_return Result<void>{};
    auto moved = co_await compactor_.empty(sparse);
    if (!moved) co_return std::move(moved).error();
    current_.moved = *moved;
    co_return Result<void>{};
}

Async<void> OrphanCollector::collect_bodies() {
    auto left = co_await bodies_.run();
    if (!left) co_return std::move(left).error();
    current_.inline_bytes = left->bytes;
    current_.inline_garbage_bytes = left->garbage_bytes;
    inline_garbage_bytes_gauge().Set(static_cast<double>(left->garbage_bytes));
    if (left->failure) co_return *std::move(left->failure);
    co_return Result<void>{};
}

Async<void> OrphanCollector::publish(CollectorPass& pass) {
    for (const auto& [place, found] : pass.unowned) {
        auto& use = pass.segments[place.first].use;
        if (quarantine_.find(place, found.leftover.blob) != nullptr) {
            use.quarantined_bytes += found.leftover.bytes;
        } else if (released_.count(place) == 0) {
            use.orphan_bytes += found.leftover.bytes;
            ++current_.orphans;
        }
    }
    auto infos = co_await upkeep_.segments();
    if (!infos) co_return std::move(infos).error();
    for (const auto& info : *infos) {
        auto& segment = pass.segments[info.number];
        segment.use.settle(info.allocated_bytes, info.open);
        current_.use += segment.use;
        current_.allocated_bytes += info.allocated_bytes;
        ++current_.segments;
    }
    current_.blobs = pass.blobs;
    current_.blob_bytes = pass.blob_bytes;
    current_.quarantined = quarantine_.all().size();
    current_.ended = store_.clock.wall();
    const auto now = store_.clock.steady();
    for (const auto& [place, leftover] : quarantine_.all()) {
        if (current_.listed.size() == CollectorReport::listed_max) break;
        current_.listed.push_back({leftover, age_of(leftover, now)});
    }
    passes_counted().Increment();
    const std::lock_guard lock(mutex_);
    current_.passes = report_.passes + 1;
    current_.running = report_.running;
    report_ = current_;
    co_return Result<void>{};
}

}  // namespace holdfast::storage::workers
