/// Gives back the space of blobs that nothing refers to any more, and forgets what need not be
/// remembered.
///
/// A blob loses its last reference and is named in a garbage row in the same transaction; the
/// reclaimer releases it and drops the row after that, so a crash at any point repeats a release at
/// worst (durability 2.7). What this process dropped comes through the store's GarbageList within
/// an interval. A sweep, at the start and every hour, finds what earlier runs or failures left:
/// garbage rows of all buckets, deleted buckets that still have rows, memories of ended uploads
/// that are old enough. It also opens buckets again whose deletion was cut off. It goes page by
/// page and is never waited for. It also comes soon after the list had to forget something.
///
/// Nothing is given back while the engine forbids it; the sweep after that finds what waited. What
/// a snapshot has (StorageError::held) waits for the first sweep after that is gone.
///
/// A failure is logged, counted and tried again by a sweep that comes soon; no garbage row goes
/// before its blobs did. Blobs that somebody still reads are released when the reader ends; only a
/// bounded number of them is waited for at a time.
///
/// metrics: holdfast_reclaimed_blobs_total, holdfast_reclaim_failures_total.
/// threads: one event loop, that of the executor.
#pragma once

#include <boost/asio/basic_waitable_timer.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/trusted_time.h"
#include "storage/catalog/buckets.h"
#include "storage/catalog/store.h"
#include "storage/catalog/uploads.h"

namespace holdfast::storage::workers {

struct ReclaimerOptions {
    std::chrono::milliseconds interval{1000};  ///< between two looks at the list
    std::chrono::milliseconds sweep_interval{std::chrono::hours(1)};
    std::chrono::milliseconds retry_interval{
        std::chrono::minutes(1)};  ///< to a sweep that is needed
    std::chrono::milliseconds completion_memory{std::chrono::hours(24)};
    std::chrono::milliseconds patience{2000};  ///< for a release before others go past it
    std::size_t at_once = 8;                   ///< rows worked on at the same time
    std::size_t waiting_max = 4096;            ///< rows whose release waits for readers
    /// False while nothing may be given back: acknowledged commits are missing (2.6), so a garbage
    /// row may be older than the row that refers to its blob.
    std::function<bool()> may_release = [] { return true; };
};

class Reclaimer {
public:
    using Options = ReclaimerOptions;

    /// Everything given must outlive the reclaimer, and run() must have ended before it goes.
    Reclaimer(base::IoExecutor executor, catalog::Store& store, catalog::Buckets& buckets,
              catalog::Uploads& uploads, Options options);

    /// One look at the list, and a sweep when one is due. Returns when all is done but releases
    /// that wait for readers.
    base::Awaitable<void> run_once();
    /// run_once() again and again until stop().
    base::Awaitable<void> run();
    /// Ends run() after the rows it is at, and returns when nothing is under way any more: also the
    /// releases that wait for readers, so readers must end for it.
    base::Awaitable<void> stop();
    /// A sweep as soon as may be.
    void request_sweep();

private:
    using Timer =
        base::asio::basic_waitable_timer<std::chrono::steady_clock,
                                         base::asio::wait_traits<std::chrono::steady_clock>,
                                         base::IoExecutor>;

    base::Awaitable<void> work_off_list();
    base::Awaitable<void> sweep();
    base::Awaitable<void> sweep_bucket(const catalog::records::Bucket& bucket);
    base::Awaitable<void> purge();
    base::Awaitable<void> release(catalog::GarbageList::Item item);
    base::Awaitable<void> drop_rows();
    base::Awaitable<void> start(base::Awaitable<void> work);
    base::Awaitable<void> in_turn(base::Awaitable<void> work, std::uint64_t turn);
    base::Awaitable<bool> wait_for_change();
    void note_failure(const StorageError& error);
    void report_failures();
    void sweep_soon();

    base::IoExecutor executor_;
    catalog::Store& store_;
    catalog::Buckets& buckets_;
    catalog::Uploads& uploads_;
    Options options_;
    base::TrustedTime time_;

    Timer pause_;
    Timer changed_;  ///< cancelled whenever something that was started ends
    Timer stopped_;
    bool purging_ = false;
    bool running_ = false;
    bool stopping_ = false;
    std::size_t active_ = 0;   ///< releases of this turn that are not done
    std::size_t started_ = 0;  ///< all releases that are not done
    std::uint64_t turn_ = 0;   ///< goes up when the active ones are left to wait for readers
    std::optional<base::SteadyTime> next_sweep_;                   ///< nothing: at once
    std::map<Partition, std::vector<std::string>> released_rows_;  ///< to be dropped
    std::size_t released_rows_count_ = 0;
    std::uint64_t failures_ = 0;  ///< since the last report
    std::string last_failure_;
    bool retry_soon_ = false;
};

}  // namespace holdfast::storage::workers
