/// The snapshots in a data directory: snapshots/NAME, each a whole volume (snapshot_maker.h).
///
/// One is made as snapshots/.making and renamed when it is durable; one is deleted by renaming it
/// to snapshots/.deleting first. So what has a name is whole, and what a crash leaves is removed by
/// the next start, or before the next one is made. threads: as VolumeSnapshots.
#pragma once

#include <atomic>
#include <functional>
#include <mutex>
#include <string>
#include <vector>

#include "base/worker_pool.h"
#include "storage/engine_condition.h"
#include "storage/local/snapshot_maker.h"

namespace holdfast::storage::local {

class LocalSnapshots final : public VolumeSnapshots {
public:
    struct Parts {
        base::Vfs& vfs;
        base::WorkerPool& pool;
        IndexAccess& index;
        SegmentWorks& works;
        std::string volume;  ///< its directory
        std::function<EngineCondition()> condition;
    };
    explicit LocalSnapshots(Parts parts);

    Outcome<VolumeSnapshot> create(std::string name, std::vector<std::string> files) override;
    Outcome<std::vector<VolumeSnapshot>> list() override;
    Outcome<void> remove(std::string name) override;

    /// Removes what a crash left, in the background, when writes are taken.
    void clean_up();

private:
    template <class T>
    using Answer = base::Expected<T, SnapshotError>;
    class Turn;

    Answer<VolumeSnapshot> make(const std::string& name, const std::vector<std::string>& files);
    Answer<VolumeSnapshot> make_and_publish(const std::string& name,
                                            const std::vector<std::string>& files);
    Answer<void> publish(const std::string& name);
    Answer<std::vector<VolumeSnapshot>> find_all();
    Answer<VolumeSnapshot> look_at(const std::string& name);
    Answer<void> drop(const std::string& name);
    Answer<void> check_condition();
    Answer<bool> is_there(const std::string& name);
    base::IoResult<void> remove_leftovers();
    [[nodiscard]] std::string path(const std::string& name) const;

    Parts parts_;
    const std::string directory_;
    std::atomic<bool> busy_ = false;  ///< one is being made or deleted
    std::mutex mutex_;                ///< held while anything in the directory is changed
};

}  // namespace holdfast::storage::local
