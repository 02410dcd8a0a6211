#include "storage/local/segment_handles.h"

#include <cerrno>

#include "storage/local/segment_format.h"

namespace holdfast::storage::local {

std::string SegmentHandles::path(std::uint64_t segment) const {
    return directory_ + "/" + SegmentName::of(segment).file_name();
}

std::shared_ptr<base::VfsFile> SegmentHandles::get_open(std::uint64_t segment) {
    const std::lock_guard lock(mutex_);
    const auto found = entries_.find(segment);
    if (found == entries_.end()) return nullptr;
    recent_.splice(recent_.begin(), recent_, found->second);
    return found->second->file;
}

base::IoResult<std::shared_ptr<base::VfsFile>> SegmentHandles::get(std::uint64_t segment) {
    if (auto file = get_open(segment)) return file;
    auto opened = vfs_.open(path(segment), base::OpenMode::read_write);
    if (!opened && (opened.error().code == EROFS || opened.error().code == EACCES))
        opened = vfs_.open(path(segment), base::OpenMode::read);
    if (!opened) return std::move(opened).error();
    const std::shared_ptr<base::VfsFile> file = *std::move(opened);

    std::shared_ptr<base::VfsFile> evicted;  // closed after the lock is given up
    const std::lock_guard lock(mutex_);
    if (const auto found = entries_.find(segment); found != entries_.end())
        return found->second->file;
    if (recent_.size() >= open_max_) {
        evicted = std::move(recent_.back().file);
        entries_.erase(recent_.back().segment);
        recent_.pop_back();
    }
    recent_.push_front({segment, file});
    entries_.emplace(segment, recent_.begin());
    return file;
}

base::IoResult<std::unique_ptr<base::VfsFile>> SegmentHandles::open_medium(std::uint64_t segment) {
    return vfs_.open(path(segment), base::OpenMode::read_medium);
}

void SegmentHandles::forget(std::uint64_t segment) {
    const std::lock_guard lock(mutex_);
    const auto found = entries_.find(segment);
    if (found == entries_.end()) return;
    recent_.erase(found->second);
    entries_.erase(found);
}

}  // namespace holdfast::storage::local
