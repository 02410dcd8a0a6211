/// A catalog on disk, and workers that reach it through calls that a test makes fail, or stops at.
#pragma once

#include <memory>
#include <string>
#include <utility>

#include "base/spawn.h"
#include "tests/component/workers/collector_support.h"
#include "tests/component/workers/faulty_engine.h"

namespace holdfast::test {

/// What happens at the nth call of a sweep.
struct Trouble {
    const char* name;
    storage::StorageError::Kind kind = storage::StorageError::Kind::io;
    bool for_ever = false;
    bool is_stop = false;  ///< the worker is told to stop, and no call fails
};

inline constexpr Trouble fails_once{"fails once"};
inline constexpr Trouble fails_for_ever{"fails for ever", storage::StorageError::Kind::io, true};
inline constexpr Trouble is_damaged_once{"is damaged once", storage::StorageError::Kind::corrupt};
inline constexpr Trouble is_unavailable_once{"is unavailable once",
                                             storage::StorageError::Kind::unavailable};
inline constexpr Trouble is_held_once{"is held once", storage::StorageError::Kind::held};
inline constexpr Trouble is_stopped{"is stopped", storage::StorageError::Kind::io, false, true};

/// Nothing waits: what this run wrote counts at once, and is not kept.
inline workers::CollectorOptions at_once() {
    auto options = keeping(std::chrono::milliseconds(0));
    options.young_age = std::chrono::milliseconds(0);
    return options;
}

/// Objects of every shape, and an upload under way.
class Content {
public:
    Content(DiskCatalog& disk, std::size_t bytes)
        : disk_(disk), bytes_(bytes), upload_(put(disk, bytes)) {}

    void check() {
        CHECK(disk_.get("inline") == text_of("inline", 1000));
        CHECK(disk_.get("large") == text_of("large", bytes_));
        CHECK(disk_.get("multipart") ==
              text_of("multipart1", bytes_) + text_of("multipart2", bytes_));
    }
    /// Also of the upload, which it ends.
    void check_all() {
        check();
        disk_.complete(upload_);
        CHECK(disk_.get("unfinished") == text_of("unfinished1", bytes_));
    }

private:
    static catalog::UploadKey put(DiskCatalog& disk, std::size_t bytes) {
        disk.put("inline", 1000);
        disk.put("large", bytes);
        disk.put_multipart("multipart", bytes);
        auto upload = disk.start_upload("unfinished");
        disk.put_part(upload, 1, bytes);
        return upload;
    }
    DiskCatalog& disk_;
    const std::size_t bytes_;
    const catalog::UploadKey upload_;
};

class FaultyDisk {
public:
    explicit FaultyDisk(workers::CollectorOptions collecting)
        : disk(collecting), collecting_(std::move(collecting)) {
        connect();
    }

    /// As DiskCatalog's; then connect().
    void kill_and_restart() {
        live_.reset();
        disk.kill_and_restart();
        connect();
    }

    /// A pass of a new collector, as after a start. `meanwhile` is called once it is there.
    workers::CollectorReport collect(bool consent = false) {
        return collect(consent, [](workers::OrphanCollector&) {});
    }
    template <class Meanwhile>
    workers::CollectorReport collect(bool consent, Meanwhile meanwhile) {
        workers::OrphanCollector collector(loop.get_executor(), live_->store, live_->upkeep,
                                           collecting_);
        meanwhile(collector);
        run_on(loop, collector.run_once(consent));
        return collector.report();
    }

    /// Arms the trouble for the nth call from now on, whatever is called.
    template <class Worker>
    void arm(const Trouble& trouble, std::uint64_t nth, Worker& worker) {
        came_ = false;
        faults.before = [this, trouble, left = nth, &worker](const std::string&) mutable {
            if (left == 0 || --left != 0) return;
            came_ = true;
            if (trouble.is_stop)
                base::spawn(loop, worker.stop());
            else
                faults.fail({{}, 1, trouble.kind, trouble.for_ever, false});
        };
    }
    /// No more trouble; whether the call it was armed for came.
    bool disarm() {
        faults.heal();
        faults.before = nullptr;
        return std::exchange(came_, false);
    }

    catalog::Store& store() { return live_->store; }
    catalog::Buckets& buckets() { return live_->buckets; }
    catalog::Uploads& uploads() { return live_->uploads; }
    FaultyUpkeep& upkeep() { return live_->upkeep; }

    base::asio::io_context loop{1};  // before the threads that resume what runs on it
    DiskCatalog disk;
    CallFaults faults;

private:
    struct Live {
        explicit Live(FaultyDisk& owner)
            : rows(owner.disk.store().metadata, owner.faults),
              blobs(owner.disk.store().blobs, owner.faults),
              upkeep(owner.disk.upkeep(), owner.faults),
              store{rows,
                    blobs,
                    owner.disk.store().keyring,
                    owner.disk.clock,
                    owner.disk.store().random,
                    owner.disk.store().garbage} {}
        FaultyRows rows;
        FaultyBlobs blobs;
        FaultyUpkeep upkeep;
        catalog::Store store;
        catalog::Buckets buckets{store};
        catalog::Objects objects{store};
        catalog::Uploads uploads{store, objects};
    };
    void connect() { live_ = std::make_unique<Live>(*this); }

    const workers::CollectorOptions collecting_;
    std::unique_ptr<Live> live_;
    bool came_ = false;
};

/// Everything without an owner is back.
inline void check_settled(FaultyDisk& world, const workers::CollectorReport& report) {
    check_sum(world.disk, report);
    CHECK(report.blocked.empty());
    CHECK(report.orphans == 0);
    CHECK(report.quarantined == 0);
    CHECK(report.use.queued_bytes == 0);
}

}  // namespace holdfast::test
