#include "base/sim_vfs.h"

#include <algorithm>
#include <cerrno>
#include <mutex>
#include <utility>

#include "base/sim_open_file.h"
#include "base/sim_state.h"

namespace holdfast::base {

namespace {

class SimLock final : public VfsLock {
public:
    SimLock(std::shared_ptr<SimState> state, std::string path)
        : state_(std::move(state)), path_(std::move(path)) {}
    SimLock(const SimLock&) = delete;
    SimLock& operator=(const SimLock&) = delete;
    ~SimLock() override {
        const std::lock_guard lock(state_->mutex);
        state_->locked.erase(path_);
    }

private:
    std::shared_ptr<SimState> state_;
    std::string path_;
};

}  // namespace

SimVfs::SimVfs(const Options& options) : state_(std::make_shared<SimState>(options)) {}
SimVfs::SimVfs(std::shared_ptr<SimState> state) : state_(std::move(state)) {}
SimVfs::~SimVfs() = default;

IoResult<std::unique_ptr<VfsFile>> SimVfs::open(const std::string& path, OpenMode mode, unsigned) {
    const std::lock_guard lock(state_->mutex);
    const auto found = state_->now.files.find(path);
    const bool there = found != state_->now.files.end();
    SimFilePtr file;
    if (there) {
        if (mode == OpenMode::create_exclusive) return IoError{EEXIST, "open", path};
        file = found->second;
        if (mode == OpenMode::read_medium) file->cached = false;
        if (mode == OpenMode::create_empty) {
            state_->used_bytes -= file->allocated_bytes();
            file->truncate(0);
        }
    } else {
        if (mode == OpenMode::read || mode == OpenMode::read_medium ||
            mode == OpenMode::read_write || !state_->now.has_directory(parent_of(path)))
            return IoError{ENOENT, "open", path};
        file = std::make_shared<SimFile>();
        state_->change({parent_of(path), {}, {{path, file}}, {}});
    }
    return open_sim_file(state_, std::move(file), path, mode);
}

IoResult<bool> SimVfs::exists(const std::string& given) {
    const auto path = without_end_slash(given);
    const std::lock_guard lock(state_->mutex);
    return state_->now.files.contains(path) || state_->now.has_directory(path);
}

IoResult<FileStatus> SimVfs::status(const std::string& given) {
    const auto path = without_end_slash(given);
    const std::lock_guard lock(state_->mutex);
    if (state_->now.has_directory(path)) return FileStatus{0, 0, true};
    const auto found = state_->now.files.find(path);
    if (found == state_->now.files.end()) return IoError{ENOENT, "stat", path};
    return FileStatus{found->second->size(), 0, false};
}

IoResult<std::vector<std::string>> SimVfs::list(const std::string& given) {
    const auto directory = without_end_slash(given);
    const std::lock_guard lock(state_->mutex);
    if (!state_->now.has_directory(directory)) return IoError{ENOENT, "opendir", directory};
    std::vector<std::string> names;
    const auto add = [&](const std::string& path) {
        if (parent_of(path) == directory) names.push_back(path.substr(path.rfind('/') + 1));
    };
    for (const auto& [path, file] : state_->now.files) add(path);
    for (const auto& path : state_->now.directories) add(path);
    std::sort(names.begin(), names.end());
    return names;
}

IoResult<void> SimVfs::make_directories(const std::string& given) {
    const auto path = without_end_slash(given);
    const std::lock_guard lock(state_->mutex);
    std::vector<std::string> missing;
    for (auto at = path; !state_->now.has_directory(at); at = parent_of(at)) missing.push_back(at);
    for (auto at = missing.rbegin(); at != missing.rend(); ++at) {
        if (state_->now.files.contains(*at)) return IoError{ENOTDIR, "mkdir", *at};
        state_->change({parent_of(*at), {}, {}, *at});
    }
    return {};
}

IoResult<void> SimVfs::remove_directory(const std::string& given) {
    const auto path = without_end_slash(given);
    const std::lock_guard lock(state_->mutex);
    if (state_->now.files.contains(path)) return IoError{ENOTDIR, "rmdir", path};
    if (!state_->now.directories.contains(path)) return IoError{ENOENT, "rmdir", path};
    if (state_->now.has_in(path)) return IoError{ENOTEMPTY, "rmdir", path};
    SimNameChange change{parent_of(path), {}, {}, {}};
    change.gone_directory = path;
    state_->change(std::move(change));
    return {};
}

IoResult<void> SimVfs::rename(const std::string& from, const std::string& to) {
    const std::lock_guard lock(state_->mutex);
    if (state_->now.directories.contains(from)) {
        if (!state_->now.has_directory(parent_of(to))) return IoError{ENOENT, "rename", from};
        if (state_->now.files.contains(to)) return IoError{ENOTDIR, "rename", from};
        if (state_->now.directories.contains(to)) return IoError{ENOTEMPTY, "rename", from};
        for (auto& before : state_->pending) before.follow(from, to);
        SimNameChange change{parent_of(to), parent_of(from), {}, {}};
        change.moved_from = from;
        change.moved_to = to;
        state_->change(std::move(change));
        return {};
    }
    const auto found = state_->now.files.find(from);
    if (found == state_->now.files.end() || !state_->now.has_directory(parent_of(to)))
        return IoError{ENOENT, "rename", from};
    const auto replaced = state_->now.files.find(to);
    const auto old = replaced == state_->now.files.end() ? nullptr : replaced->second;
    state_->change({parent_of(to), parent_of(from), {{to, found->second}, {from, nullptr}}, {}});
    if (old) state_->forget_if_unnamed(old);
    return {};
}

IoResult<void> SimVfs::link(const std::string& from, const std::string& to) {
    const std::lock_guard lock(state_->mutex);
    const auto found = state_->now.files.find(from);
    if (found == state_->now.files.end()) return IoError{ENOENT, "link", from};
    if (state_->now.files.contains(to)) return IoError{EEXIST, "link", to};
    state_->change({parent_of(to), {}, {{to, found->second}}, {}});
    return {};
}

IoResult<void> SimVfs::unlink(const std::string& path) {
    const std::lock_guard lock(state_->mutex);
    if (state_->now.directories.contains(path)) return IoError{EISDIR, "unlink", path};
    const auto found = state_->now.files.find(path);
    if (found == state_->now.files.end()) return IoError{ENOENT, "unlink", path};
    const auto file = found->second;
    state_->change({parent_of(path), {}, {{path, nullptr}}, {}});
    state_->forget_if_unnamed(file);
    return {};
}

IoResult<void> SimVfs::sync_directory(const std::string& given) {
    const auto path = without_end_slash(given);
    const std::lock_guard lock(state_->mutex);
    if (!state_->now.has_directory(path)) return IoError{ENOENT, "fsync", path};
    std::erase_if(state_->pending, [&](const SimNameChange& change) {
        const bool here = change.directory == path || change.other_directory == path;
        if (here) change.apply_to(state_->durable);
        return here;
    });
    return {};
}

IoResult<FsSpace> SimVfs::space(const std::string&) {
    const std::lock_guard lock(state_->mutex);
    const auto total = state_->options.space_bytes;
    return FsSpace{total, total - std::min(state_->used_bytes, total),
                   std::numeric_limits<std::uint64_t>::max()};
}

IoResult<std::unique_ptr<VfsLock>> SimVfs::lock(const std::string& path) {
    const std::lock_guard lock(state_->mutex);
    if (!state_->now.has_directory(parent_of(path))) return IoError{ENOENT, "open", path};
    if (!state_->locked.insert(path).second) return IoError{EWOULDBLOCK, "flock", path};
    return std::unique_ptr<VfsLock>(std::make_unique<SimLock>(state_, path));
}

}  // namespace holdfast::base
