/// Wraps any file system and makes chosen calls fail, for tests.
///
/// Calls are named after the functions of Vfs and VfsFile ("pwrite", "sync_data", "sync_directory",
/// …); "open_medium" is an open with OpenMode::read_medium. A pwrite that is made to fail writes
/// half of its bytes first, as a real one may. threads: any.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "base/vfs.h"

namespace holdfast::base {

struct FaultPlan;

class FaultyVfs final : public Vfs {
public:
    struct Fault {
        std::string operation;  ///< empty: every one
        std::string path_part;  ///< empty: every path
        std::uint64_t nth = 1;  ///< of the matching calls from now on
        int code = 0;           ///< errno
        bool for_ever = false;  ///< the nth and all after it, not the nth alone
    };

    explicit FaultyVfs(Vfs& below);
    ~FaultyVfs() override;
    /// No copy, which would share the faults, where one on top of another is meant.
    FaultyVfs(const FaultyVfs&) = delete;
    FaultyVfs& operator=(const FaultyVfs&) = delete;

    /// Called before each call of either kind, on its thread, with no lock held; it may use the
    /// file system below. Set before the first call.
    using Watch = std::function<void(const char* operation, const std::string& path)>;
    void watch(Watch before_call);

    /// Replaces an earlier fault; counting starts at this call.
    void fail(const Fault& fault);
    void heal();
    /// Whether the fault was met.
    [[nodiscard]] bool failed() const;
    /// Calls so far, of one operation or (empty) of all.
    [[nodiscard]] std::uint64_t calls(const std::string& operation = {}) const;

    IoResult<std::unique_ptr<VfsFile>> open(const std::string& path, OpenMode mode,
                                            unsigned mode_bits) override;
    IoResult<bool> exists(const std::string& path) override;
    IoResult<FileStatus> status(const std::string& path) override;
    IoResult<std::vector<std::string>> list(const std::string& directory) override;
    IoResult<void> make_directories(const std::string& path) override;
    IoResult<void> remove_directory(const std::string& path) override;
    IoResult<void> rename(const std::string& from, const std::string& to) override;
    IoResult<void> link(const std::string& from, const std::string& to) override;
    IoResult<void> unlink(const std::string& path) override;
    IoResult<void> sync_directory(const std::string& path) override;
    IoResult<FsSpace> space(const std::string& path) override;
    IoResult<std::unique_ptr<VfsLock>> lock(const std::string& path) override;

private:
    Vfs& below_;
    std::shared_ptr<FaultPlan> plan_;
};

}  // namespace holdfast::base
