#include "base/faulty_vfs.h"

#include <map>
#include <mutex>
#include <optional>

namespace holdfast::base {

struct FaultPlan {
    mutable std::mutex mutex;
    std::optional<FaultyVfs::Fault> fault;
    std::uint64_t matched = 0;
    bool met = false;
    std::map<std::string, std::uint64_t> calls;
    FaultyVfs::Watch before_call;

    /// Counts the call; the error it must fail with.
    std::optional<IoError> count(const char* operation, const std::string& path) {
        if (before_call) before_call(operation, path);
        const std::lock_guard lock(mutex);
        ++calls[operation];
        if (!fault || (!fault->operation.empty() && fault->operation != operation) ||
            path.find(fault->path_part) == std::string::npos)
            return std::nullopt;
        ++matched;
        if (matched != fault->nth && !(fault->for_ever && matched > fault->nth))
            return std::nullopt;
        met = true;
        return IoError{fault->code, operation, path};
    }
};

namespace {

class FaultyFile final : public VfsFile {
public:
    FaultyFile(std::shared_ptr<FaultPlan> plan, std::unique_ptr<VfsFile> below, std::string path)
        : plan_(std::move(plan)), below_(std::move(below)), path_(std::move(path)) {}

    IoResult<std::size_t> pread(std::uint64_t offset, ByteSpan to) override {
        if (auto error = plan_->count("pread", path_)) return *error;
        return below_->pread(offset, to);
    }
    IoResult<std::size_t> pread_nowait(std::uint64_t offset, ByteSpan to) override {
        if (auto error = plan_->count("pread_nowait", path_)) return *error;
        return below_->pread_nowait(offset, to);
    }
    IoResult<void> pwrite(std::uint64_t offset, ByteView from) override {
        if (auto error = plan_->count("pwrite", path_)) {
            // What the half write itself says does not matter: the call fails anyway.
            static_cast<void>(below_->pwrite(offset, from.first(from.size() / 2)));
            return *error;
        }
        return below_->pwrite(offset, from);
    }
    IoResult<void> allocate(std::uint64_t offset, std::uint64_t length) override {
        if (auto error = plan_->count("allocate", path_)) return *error;
        return below_->allocate(offset, length);
    }
    IoResult<void> reserve(std::uint64_t offset, std::uint64_t length) override {
        if (auto error = plan_->count("reserve", path_)) return *error;
        return below_->reserve(offset, length);
    }
    IoResult<void> punch_hole(std::uint64_t offset, std::uint64_t length) override {
        if (auto error = plan_->count("punch_hole", path_)) return *error;
        return below_->punch_hole(offset, length);
    }
    IoResult<void> sync_data() override {
        if (auto error = plan_->count("sync_data", path_)) return *error;
        return below_->sync_data();
    }
    IoResult<void> start_writeback(std::uint64_t offset, std::uint64_t length) override {
        if (auto error = plan_->count("start_writeback", path_)) return *error;
        return below_->start_writeback(offset, length);
    }
    IoResult<void> truncate(std::uint64_t size) override {
        if (auto error = plan_->count("truncate", path_)) return *error;
        return below_->truncate(size);
    }
    IoResult<std::uint64_t> size() override {
        if (auto error = plan_->count("size", path_)) return *error;
        return below_->size();
    }
    IoResult<std::uint64_t> allocated_bytes() override {
        if (auto error = plan_->count("allocated_bytes", path_)) return *error;
        return below_->allocated_bytes();
    }
    IoResult<std::uint64_t> links() override {
        if (auto error = plan_->count("links", path_)) return *error;
        return below_->links();
    }

private:
    std::shared_ptr<FaultPlan> plan_;
    std::unique_ptr<VfsFile> below_;
    std::string path_;
};

}  // namespace

FaultyVfs::FaultyVfs(Vfs& below) : below_(below), plan_(std::make_shared<FaultPlan>()) {}
FaultyVfs::~FaultyVfs() = default;

void FaultyVfs::watch(Watch before_call) {
    plan_->before_call = std::move(before_call);
}

void FaultyVfs::fail(const Fault& fault) {
    const std::lock_guard lock(plan_->mutex);
    plan_->fault = fault;
    plan_->matched = 0;
    plan_->met = false;
}

void FaultyVfs::heal() {
    const std::lock_guard lock(plan_->mutex);
    plan_->fault.reset();
}

bool FaultyVfs::failed() const {
    const std::lock_guard lock(plan_->mutex);
    return plan_->met;
}

std::uint64_t FaultyVfs::calls(const std::string& operation) const {
    const std::lock_guard lock(plan_->mutex);
    std::uint64_t sum = 0;
    for (const auto& [name, count] : plan_->calls)
        if (operation.empty() || name == operation) sum += count;
    return sum;
}

IoResult<std::unique_ptr<VfsFile>> FaultyVfs::open(const std::string& path, OpenMode mode,
                                                   unsigned mode_bits) {
    const char* operation = mode == OpenMode::read_medium ? "open_medium" : "open";
    if (auto error = plan_->count(operation, path)) return *error;
    auto file = below_.open(path, mode, mode_bits);
    if (!file) return file;
    return std::unique_ptr<VfsFile>(std::make_unique<FaultyFile>(plan_, *std::move(file), path));
}

IoResult<bool> FaultyVfs::exists(const std::string& path) {
    if (auto error = plan_->count("exists", path)) return *error;
    return below_.exists(path);
}

IoResult<FileStatus> FaultyVfs::status(const std::string& path) {
    if (auto error = plan_->count("status", path)) return *error;
    return below_.status(path);
}

IoResult<std::vector<std::string>> FaultyVfs::list(const std::string& directory) {
    if (auto error = plan_->count("list", directory)) return *error;
    return below_.list(directory);
}

IoResult<void> FaultyVfs::make_directories(const std::string& path) {
    if (auto error = plan_->count("make_directories", path)) return *error;
    return below_.make_directories(path);
}

IoResult<void> FaultyVfs::remove_directory(const std::string& path) {
    if (auto error = plan_->count("remove_directory", path)) return *error;
    return below_.remove_directory(path);
}

IoResult<void> FaultyVfs::rename(const std::string& from, const std::string& to) {
    if (auto error = plan_->count("rename", from)) return *error;
    return below_.rename(from, to);
}

IoResult<void> FaultyVfs::link(const std::string& from, const std::string& to) {
    if (auto error = plan_->count("link", from)) return *error;
    return below_.link(from, to);
}

IoResult<void> FaultyVfs::unlink(const std::string& path) {
    if (auto error = plan_->count("unlink", path)) return *error;
    return below_.unlink(path);
}

IoResult<void> FaultyVfs::sync_directory(const std::string& path) {
    if (auto error = plan_->count("sync_directory", path)) return *error;
    return below_.sync_directory(path);
}

IoResult<FsSpace> FaultyVfs::space(const std::string& path) {
    if (auto error = plan_->count("space", path)) return *error;
    return below_.space(path);
}

IoResult<std::unique_ptr<VfsLock>> FaultyVfs::lock(const std::string& path) {
    if (auto error = plan_->count("lock", path)) return *error;
    return below_.lock(path);
}

}  // namespace holdfast::base
