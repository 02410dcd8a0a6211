#include "storage/local/wal_kept.h"

#include <cerrno>

#include "storage/local/volume_layout.h"

namespace holdfast::storage::local {

base::IoResult<std::string> keep_log_aside(base::Vfs& vfs, const std::string& volume) {
    constexpr int kept_max = 1000;
    const auto aside = volume + "/" + layout::wal_aside;
    const auto present = vfs.exists(aside);
    if (!present) return present.error();
    if (!*present) return std::string();
    for (int number = 1; number < kept_max; ++number) {
        auto name = volume + "/index-wal-kept-" + std::to_string(number);
        const auto taken = vfs.exists(name);
        if (!taken) return taken.error();
        if (*taken) continue;
        if (auto moved = vfs.rename(aside, name); !moved) return moved.error();
        if (auto synced = vfs.sync_directory(volume); !synced) return synced.error();
        return name;
    }
    return base::IoError{EEXIST, "rename", volume + "/index-wal-kept-…"};
}

}  // namespace holdfast::storage::local
