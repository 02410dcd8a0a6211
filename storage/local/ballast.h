/// A file of disk space that nobody uses, until even the index finds no room: then it is given up,
/// so that deletions, which need a little space first, can make more. Laid down again once there is
/// room.
///
/// threads: any.
/// source:  spec durability 2.5 (free space); docs/format/volume.md.
#pragma once

#include <cstdint>
#include <mutex>
#include <string>

#include "base/clock.h"
#include "base/vfs.h"

namespace holdfast::storage::local {

struct BallastOptions {
    std::string path;         ///< of the file; its directory is what is watched
    std::uint64_t bytes = 0;  ///< 0: there is none
    /// Laid down only while this is free beside it; 0 as reserve_bytes_of() says.
    std::uint64_t reserve_bytes = 0;
};

class Ballast {
public:
    /// Given up when less than this is free: what a few commits and a flush of the index take.
    static constexpr std::uint64_t free_bytes_low = 16ULL << 20;
    static constexpr std::chrono::milliseconds look_interval{100};
    static constexpr std::chrono::milliseconds restore_interval{1000};

    /// `vfs` and `clock` outlive it.
    Ballast(BallastOptions options, base::Vfs& vfs, const base::Clock& clock);

    /// Before the index is written: gives the space up when the disk is nearly full. Measures at
    /// most once in look_interval. May block.
    void look();
    /// The index could not be written for want of space.
    void release();
    /// In quiet moments: lays it down when it is not there and there is room. May block.
    void restore();

    [[nodiscard]] bool in_place() const;

private:
    [[nodiscard]] bool is_time(base::SteadyTime& last, std::chrono::milliseconds interval) const;
    base::IoResult<base::FsSpace> measure() const;
    void give_up();

    const BallastOptions options_;
    base::Vfs& vfs_;
    const base::Clock& clock_;
    mutable std::mutex mutex_;
    bool in_place_ = false;
    bool unsupported_ = false;  ///< the file system does not set space aside
    int last_error_ = 0;        ///< why it was not laid down, so that it is told once
    base::SteadyTime looked_at_;
    base::SteadyTime restored_at_;
};

}  // namespace holdfast::storage::local
