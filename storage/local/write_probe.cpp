#include "storage/local/write_probe.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>

#include "base/limits.h"

namespace holdfast::storage::local {

namespace {

using base::IoResult;

constexpr std::size_t probe_bytes = 64 * base::KiB;

std::string parent_of(const std::string& path) {
    return path.substr(0, path.rfind('/'));
}

IoResult<void> remove(base::Vfs& vfs, const std::string& path) {
    auto removed = vfs.unlink(path);
    if (!removed && removed.error().code == ENOENT) return {};
    return removed;
}

IoResult<void> write_and_read_back(base::Vfs& vfs, const std::string& path) {
    auto file = vfs.open(path, base::OpenMode::create_exclusive);
    if (!file) return std::move(file).error();
    base::Bytes written(probe_bytes);
    for (std::size_t i = 0; i < written.size(); ++i)
        written[i] = static_cast<std::uint8_t>(i % 251);
    if (auto done = (*file)->pwrite(0, written); !done) return done;
    if (auto done = (*file)->sync_data(); !done) return done;
    if (auto done = vfs.sync_directory(parent_of(path)); !done) return done;
    const auto read = base::read_file(vfs, path, probe_bytes, base::OpenMode::read_medium);
    if (!read) return read.error();
    if (*read != written) return base::IoError{EIO, "read back", path};
    return {};
}

}  // namespace

std::uint64_t reserve_bytes_of(const base::FsSpace& space, std::uint64_t configured_bytes) {
    if (configured_bytes != 0) return configured_bytes;
    return std::max<std::uint64_t>(base::GiB, space.total_bytes / 50);
}

std::optional<std::string> probe_writes(base::Vfs& vfs, const std::string& path,
                                        std::uint64_t reserve_bytes) {
    const auto space = vfs.space(parent_of(path));
    if (!space) return space.error().message();
    const auto reserve = reserve_bytes_of(*space, reserve_bytes);
    if (space->free_bytes < reserve)
        return fmt::format("{} bytes are free, {} are needed", space->free_bytes, reserve);
    if (auto removed = remove(vfs, path); !removed) return removed.error().message();
    const auto proved = write_and_read_back(vfs, path);
    const auto removed = remove(vfs, path);
    if (!proved) return proved.error().message();
    if (!removed) return removed.error().message();
    return std::nullopt;
}

}  // namespace holdfast::storage::local
