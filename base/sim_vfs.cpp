#include "base/sim_vfs.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <utility>

#include "base/random.h"
#include "base/sim_file.h"

namespace holdfast::base {

namespace {

using FilePtr = std::shared_ptr<SimFile>;

std::string parent_of(const std::string& path) {
    const auto slash = path.rfind('/');
    if (slash == std::string::npos) return ".";
    return slash == 0 ? "/" : path.substr(0, slash);
}

std::string without_end_slash(std::string path) {
    while (path.size() > 1 && path.back() == '/') path.pop_back();
    return path;
}

bool is_root(const std::string& path) {
    return path == "/" || path == ".";
}

/// A path below `from` as one below `to`; any other as it is.
std::string moved_below(const std::string& path, const std::string& from, const std::string& to) {
    return path.starts_with(from + "/") ? to + path.substr(from.size()) : path;
}

/// Every name there is.
struct Names {
    std::map<std::string, FilePtr> files;
    std::set<std::string> directories;

    [[nodiscard]] bool has_directory(const std::string& path) const {
        return is_root(path) || directories.contains(path);
    }
    /// Whether anything is in the directory.
    [[nodiscard]] bool has_in(const std::string& path) const {
        const auto below = path + "/";
        const auto file = files.lower_bound(below);
        const auto directory = directories.lower_bound(below);
        return (file != files.end() && file->first.starts_with(below)) ||
               (directory != directories.end() && directory->starts_with(below));
    }
    void move(const std::string& from, const std::string& to) {
        const auto there = std::exchange(*this, {});
        for (const auto& [path, file] : there.files) files[moved_below(path, from, to)] = file;
        for (const auto& path : there.directories)
            directories.insert(path == from ? to : moved_below(path, from, to));
    }
};

/// One change of names that a crash keeps or loses as a whole.
struct NameChange {
    std::string directory;                               ///< syncing it makes the change durable
    std::string other_directory;                         ///< as well; of a rename
    std::vector<std::pair<std::string, FilePtr>> files;  ///< null: the name goes away
    std::string new_directory;                           ///< empty: none
    std::string gone_directory = {};                     ///< empty: none
    /// A directory under another name, with all that is in it by then; empty: none.
    std::string moved_from = {};
    std::string moved_to = {};

    void apply_to(Names& names) const {
        for (const auto& [path, file] : files) {
            if (file)
                names.files[path] = file;
            else
                names.files.erase(path);
        }
        if (!new_directory.empty()) names.directories.insert(new_directory);
        if (!gone_directory.empty()) names.directories.erase(gone_directory);
        if (!moved_from.empty()) names.move(moved_from, moved_to);
    }
    /// What happened below a directory goes on below its other name.
    void follow(const std::string& from, const std::string& to) {
        for (auto* path : {&directory, &other_directory}) {
            if (*path == from) *path = to;
            *path = moved_below(*path, from, to);
        }
        for (auto& entry : files) entry.first = moved_below(entry.first, from, to);
        for (auto* path : {&new_directory, &gone_directory, &moved_from, &moved_to})
            *path = moved_below(*path, from, to);
    }
};

bool reachable(const Names& names, const std::string& path) {
    for (auto parent = parent_of(path); !is_root(parent); parent = parent_of(parent))
        if (!names.directories.contains(parent)) return false;
    return true;
}

void drop_unreachable(Names& names) {
    const Names all = names;
    std::erase_if(names.files, [&](const auto& entry) { return !reachable(all, entry.first); });
    std::erase_if(names.directories, [&](const auto& path) { return !reachable(all, path); });
}

}  // namespace

struct SimState {
    explicit SimState(const SimVfs::Options& given) : options(given) {}

    const SimVfs::Options options;
    mutable std::mutex mutex;
    Names now;
    Names durable;
    std::vector<NameChange> pending;  ///< in the order they were made
    std::set<std::string> locked;
    std::uint64_t used_bytes = 0;

    void change(NameChange what) {
        what.apply_to(now);
        pending.push_back(std::move(what));
    }
    [[nodiscard]] std::uint64_t links_of(const FilePtr& file) const {
        const auto count = std::count_if(now.files.begin(), now.files.end(),
                                         [&](const auto& entry) { return entry.second == file; });
        return static_cast<std::uint64_t>(count);
    }
    /// Gives the space of a file back when the last of its names is gone.
    void forget_if_unnamed(const FilePtr& file) {
        if (links_of(file) == 0) used_bytes -= file->allocated_bytes();
    }
    /// Fails when the disk has no room for `bytes` more.
    [[nodiscard]] bool has_room(std::uint64_t bytes) const {
        return bytes <= options.space_bytes - std::min(used_bytes, options.space_bytes);
    }
};

namespace {

class OpenSimFile final : public VfsFile {
public:
    OpenSimFile(std::shared_ptr<SimState> state, FilePtr file, std::string path, bool writable)
        : state_(std::move(state)),
          file_(std::move(file)),
          path_(std::move(path)),
          writable_(writable) {}

    IoResult<std::size_t> pread(std::uint64_t offset, ByteSpan to) override {
        const std::lock_guard lock(state_->mutex);
        file_->cached = true;
        return file_->read(offset, to);
    }

