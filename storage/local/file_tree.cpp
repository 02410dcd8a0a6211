#include "storage/local/file_tree.h"

#include <fmt/format.h>

#include <cerrno>

namespace holdfast::storage::local {

using base::IoResult;

IoResult<void> remove_tree(base::Vfs& vfs, const std::string& path) {
    auto removed = vfs.unlink(path);
    if (removed || removed.error().code == ENOENT) return {};
    // What Linux says of a directory, and what POSIX does.
    if (removed.error().code != EISDIR && removed.error().code != EPERM) return removed;
    const auto names = vfs.list(path);
    if (!names) return names.error();
    for (const auto& name : *names)
        if (auto gone = remove_tree(vfs, fmt::format("{}/{}", path, name)); !gone) return gone;
    return vfs.remove_directory(path);
}

IoResult<void> sync_tree(base::Vfs& vfs, const std::string& directory) {
    const auto names = vfs.list(directory);
    if (!names) return names.error();
    for (const auto& name : *names) {
        const auto path = fmt::format("{}/{}", directory, name);
        const auto status = vfs.status(path);
        if (!status) return status.error();
        if (status->is_directory) {
            if (auto synced = sync_tree(vfs, path); !synced) return synced;
            continue;
        }
        const auto file = vfs.open(path, base::OpenMode::read);
        if (!file) return file.error();
        if (auto synced = (*file)->sync_data(); !synced) return synced;
    }
    return vfs.sync_directory(directory);
}

}  // namespace holdfast::storage::local
