/// A file system in memory that can crash as a disk without power does, for tests.
///
/// What a crash leaves (spec durability 5.3, C2):
///   * synced data stays; of each 512-byte sector written since, the new bytes, the old ones, or a
///     torn mix, each on its own;
///   * a size changed since the last sync is the old one, the new one, or one between;
///   * names by NameMode: `strict` keeps what sync_directory made durable and of the later changes
///     any subset; `ordered` keeps the first so many of all later changes, as a journal does;
///   * a directory whose own name is lost takes what is in it along.
///
/// threads: any. Open files keep the file they opened, also when its name is gone.
#pragma once

#include <cstdint>
#include <limits>
#include <memory>
#include <string>

#include "base/vfs.h"

namespace holdfast::base {

struct SimState;

class SimVfs final : public Vfs {
public:
    enum class NameMode { strict, ordered };
    struct Options {
        NameMode names = NameMode::strict;
        std::uint64_t space_bytes = std::uint64_t{1} << 40;
        bool syncs_lie = false;  ///< sync_data succeeds and does nothing: a test must notice
    };

    SimVfs() : SimVfs(Options()) {}
    explicit SimVfs(const Options& options);
    ~SimVfs() override;

    /// What a machine that lost power just now finds when it comes back; the seed decides. This one
    /// goes on as if nothing had happened.
    [[nodiscard]] std::unique_ptr<SimVfs> crash(std::uint64_t seed) const;

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
    explicit SimVfs(std::shared_ptr<SimState> state);
    std::shared_ptr<SimState> state_;
};

}  // namespace holdfast::base
