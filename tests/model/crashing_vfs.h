/// In front of a simulated disk: takes what a loss of power would leave at a chosen call, while the
/// caller goes on as if nothing had happened.
///
/// threads: any.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>

#include "base/sim_vfs.h"

namespace holdfast::model_test {

/// Counts the calls that change the disk, and keeps what survives when the chosen one comes.
class PowerSwitch {
public:
    explicit PowerSwitch(const base::SimVfs& disk) : disk_(disk) {}

    /// Power goes right before the nth changing call from now.
    void arm(std::uint64_t nth, std::uint64_t seed);
    void before_change();
    /// Null: the call has not come.
    std::unique_ptr<base::SimVfs> take_survivor();

private:
    const base::SimVfs& disk_;
    std::mutex mutex_;
    std::uint64_t left_ = 0;  ///< 0: not armed
    std::uint64_t seed_ = 0;
    std::unique_ptr<base::SimVfs> survivor_;
};

class CrashingVfs final : public base::Vfs {
public:
    CrashingVfs(base::SimVfs& disk, PowerSwitch& power) : disk_(disk), power_(power) {}

    /// From here on as a file system that cannot give back a part of a file.
    void refuse_holes() { holes_ = false; }

    base::IoResult<std::unique_ptr<base::VfsFile>> open(const std::string& path,
                                                        base::OpenMode mode,
                                                        unsigned mode_bits) override;
    base::IoResult<bool> exists(const std::string& path) override;
    base::IoResult<base::FileStatus> status(const std::string& path) override;
    base::IoResult<std::vector<std::string>> list(const std::string& directory) override;
    base::IoResult<void> make_directories(const std::string& path) override;
    base::IoResult<void> remove_directory(const std::string& path) override;
    base::IoResult<void> rename(const std::string& from, const std::string& to) override;
    base::IoResult<void> link(const std::string& from, const std::string& to) override;
    base::IoResult<void> unlink(const std::string& path) override;
    base::IoResult<void> sync_directory(const std::string& path) override;
    base::IoResult<base::FsSpace> space(const std::string& path) override;
    base::IoResult<std::unique_ptr<base::VfsLock>> lock(const std::string& path) override;

private:
    base::SimVfs& disk_;
    PowerSwitch& power_;
    std::atomic<bool> holes_ = true;
};

}  // namespace holdfast::model_test
