/// A disk that is mounted read-only: every call that would change it says EROFS.
#pragma once

#include <cerrno>

#include "base/vfs.h"

namespace holdfast::tests {

class ReadOnlyVfs final : public base::Vfs {
public:
    explicit ReadOnlyVfs(base::Vfs& below) : below_(below) {}

    base::IoResult<std::unique_ptr<base::VfsFile>> open(const std::string& path,
                                                        base::OpenMode mode,
                                                        unsigned mode_bits) override {
        if (mode != base::OpenMode::read && mode != base::OpenMode::read_medium)
            return refused("open", path);
        return below_.open(path, mode, mode_bits);
    }
    base::IoResult<bool> exists(const std::string& path) override { return below_.exists(path); }
    base::IoResult<base::FileStatus> status(const std::string& path) override {
        return below_.status(path);
    }
    base::IoResult<std::vector<std::string>> list(const std::string& directory) override {
        return below_.list(directory);
    }
    base::IoResult<void> make_directories(const std::string& path) override {
        return refused("mkdir", path);
    }
    base::IoResult<void> remove_directory(const std::string& path) override {
        return refused("rmdir", path);
    }
    base::IoResult<void> rename(const std::string& from, const std::string&) override {
        return refused("rename", from);
    }
    base::IoResult<void> link(const std::string&, const std::string& to) override {
        return refused("link", to);
    }
    base::IoResult<void> unlink(const std::string& path) override {
        return refused("unlink", path);
    }
    base::IoResult<void> sync_directory(const std::string&) override { return {}; }
    base::IoResult<base::FsSpace> space(const std::string& path) override {
        return below_.space(path);
    }
    base::IoResult<std::unique_ptr<base::VfsLock>> lock(const std::string& path) override {
        return refused("open", path);
    }

private:
    static base::IoError refused(const char* call, const std::string& path) {
        return {EROFS, call, path};
    }
    base::Vfs& below_;
};

}  // namespace holdfast::tests
