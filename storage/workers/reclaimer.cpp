#include "storage/workers/reclaimer.h"

#include <algorithm>
#include <exception>
#include <utility>

#include "base/await_timer.h"
#include "base/failpoint.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/spawn.h"
#include "storage/catalog/row_cursor.h"

namespace holdfast::storage::workers {

namespace {

using Item = catalog::GarbageList::Item;

prometheus::Counter& reclaimed_blobs() {
    static auto& counter = base::metrics::counter("holdfast_reclaimed_blobs_total",
                                                  "Blobs whose space was given back.");
    return counter;
}

prometheus::Counter& reclaim_failures() {
    static auto& counter =
        base::metrics::counter("holdfast_reclaim_failures_total",
                               "Failures to give back a blob's space or to drop its row.");
    return counter;
}

constexpr std::size_t rows_dropped_at_once = 256;

}  // namespace

Reclaimer::Reclaimer(base::IoExecutor executor, catalog::Store& store, catalog::Buckets& buckets,
                     catalog::Uploads& uploads, Options options)
    : executor_(executor),
      store_(store),
      buckets_(buckets),
      uploads_(uploads),
      options_(std::move(options)),
      time_(store.clock),
      pause_(executor),
      changed_(executor),
      stopped_(executor) {}

base::Awaitable<void> Reclaimer::run_once() {
    static_cast<void>(time_.now());  // so that a jump is noticed soon
    if (!options_.may_release()) {
        // The list would only grow; the rows say the same.
        static_cast<void>(store_.garbage.take());
        next_sweep_.reset();
        co_return;
    }
    co_await work_off_list();
    const auto now = store_.clock.steady();
    if (!stopping_ && (!next_sweep_ || now >= *next_sweep_)) {
        next_sweep_ = now + options_.sweep_interval;
        co_await drop_rows();  // or the sweep would find them again
        co_await sweep();
    }
    while (active_ > 0 && !stopping_) {
        const bool changed = co_await wait_for_change();
        if (!changed) break;
    }
    co_await drop_rows();
    report_failures();
}

base::Awaitable<void> Reclaimer::run() {
    running_ = true;
    while (!stopping_) {
        try {
            co_await run_once();
        } catch (const std::exception& error) {
            base::log::error("gc.turn_failed", {{"detail", error.what()}});
        }
        if (stopping_) break;
        pause_.expires_after(options_.interval);
        static_cast<void>(co_await base::await_timer(pause_));
    }
    running_ = false;
    stopped_.cancel();
}

base::Awaitable<void> Reclaimer::stop() {
    stopping_ = true;
    pause_.cancel();
    changed_.cancel();
    while (running_ || started_ > 0) {
        stopped_.expires_at(Timer::time_point::max());
        static_cast<void>(co_await base::await_timer(stopped_));
    }
    co_await drop_rows();
}

/// Until something ends, at most for the patience; whether something did.
base::Awaitable<bool> Reclaimer::wait_for_change() {
    changed_.expires_after(options_.patience);
    const auto error = co_await base::await_timer(changed_);
    co_return error == base::asio::error::operation_aborted;
}

base::Awaitable<void> Reclaimer::work_off_list() {
    auto items = store_.garbage.take();
    if (store_.garbage.take_overflow()) {
        base::log::warning("gc.more_dropped_than_remembered");
        sweep_soon();
    }
    for (auto& item : items) {
        // Stopping drops the rest of the list; the rows are found at the next start.
        if (stopping_) co_return;
        co_await start(release(std::move(item)));
    }
}

/// Starts the work when there is room for one more; it is dropped when stopping.
base::Awaitable<void> Reclaimer::start(base::Awaitable<void> work) {
    while (started_ >= options_.waiting_max || active_ >= options_.at_once) {
        if (stopping_) co_return;
        const bool changed = co_await wait_for_change();
        if (changed || started_ >= options_.waiting_max) continue;
        // Those have readers. They go on by themselves and count no longer.
        ++turn_;
        active_ = 0;
    }
    ++active_;
    ++started_;
    base::spawn(executor_, in_turn(std::move(work), turn_));
}

base::Awaitable<void> Reclaimer::in_turn(base::Awaitable<void> work, std::uint64_t turn) {
    try {
        co_await std::move(work);
    } catch (const std::exception& error) {
        note_failure(StorageError{StorageError::Kind::unavailable, error.what()});
    }
    if (turn == turn_) --active_;
    --started_;
    changed_.cancel();
    stopped_.cancel();
}

base::Awaitable<void> Reclaimer::release(Item item) {
    bool held = false;
    for (const auto& blob : item.blobs) {
        auto released = co_await store_.blobs.release(blob);
        if (!released && released.error().kind == StorageError::Kind::held) {
            held = true;
        } else if (!released) {
            note_failure(released.error());
            co_return;
        }
    }
    if (held) co_return;  // every sweep finds the row again
    reclaimed_blobs().Increment(static_cast<double>(item.blobs.size()));
    released_rows_[item.partition].push_back(std::move(item.row));
    if (++released_rows_count_ >= rows_dropped_at_once) co_await drop_rows();
}

/// One commit for many rows: dropping them costs the foreground next to nothing.
base::Awaitable<void> Reclaimer::drop_rows() {
    const auto released = std::exchange(released_rows_, {});
    released_rows_count_ = 0;
    for (const auto& [partition, rows] : released) {
        static_cast<void>(HF_FAILPOINT("gc.row.before"));
        Transaction drop;
        for (const auto& row : rows) drop.deletes.push_back({RowFamily::index, row});
        auto dropped = co_await store_.metadata.commit(partition, std::move(drop));
        if (!dropped) note_failure(dropped.error());
    }
}

base::Awaitable<void> Reclaimer::purge() {
    purging_ = true;
    auto purged = co_await buckets_.purge_deleted();
    purging_ = false;
    if (purged)
        reclaimed_blobs().Increment(static_cast<double>(*purged));
    else
        note_failure(purged.error().storage);
}

base::Awaitable<void> Reclaimer::sweep() {
    if (!purging_) co_await start(purge());
    std::string after;
    while (!stopping_) {
        auto page = co_await buckets_.list("", after, 100);
        if (!page) {
            note_failure(page.error().storage);
            co_return;
        }
        for (const auto& bucket : page->buckets) {
            if (stopping_) co_return;
            co_await sweep_bucket(bucket);
            co_await work_off_list();
        }
        if (!page->more) co_return;
        after = page->buckets.back().name();
    }
}

base::Awaitable<void> Reclaimer::sweep_bucket(const catalog::records::Bucket& bucket) {
    auto recovered = co_await buckets_.recover(bucket);
    if (!recovered) note_failure(recovered.error().storage);
    const auto partition = catalog::bucket_partition(bucket.id());
    catalog::RowCursor cursor(store_.metadata, partition, catalog::rows_of_kind('g'), 100);
    while (!stopping_) {
        auto row = co_await cursor.next();
        if (!row) {
            note_failure(row.error());
            co_return;
        }
        if (*row == nullptr) break;
        auto record = catalog::parse_record<catalog::records::Garbage>(**row);
        if (!record) {
            note_failure(record.error());
            continue;
        }
        Item item;
        item.partition = partition;
        item.row = (*row)->key;
        for (const auto& blob : record->blobs()) item.blobs.push_back(catalog::from_record(blob));
        co_await start(release(std::move(item)));
    }
    if (stopping_) co_return;
    const auto before = time_.now() - options_.completion_memory;
    auto forgotten = co_await uploads_.forget_ended(bucket.id(), before);
    if (!forgotten) note_failure(forgotten.error().storage);
}

void Reclaimer::note_failure(const StorageError& error) {
    if (error.kind == StorageError::Kind::held) return;  // of a deleted bucket; sweeps find it
    reclaim_failures().Increment();
    ++failures_;
    last_failure_ = error.detail;
    // Damage does not pass; everything else may.
    if (error.kind != StorageError::Kind::corrupt) retry_soon_ = true;
}

void Reclaimer::report_failures() {
    if (failures_ == 0) return;
    base::log::warning("gc.space_not_given_back",
                       {{"failures", failures_}, {"last", last_failure_}});
    failures_ = 0;
    if (std::exchange(retry_soon_, false)) sweep_soon();
}

void Reclaimer::request_sweep() {
    next_sweep_.reset();
    pause_.cancel();
}

/// Not at once: whatever it is that goes wrong must not keep the sweep running all the time.
void Reclaimer::sweep_soon() {
    const auto soon = store_.clock.steady() + options_.retry_interval;
    if (next_sweep_) next_sweep_ = std::min(*next_sweep_, soon);
}

}  // namespace holdfast::storage::workers
