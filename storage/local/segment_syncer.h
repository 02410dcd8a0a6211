/// Groups the fdatasync of everything that waits on a segment: one runs at a time, and whatever
/// comes meanwhile shares the next.
///
/// A waiter is released only by a sync that started after it was handed over, so after its own last
/// write returned (spec durability 2.2.3). A thread of its own, so that a flush never takes a
/// thread from reads and writes, and a small blob never waits behind a bulk flush.
/// A lack of memory never ends the thread. threads: any.
#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "storage/local/engine.h"
#include "storage/local/segment.h"

namespace holdfast::storage::local {

class SegmentSyncer {
public:
    using Done = std::function<void(bool durable)>;

    /// `died` is told once of each segment that a failed sync killed, before its waiters are.
    SegmentSyncer(Durability durability, std::function<void(const base::IoError&)> died);
    /// Carries out what is waiting, then ends.
    ~SegmentSyncer();

    /// Calls `done` (may be empty) from the syncer's thread. With Durability::relaxed at once.
    void sync(std::shared_ptr<Segment> segment, Done done);
    /// Starts one for nobody when more than `bytes` are unsynced and none is wanted already.
    void sync_beyond(const std::shared_ptr<Segment>& segment, std::uint64_t bytes);

private:
    struct Waiting {
        std::shared_ptr<Segment> segment;
        Done done;
    };
    void run();
    void sync_all(std::vector<Waiting>& batch);
    bool sync_one(Segment& segment);
    void tell_of_death(const base::IoError& error);

    const Durability durability_;
    const std::function<void(const base::IoError&)> died_;
    std::mutex mutex_;
    std::condition_variable changed_;
    std::vector<Waiting> waiting_;
    bool stopping_ = false;
    std::thread thread_;
};

}  // namespace holdfast::storage::local
