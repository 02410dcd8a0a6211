/// Reads everything stored again, slowly, and lists what is damaged.
///
/// A pass goes through all rows: of each blob every extent is read from the medium, its frames
/// checked against their checksums, and what is written around them against the record. Then every
/// file of the index is read and compared with the checksum that the index recorded for it; small
/// objects are in those. Files without one, such as the index' log, are parsed. No key is needed.
/// Damage is listed, logged and counted, and nothing is ever removed or changed because of it
/// (P11). What ordinary reads met is listed too. Rows that cannot be read are left out, and a pass
/// goes on behind them.
///
/// Where a pass is, and what was found, survives a stop; what was damaged is looked at first after
/// a start. What went, or is whole again, leaves the list.
///
/// metrics: holdfast_scrub_bytes_total, holdfast_scrub_passes_total, holdfast_damaged.
/// threads: one event loop, that of the executor; request() and report() any.
/// source: spec durability 2.7.5.
#pragma once

#include <chrono>
#include <cstdint>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "storage/catalog/buckets.h"
#include "storage/catalog/store.h"
#include "storage/upkeep.h"
#include "storage/workers/blob_owners.h"
#include "storage/workers/scrub_state.h"
#include "storage/workers/throttle.h"
#include "storage/workers/worker_loop.h"

namespace holdfast::storage::workers {

struct ScrubberOptions {
    std::chrono::milliseconds interval{std::chrono::hours(14 * 24)};  ///< 0: only when asked for
    std::chrono::milliseconds first_delay{std::chrono::minutes(10)};  ///< after the start
    std::chrono::milliseconds save_interval{std::chrono::minutes(1)};
    std::uint64_t bytes_per_second = std::uint64_t{20} << 20;  ///< 0: no limit
};

struct ScrubReport {
    bool running = false;
    /// What ended the last pass early, or which rows it could not read; empty: neither.
    std::string failure;
    std::string at;  ///< where the pass under way is: partition and key
    std::uint64_t passes = 0;
    std::uint64_t blobs = 0;  ///< of the pass under way, or of the last one
    std::uint64_t bytes = 0;
    std::optional<base::WallTime> ended;  ///< the last whole pass
};

class Scrubber {
public:
    using Options = ScrubberOptions;

    /// Everything given must outlive it, and run() must have ended before it goes.
    Scrubber(base::IoExecutor executor, catalog::Store& store, catalog::Buckets& buckets,
             Upkeep& upkeep, Options options);

    /// Passes when they are due or asked for, until stop().
    base::Awaitable<void> run();
    /// The rest of a pass under way, or a whole one.
    base::Awaitable<void> run_once();
    /// What is listed as damaged once more, as after a start.
    base::Awaitable<void> recheck();
    /// Ends run(), and returns when it has ended; the place of a pass under way is kept.
    base::Awaitable<void> stop();

    /// A pass as soon as may be; nothing when one is under way.
    void request();
    [[nodiscard]] ScrubReport report() const;

private:
    Async<void> load();
    Async<void> save();
    Async<void> pass();
    Async<void> look_at_rows();
    Async<std::vector<RowSnapshot::Entry>> next_rows(RowSnapshot& snapshot);
    Async<void> look_at_row(RowSnapshot& snapshot, const RowSnapshot::Entry& entry);
    Async<void> note_rows(Damage damage);
    Async<void> look_at_blob(const RowSnapshot::Entry& entry, const BlobOwner& owner);
    /// What is wrong with it; empty when nothing is, or it went meanwhile.
    Async<std::string> examine(const RowSnapshot::Entry& entry, const BlobOwner& owner);
    /// `there` gets the names of those that are there.
    Async<void> look_at_files();
    Async<void> look_at_index(std::set<std::string>& there);
    Async<void> look_at_file(const IndexFile& file);
    Async<void> look_at_other_files(std::set<std::string>& there);
    Async<void> look_at_other_file(const std::string& name);
    Async<std::string> damage_of(const std::string& name);
    void note_file(const std::string& name, std::string wrong);
    Async<std::string> checksum_of(const IndexFile& file);
    Async<bool> is_unchanged(const RowSnapshot::Entry& entry);
    /// Of those that are listed: what is gone or whole again is forgotten.
    Async<void> recheck_rows();
    Async<void> recheck(const Damage& damage);
    Async<void> recheck_blob(const Damage& damage);
    Async<bool> recheck_blob_in(const Damage& damage, std::string row_key);
    /// They can be read, or are gone. errors: corrupt, io: they cannot.
    Async<void> read_row(const Damage& damage);
    Async<void> read_rows(const Damage& damage);
    /// The name of the bucket with a partition; empty when it has none any more.
    Async<std::string> bucket_of(const Partition& partition);
    /// Who refers to what ordinary reads met.
    base::Awaitable<void> name_damage();
    Async<void> name_listed();
    Async<void> find_owner(Damage& damage);
    base::Awaitable<void> take_turn(base::SteadyTime settled_at);
    base::Awaitable<void> save_state();
    base::Awaitable<void> save_now_and_then();
    void note_read(std::uint64_t bytes);
    void publish(bool running, const std::string& failure);

    catalog::Store& store_;
    catalog::Buckets& buckets_;
    Upkeep& upkeep_;
    const Options options_;
    WorkerLoop loop_;
    Throttle throttle_;
    ScrubState state_;
    base::SteadyTime began_{};  ///< the pass of state_, by this run's clock
    base::SteadyTime saved_{};
    std::uint64_t saved_changes_ = 0;  ///< of the damage list
    std::string unread_;               ///< why rows of this pass could not be read
    bool loaded_ = false;
    bool requested_ = false;
    mutable std::mutex mutex_;
    ScrubReport report_;
};

}  // namespace holdfast::storage::workers
