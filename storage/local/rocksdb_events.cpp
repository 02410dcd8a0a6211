#include "storage/local/rocksdb_events.h"

#include "base/failpoint.h"
#include "base/log.h"
#include "base/metrics.h"

namespace holdfast::storage::local {

namespace {

class Events final : public rocksdb::EventListener {
public:
    explicit Events(std::shared_ptr<std::atomic<std::uint64_t>> damage)
        : damage_(std::move(damage)) {}

    // To crash or wait there; a failure of the disk there is the file system's to pretend.
    void OnFlushBegin(rocksdb::DB*, const rocksdb::FlushJobInfo&) override {
        static_cast<void>(HF_FAILPOINT("rocksdb.flush"));
    }
    void OnCompactionBegin(rocksdb::DB*, const rocksdb::CompactionJobInfo&) override {
        static_cast<void>(HF_FAILPOINT("rocksdb.compaction"));
    }
    // Writes fail from here on, which the committer notices.
    void OnBackgroundError(rocksdb::BackgroundErrorReason, rocksdb::Status* status) override {
        base::metrics::counter("holdfast_index_background_errors_total",
                               "Errors of the index outside of a request.")
            .Increment();
        if (!status->IsNoSpace()) ++*damage_;
        base::log::error("index.background_error", {{"reason", status->ToString()}});
    }

private:
    const std::shared_ptr<std::atomic<std::uint64_t>> damage_;
};

}  // namespace

std::shared_ptr<rocksdb::EventListener> make_rocksdb_events(
    std::shared_ptr<std::atomic<std::uint64_t>> damage) {
    return std::make_shared<Events>(std::move(damage));
}

}  // namespace holdfast::storage::local
