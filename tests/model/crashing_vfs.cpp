#include "tests/model/crashing_vfs.h"

#include <cerrno>

namespace holdfast::model_test {

namespace {

using base::ByteSpan;
using base::ByteView;
using base::IoResult;

class CrashingFile final : public base::VfsFile {
public:
    CrashingFile(std::unique_ptr<base::VfsFile> file, PowerSwitch& power,
                 const std::atomic<bool>& holes)
        : file_(std::move(file)), power_(power), holes_(holes) {}

    IoResult<std::size_t> pread(std::uint64_t offset, ByteSpan to) override {
        return file_->pread(offset, to);
    }
    IoResult<std::size_t> pread_nowait(std::uint64_t offset, ByteSpan to) override {
        return file_->pread_nowait(offset, to);
    }
    IoResult<void> pwrite(std::uint64_t offset, ByteView from) override {
        power_.before_change();
        return file_->pwrite(offset, from);
    }
    IoResult<void> allocate(std::uint64_t offset, std::uint64_t length) override {
        power_.before_change();
        return file_->allocate(offset, length);
    }
    IoResult<void> reserve(std::uint64_t offset, std::uint64_t length) override {
        power_.before_change();
        return file_->reserve(offset, length);
    }
    IoResult<void> punch_hole(std::uint64_t offset, std::uint64_t length) override {
        if (!holes_) return base::IoError{EOPNOTSUPP, "punch_hole", {}};
        power_.before_change();
        return file_->punch_hole(offset, length);
    }
    IoResult<void> sync_data() override {
        power_.before_change();
        return file_->sync_data();
    }
    IoResult<void> start_writeback(std::uint64_t offset, std::uint64_t length) override {
        return file_->start_writeback(offset, length);
    }
    IoResult<void> truncate(std::uint64_t size) override {
        power_.before_change();
        return file_->truncate(size);
    }
    IoResult<std::uint64_t> size() override { return file_->size(); }
    IoResult<std::uint64_t> allocated_bytes() override { return file_->allocated_bytes(); }
    IoResult<std::uint64_t> links() override { return file_->links(); }

private:
    std::unique_ptr<base::VfsFile> file_;
    PowerSwitch& power_;
    const std::atomic<bool>& holes_;
};

}  // namespace

void PowerSwitch::arm(std::uint64_t nth, std::uint64_t seed) {
    const std::lock_guard guard(mutex_);
    left_ = nth;
    seed_ = seed;
}

void PowerSwitch::before_change() {
    const std::lock_guard guard(mutex_);
    if (left_ == 0 || --left_ > 0) return;
    survivor_ = disk_.crash(seed_);
}

std::unique_ptr<base::SimVfs> PowerSwitch::take_survivor() {
    const std::lock_guard guard(mutex_);
    left_ = 0;
    return std::move(survivor_);
}

IoResult<std::unique_ptr<base::VfsFile>> CrashingVfs::open(const std::string& path,
                                                           base::OpenMode mode,
                                                           unsigned mode_bits) {
    if (mode == base::OpenMode::create || mode == base::OpenMode::create_exclusive)
        power_.before_change();
    auto file = disk_.open(path, mode, mode_bits);
    if (!file) return std::move(file).error();
    return std::unique_ptr<base::VfsFile>(
        std::make_unique<CrashingFile>(*std::move(file), power_, holes_));
}

IoResult<bool> CrashingVfs::exists(const std::string& path) {
    return disk_.exists(path);
}

IoResult<base::FileStatus> CrashingVfs::status(const std::string& path) {
    return disk_.status(path);
}

IoResult<std::vector<std::string>> CrashingVfs::list(const std::string& directory) {
    return disk_.list(directory);
}

IoResult<void> CrashingVfs::make_directories(const std::string& path) {
    power_.before_change();
    return disk_.make_directories(path);
}

IoResult<void> CrashingVfs::remove_directory(const std::string& path) {
    power_.before_change();
    return disk_.remove_directory(path);
}

IoResult<void> CrashingVfs::rename(const std::string& from, const std::string& to) {
    power_.before_change();
    return disk_.rename(from, to);
}

IoResult<void> CrashingVfs::link(const std::string& from, const std::string& to) {
    power_.before_change();
    return disk_.link(from, to);
}

IoResult<void> CrashingVfs::unlink(const std::string& path) {
    power_.before_change();
    return disk_.unlink(path);
}

IoResult<void> CrashingVfs::sync_directory(const std::string& path) {
    power_.before_change();
    return disk_.sync_directory(path);
}

IoResult<base::FsSpace> CrashingVfs::space(const std::string& path) {
    return disk_.space(path);
}

IoResult<std::unique_ptr<base::VfsLock>> CrashingVfs::lock(const std::string& path) {
    return disk_.lock(path);
}

}  // namespace holdfast::model_test
