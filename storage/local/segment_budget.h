/// Two bounds of the segment store: bytes written but not yet synced, and space on the disk.
/// source: spec durability 2.5 (free space), 4 (unsynced bytes in flight). threads: any.
#pragma once

#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/vfs.h"
#include "storage/error.h"

namespace holdfast::storage::local {

/// Writers wait while more than bytes_max were written and not synced. The bound is soft by one
/// piece a writer.
class UnsyncedBudget {
public:
    explicit UnsyncedBudget(std::uint64_t bytes_max) : bytes_max_(bytes_max) {}

    void add(std::uint64_t bytes);
    void subtract(std::uint64_t bytes);
    [[nodiscard]] bool has_room() const;
    /// Calls `resume` once there is room, at once or from the thread that made it.
    void when_room(std::function<void()> resume);

private:
    const std::uint64_t bytes_max_;
    mutable std::mutex mutex_;
    std::uint64_t bytes_ = 0;
    std::vector<std::function<void()>> waiting_;
};

/// Refuses a blob that would leave less than the reserve free, before its first byte is taken.
class SpaceLedger {
public:
    /// reserve_bytes 0: the larger of 1 GiB and 2 % of the file system.
    SpaceLedger(base::Vfs& vfs, std::string directory, std::uint64_t reserve_bytes,
                const base::Clock& clock);

    /// Sets bytes aside until settle(). errors: out_of_space, io.
    Result<void> promise(std::uint64_t bytes);
    /// The bytes were allocated or are no longer wanted.
    void settle(std::uint64_t bytes);

    /// Whether so many bytes fit beside what is promised, without setting them aside, by a recent
    /// measurement. Nothing when there is none. Never blocks. errors: out_of_space.
    std::optional<Result<void>> try_check(std::uint64_t bytes);
    /// The same, and measures when need be. errors: out_of_space, io.
    Result<void> check(std::uint64_t bytes);

private:
    struct Measurement {
        base::FsSpace space;
        base::SteadyTime taken;
    };
    base::IoResult<base::FsSpace> measure();
    [[nodiscard]] Result<void> fits(const base::FsSpace& space, std::uint64_t bytes);

    base::Vfs& vfs_;
    const std::string directory_;
    const std::uint64_t reserve_bytes_;
    const base::Clock& clock_;
    std::mutex check_mutex_;  ///< held while check() measures; taken before mutex_
    std::mutex mutex_;
    std::uint64_t promised_bytes_ = 0;
    bool short_of_space_ = false;  ///< not even the reserve is free
    std::optional<Measurement> last_;
};

}  // namespace holdfast::storage::local
