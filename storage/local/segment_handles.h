/// Open files of segments for reading and reclaiming: the most recently used stay open.
/// threads: any.
#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>

#include "base/vfs.h"

namespace holdfast::storage::local {

class SegmentHandles {
public:
    SegmentHandles(base::Vfs& vfs, std::string directory, std::size_t open_max)
        : vfs_(vfs), directory_(std::move(directory)), open_max_(open_max) {}

    /// Keep it for one operation only: a held file stays open although it left the cache. Opens
    /// for reading and writing where the file system lets it.
    base::IoResult<std::shared_ptr<base::VfsFile>> get(std::uint64_t segment);
    /// The same when it is open already, else null: never blocks.
    std::shared_ptr<base::VfsFile> get_open(std::uint64_t segment);
    /// One of its own, past the page cache.
    base::IoResult<std::unique_ptr<base::VfsFile>> open_medium(std::uint64_t segment);
    void forget(std::uint64_t segment);
    [[nodiscard]] std::string path(std::uint64_t segment) const;

private:
    struct Entry {
        std::uint64_t segment = 0;
        std::shared_ptr<base::VfsFile> file;
    };
    base::Vfs& vfs_;
    const std::string directory_;
    const std::size_t open_max_;
    std::mutex mutex_;
    std::list<Entry> recent_;  ///< most recently used first
    std::unordered_map<std::uint64_t, std::list<Entry>::iterator> entries_;
};

}  // namespace holdfast::storage::local
