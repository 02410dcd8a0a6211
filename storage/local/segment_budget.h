/// Two bounds of the segment store: bytes written but not yet synced, and space on the disk.
/// source: spec durability 2.5 (free space), 4 (unsynced bytes in flight). threads: any.
#pragma once

#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <vector>

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
    SpaceLedger(base::Vfs& vfs, std::string directory, std::uint64_t reserve_bytes);

    /// Sets bytes aside until settle(). errors: out_of_space, io.
    Result<void> promise(std::uint64_t bytes);
    /// The bytes were allocated or are no longer wanted.
    void settle(std::uint64_t bytes);

private:
    base::Vfs& vfs_;
    const std::string directory_;
    const std::uint64_t reserve_bytes_;
    std::mutex mutex_;
    std::uint64_t promised_bytes_ = 0;
};

}  // namespace holdfast::storage::local
