/// Finds space in the segments that no row refers to, and gives it back after a quarantine.
///
/// Only what lies in segments of earlier runs, or has been without an owner and a writer for an
/// hour, counts. A pass (collector_pass.h) finds it, twice checked against the rows; it then stays
/// in quarantine, listed, and the first pass after its time that finds it still without an owner
/// gives it back. Damage of the index looks like "nothing has an owner": when there is suspiciously
/// much of it the collector stops and asks, and while the engine does not take writes or the index
/// ever failed since the start, nothing is given back.
///
/// Bodies in the index are not in segments: what is gone of them is given back by body_collector.h,
/// as the last step of a pass.
///
/// On a file system without holes, segments less than half full are emptied (compactor.h), and
/// those with nothing left in them are unlinked.
///
/// Never runs on the start-up path, and at a limited rate. A pass that is cut off by a stop begins
/// again later; the quarantine survives.
///
/// metrics: holdfast_gc_passes_total, holdfast_gc_released_bytes_total,
///          holdfast_gc_quarantined_bytes, holdfast_gc_inline_garbage_bytes,
///          holdfast_gc_safety_stop.
/// threads: one event loop, that of the executor; request() and report() any.
/// source: spec durability 2.7.
#pragma once

#include <chrono>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "storage/catalog/store.h"
#include "storage/workers/body_collector.h"
#include "storage/workers/collector_pass.h"
#include "storage/workers/compactor.h"
#include "storage/workers/quarantine.h"
#include "storage/workers/worker_loop.h"

namespace holdfast::storage::workers {

struct CollectorOptions {
    std::chrono::milliseconds interval{std::chrono::hours(24)};  ///< 0: only when asked for
    std::chrono::milliseconds first_delay{std::chrono::minutes(10)};
    std::chrono::milliseconds quarantine{std::chrono::hours(24)};
    /// Before something of this run counts as left over, and a segment of it as empty for good.
    std::chrono::milliseconds young_age{std::chrono::hours(1)};
    std::chrono::milliseconds save_interval{std::chrono::hours(1)};  ///< of the quarantine's ages
    std::uint64_t bytes_per_second = 0;                              ///< 0: no limit
    std::size_t candidates_max = 100'000;
    std::uint64_t filter_bytes_max = std::uint64_t{128} << 20;  ///< 90 million extents
    BodyCollectorOptions bodies;
};

struct CollectorReport {
    std::uint64_t passes = 0;  ///< whole ones, of this run
    bool running = false;
    std::string failure;  ///< of the last pass; empty: it went through
    std::string blocked;  ///< why nothing was given back; empty: it may be
    /// The safety stop: so many new leftovers, and how many go without being asked. 0: no stop.
    std::uint64_t stopped_at = 0;
    std::uint64_t stop_limit = 0;

    // As the last whole pass left it.
    std::optional<base::WallTime> ended;
    SpaceUse use;
    std::uint64_t allocated_bytes = 0;
    std::uint64_t segments = 0;
    std::uint64_t blobs = 0;
    std::uint64_t blob_bytes = 0;
    std::uint64_t quarantined = 0;  ///< extents
    std::uint64_t orphans = 0;      ///< extents without an owner that are not in quarantine
    std::uint64_t released = 0;     ///< extents, by that pass
    std::uint64_t released_bytes = 0;
    std::uint64_t moved = 0;                 ///< blobs, to empty segments
    std::uint64_t inline_bytes = 0;          ///< of bodies kept in the index and their rows
    std::uint64_t inline_garbage_bytes = 0;  ///< of those, of bodies that are gone

    struct Listed {
        Leftover leftover;
        std::chrono::milliseconds age{};
    };
    std::vector<Listed> listed;  ///< of the quarantine, at most listed_max
    static constexpr std::size_t listed_max = 1000;
};

class OrphanCollector {
public:
    using Options = CollectorOptions;

    /// Everything given must outlive it, and run() must have ended before it goes.
    OrphanCollector(base::IoExecutor executor, catalog::Store& store, Upkeep& upkeep,
                    Options options);

    /// Passes when they are due or asked for, until stop().
    base::Awaitable<void> run();
    /// One pass. `consent` goes past the safety stop.
    base::Awaitable<void> run_once(bool consent);
    /// Ends run(), and returns when it has ended; the quarantine is saved.
    base::Awaitable<void> stop();

    /// A pass as soon as may be.
    void request(bool consent);
    [[nodiscard]] CollectorReport report() const;

private:
    struct Young {
        BlobId blob{};
        base::SteadyTime first_seen{};
    };
    Async<void> load();
    Async<void> save();
    Async<void> pass(bool consent);
    base::Awaitable<void> take_turn();
    base::Awaitable<void> wait();
    [[nodiscard]] std::string blocked_because() const;
    std::vector<Leftover> newly_left_over(const CollectorPass& pass);
    bool stops_at(const CollectorPass& pass, std::size_t count, bool consent);
    Async<void> give_back(const CollectorPass& pass);
    Async<void> drop_empty_segments(const CollectorPass& pass);
    Async<void> collect_bodies();
    Async<void> publish(CollectorPass& pass);
    void set_running(bool running, const std::string& failure);

    catalog::Store& store_;
    Upkeep& upkeep_;
    const Options options_;
    WorkerLoop loop_;
    Throttle throttle_;
    Compactor compactor_;
    BodyCollector bodies_;
    Quarantine quarantine_;
    std::map<Location, Young> young_;                        ///< unowned, of this run's segments
    std::map<std::uint64_t, base::SteadyTime> empty_since_;  ///< segments of this run
    bool loaded_ = false;
    std::optional<bool> requested_;  ///< with consent or without
    std::optional<base::SteadyTime> next_pass_;
    CollectorReport current_;      ///< of the pass under way
    std::set<Location> released_;  ///< by the pass under way
    mutable std::mutex mutex_;
    CollectorReport report_;
};

}  // namespace holdfast::storage::workers