    IoResult<std::size_t> pread_nowait(std::uint64_t offset, ByteSpan to) override {
        const std::lock_guard lock(state_->mutex);
        if (!file_->cached) return IoError{EAGAIN, "preadv2", path_};
        return file_->read(offset, to);
    }

    IoResult<void> pwrite(std::uint64_t offset, ByteView from) override {
        return changed("pwrite", offset, from.size(), [&] { file_->write(offset, from); });
    }

    IoResult<void> allocate(std::uint64_t offset, std::uint64_t length) override {
        return changed("fallocate", offset, length, [&] { file_->allocate(offset, length); });
    }

    // Blocks are taken when they are written; until then a reservation only asks for room.
    IoResult<void> reserve(std::uint64_t offset, std::uint64_t length) override {
        return changed("fallocate(keep_size)", offset, length, [] {});
    }

    IoResult<void> punch_hole(std::uint64_t offset, std::uint64_t length) override {
        return changed("fallocate(punch_hole)", 0, 0, [&] { file_->punch(offset, length); });
    }

    IoResult<void> truncate(std::uint64_t size) override {
        return changed("ftruncate", 0, 0, [&] { file_->truncate(size); });
    }

    IoResult<void> sync_data() override {
        const std::lock_guard lock(state_->mutex);
        if (!state_->options.syncs_lie) file_->sync();
        return {};
    }

    IoResult<void> start_writeback(std::uint64_t, std::uint64_t) override { return {}; }

    IoResult<std::uint64_t> size() override {
        const std::lock_guard lock(state_->mutex);
        return file_->size();
    }

    IoResult<std::uint64_t> allocated_bytes() override {
        const std::lock_guard lock(state_->mutex);
        return file_->allocated_bytes();
    }

    IoResult<std::uint64_t> links() override {
        const std::lock_guard lock(state_->mutex);
        return state_->links_of(file_);
    }

    IoResult<void> drop_cache(std::uint64_t, std::uint64_t) override {
        const std::lock_guard lock(state_->mutex);
        file_->cached = false;
        return {};
    }

private:
    /// The range is the one that needs disk space behind it.
    template <class Change>
    IoResult<void> changed(const char* operation, std::uint64_t offset, std::uint64_t length,
                           Change change) {
        const std::lock_guard lock(state_->mutex);
        if (!writable_) return IoError{EBADF, operation, path_};
        if (!state_->has_room(file_->new_bytes(offset, length)))
            return IoError{ENOSPC, operation, path_};
        const auto before = file_->allocated_bytes();
        change();
        state_->used_bytes += file_->allocated_bytes() - before;  // wraps back when it shrank
        return {};
    }

    std::shared_ptr<SimState> state_;
    FilePtr file_;
    std::string path_;
    bool writable_;
};

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

std::unique_ptr<SimVfs> SimVfs::crash(std::uint64_t seed) const {
    SeededRandom random(seed);
    const auto one_of = [&random](std::uint64_t bound) {
        std::array<std::uint8_t, 8> bytes;
        random.fill(bytes);
        return load_le64(bytes) % bound;
    };
    const std::lock_guard lock(state_->mutex);
    auto left = std::make_shared<SimState>(state_->options);
    Names names = state_->durable;
    const auto kept_in_order = one_of(state_->pending.size() + 1);
    for (std::size_t i = 0; i < state_->pending.size(); ++i) {
        const bool kept =
            state_->options.names == NameMode::ordered ? i < kept_in_order : one_of(2) == 1;
        if (kept) state_->pending[i].apply_to(names);
    }
    drop_unreachable(names);
    std::map<const SimFile*, FilePtr> survivors;  // two names of one file stay one file
    for (auto& [path, file] : names.files) {
        auto& survivor = survivors[file.get()];
        if (!survivor) {
            survivor = std::make_shared<SimFile>(file->survivor(random));
            left->used_bytes += survivor->allocated_bytes();
        }
        file = survivor;
    }
    left->now = names;
    left->durable = std::move(names);
    return std::unique_ptr<SimVfs>(new SimVfs(std::move(left)));
}

IoResult<std::unique_ptr<VfsFile>> SimVfs::open(const std::string& path, OpenMode mode, unsigned) {
    const std::lock_guard lock(state_->mutex);
    const auto found = state_->now.files.find(path);
    const bool there = found != state_->now.files.end();
    FilePtr file;
    if (there) {
        if (mode == OpenMode::create_exclusive) return IoError{EEXIST, "open", path};
        file = found->second;
        if (mode == OpenMode::create_empty) {
            state_->used_bytes -= file->allocated_bytes();
            file->truncate(0);
        }
    } else {
        if (mode == OpenMode::read || mode == OpenMode::read_write ||
            !state_->now.has_directory(parent_of(path)))
            return IoError{ENOENT, "open", path};
        file = std::make_shared<SimFile>();
        state_->change({parent_of(path), {}, {{path, file}}, {}});
    }
    return std::unique_ptr<VfsFile>(
        std::make_unique<OpenSimFile>(state_, std::move(file), path, mode != OpenMode::read));
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
    NameChange change{parent_of(path), {}, {}, {}};
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
        NameChange change{parent_of(to), parent_of(from), {}, {}};
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
    std::erase_if(state_->pending, [&](const NameChange& change) {
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
