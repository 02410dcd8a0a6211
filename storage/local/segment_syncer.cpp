#include "storage/local/segment_syncer.h"

#include <algorithm>
#include <chrono>
#include <new>

#include "base/log.h"
#include "storage/local/segment_metrics.h"

namespace holdfast::storage::local {

namespace {

// Durability::batched: how long the first waiter of a group may wait for company. With the
// committer's wait behind it 5 ms in all.
constexpr std::chrono::milliseconds batch_delay{2};

}  // namespace

SegmentSyncer::SegmentSyncer(Durability durability, std::function<void(const base::IoError&)> died)
    : durability_(durability), died_(std::move(died)) {
    if (durability_ != Durability::relaxed) thread_ = std::thread([this] { run(); });
}

SegmentSyncer::~SegmentSyncer() {
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    changed_.notify_one();
    if (thread_.joinable()) thread_.join();
}

void SegmentSyncer::sync(std::shared_ptr<Segment> segment, Done done) {
    if (durability_ == Durability::relaxed) {
        if (done) done(true);
        return;
    }
    // Under the lock: once it is given up, the last waiter may be released and the syncer end.
    const std::lock_guard lock(mutex_);
    waiting_.push_back({std::move(segment), std::move(done)});
    changed_.notify_one();
}

void SegmentSyncer::sync_beyond(const std::shared_ptr<Segment>& segment, std::uint64_t bytes) {
    if (!segment->wants_sync(bytes)) return;
    try {
        sync(segment, {});
    } catch (const std::bad_alloc&) {
        segment->sync_not_started();
        throw;
    }
}

void SegmentSyncer::run() {
    std::vector<Waiting> batch;
    std::unique_lock lock(mutex_);
    for (;;) {
        changed_.wait(lock, [&] { return stopping_ || !waiting_.empty(); });
        if (waiting_.empty()) return;
        if (durability_ == Durability::batched)
            changed_.wait_for(lock, batch_delay, [&] { return stopping_; });
        batch.swap(waiting_);
        lock.unlock();
        sync_all(batch);
        batch.clear();
        lock.lock();
    }
}

void SegmentSyncer::sync_all(std::vector<Waiting>& batch) {
    std::stable_sort(batch.begin(), batch.end(), [](const Waiting& a, const Waiting& b) {
        return a.segment->number() < b.segment->number();
    });
    for (auto first = batch.begin(); first != batch.end();) {
        const auto end = std::find_if(
            first, batch.end(), [&](const Waiting& w) { return w.segment != first->segment; });
        const bool durable = sync_one(*first->segment);
        for (; first != end; ++first)
            if (first->done) first->done(durable);
    }
}

bool SegmentSyncer::sync_one(Segment& segment) {
    if (segment.dead()) return false;
    const auto before = std::chrono::steady_clock::now();
    const auto synced = segment.sync();
    const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - before;
    segment_metrics().syncs.Increment();
    segment_metrics().sync_duration_seconds.Observe(taken.count());
    if (!synced) tell_of_death(synced.error());
    return synced.has_value();
}

/// The waiters hear of it in any case. What cannot be told for lack of memory is only that there
/// was one more; a disk that goes on failing is told of by the next segment.
void SegmentSyncer::tell_of_death(const base::IoError& error) {
    try {
        died_(error);
    } catch (const std::bad_alloc&) {
        base::log::error("segment.death_not_told", {{"reason", "out of memory"}});
    }
}

}  // namespace holdfast::storage::local
