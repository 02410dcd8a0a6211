// The only file of the product that calls the kernel's file API.

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <memory>

#include "base/vfs.h"

namespace holdfast::base {

namespace {

constexpr unsigned directory_mode_bits = 0750;

IoError failure(const char* operation, const std::string& path) {
    return IoError{errno, operation, path};
}

/// Repeats a system call that a signal interrupted.
template <class Call>
auto uninterrupted(Call call) {
    auto result = call();
    while (result == -1 && errno == EINTR) result = call();
    return result;
}

class Descriptor {
public:
    explicit Descriptor(int number) : number_(number) {}
    Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    Descriptor& operator=(Descriptor&&) = delete;
    // What matters was synced before; the result of close says nothing more about it.
    ~Descriptor() {
        if (number_ >= 0) ::close(number_);
    }
    [[nodiscard]] int number() const { return number_; }

private:
    int number_;
};

IoResult<Descriptor> open_descriptor(const std::string& path, int flags, unsigned mode_bits) {
    const int number =
        uninterrupted([&] { return ::open(path.c_str(), flags | O_CLOEXEC, mode_bits); });
    if (number < 0) return failure("open", path);
    return Descriptor(number);
}

class PosixFile : public VfsFile {
public:
    PosixFile(Descriptor descriptor, std::string path)
        : descriptor_(std::move(descriptor)), path_(std::move(path)) {}

    IoResult<std::size_t> pread(std::uint64_t offset, ByteSpan to) override {
        return read_fully("pread", to, [&](std::size_t done) {
            return ::pread(fd(), to.data() + done, to.size() - done, position(offset + done));
        });
    }

    IoResult<std::size_t> pread_nowait(std::uint64_t offset, ByteSpan to) override {
        auto got = read_fully("preadv2", to, [&](std::size_t done) {
            const iovec rest{to.data() + done, to.size() - done};
            return ::preadv2(fd(), &rest, 1, position(offset + done), RWF_NOWAIT);
        });
        // A file system that cannot promise not to wait: the caller reads where waiting is fine.
        if (!got && got.error().code == EOPNOTSUPP) got.error().code = EAGAIN;
        return got;
    }

    IoResult<void> pwrite(std::uint64_t offset, ByteView from) override {
        std::size_t done = 0;
        while (done < from.size()) {
            const ssize_t count = uninterrupted([&] {
                return ::pwrite(fd(), from.data() + done, from.size() - done,
                                position(offset + done));
            });
            if (count < 0) return failure("pwrite", path_);
            if (count == 0) return IoError{EIO, "pwrite", path_};
            done += static_cast<std::size_t>(count);
        }
        return {};
    }

    IoResult<void> allocate(std::uint64_t offset, std::uint64_t length) override {
        return checked("fallocate",
                       [&] { return ::fallocate(fd(), 0, position(offset), position(length)); });
    }

    IoResult<void> reserve(std::uint64_t offset, std::uint64_t length) override {
        return checked("fallocate(keep_size)", [&] {
            return ::fallocate(fd(), FALLOC_FL_KEEP_SIZE, position(offset), position(length));
        });
    }

    IoResult<void> punch_hole(std::uint64_t offset, std::uint64_t length) override {
        return checked("fallocate(punch_hole)", [&] {
            return ::fallocate(fd(), FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, position(offset),
                               position(length));
        });
    }

    IoResult<void> sync_data() override {
        return checked("fdatasync", [&] { return ::fdatasync(fd()); });
    }

    // Without the waiting flags: those would take the write-back error away from sync_data().
    IoResult<void> start_writeback(std::uint64_t offset, std::uint64_t length) override {
        return checked("sync_file_range", [&] {
            return ::sync_file_range(fd(), position(offset), position(length),
                                     SYNC_FILE_RANGE_WRITE);
        });
    }

    IoResult<void> truncate(std::uint64_t size) override {
        return checked("ftruncate", [&] { return ::ftruncate(fd(), position(size)); });
    }

    IoResult<std::uint64_t> size() override {
        struct stat status {};
        if (::fstat(fd(), &status) != 0) return failure("fstat", path_);
        return static_cast<std::uint64_t>(status.st_size);
    }

    IoResult<std::uint64_t> allocated_bytes() override {
        constexpr std::uint64_t unit_bytes = 512;  // of st_blocks, whatever the file system's is
        struct stat status {};
        if (::fstat(fd(), &status) != 0) return failure("fstat", path_);
        return static_cast<std::uint64_t>(status.st_blocks) * unit_bytes;
    }

    IoResult<std::uint64_t> links() override {
        struct stat status {};
        if (::fstat(fd(), &status) != 0) return failure("fstat", path_);
        return static_cast<std::uint64_t>(status.st_nlink);
    }

protected:
    [[nodiscard]] int fd() const { return descriptor_.number(); }

    /// Offsets beyond off_t become negative, which the kernel refuses with EINVAL.
    static off_t position(std::uint64_t offset) { return static_cast<off_t>(offset); }

    template <class Call>
    IoResult<void> checked(const char* operation, Call call) {
        if (uninterrupted(call) != 0) return failure(operation, path_);
        return {};
    }

    template <class ReadAt>
    IoResult<std::size_t> read_fully(const char* operation, ByteSpan to, ReadAt read_at) {
        std::size_t done = 0;
        while (done < to.size()) {
            const ssize_t count = uninterrupted([&] { return read_at(done); });
            if (count < 0) return failure(operation, path_);
            if (count == 0) break;
            done += static_cast<std::size_t>(count);
        }
        return done;
    }

    [[nodiscard]] const std::string& path() const { return path_; }

private:
    Descriptor descriptor_;
    std::string path_;
};

/// Reads past the page cache (O_DIRECT). Dropping a range from the cache is not enough: the kernel
/// caches pieces of up to 2 MiB as one, and keeps what a range covers in part.
class PosixMediumFile final : public PosixFile {
public:
    PosixMediumFile(Descriptor descriptor, std::string path, bool direct)
        : PosixFile(std::move(descriptor), std::move(path)), direct_(direct) {}

    IoResult<std::size_t> pread(std::uint64_t offset, ByteSpan to) override {
        if (direct_) {
            auto got = read_direct(offset, to);
            if (got || got.error().code != EINVAL) return got;
            // A file system that takes the flag and then cannot.
            direct_ = false;
            if (::fcntl(fd(), F_SETFL, O_RDONLY) != 0) return failure("fcntl", path());
        }
        const auto from = offset / cached_piece_bytes_max * cached_piece_bytes_max;
        const auto end = rounded_up(offset + to.size(), cached_piece_bytes_max);
        // Where it cannot, there is no medium: the best that can be had is what is cached.
        static_cast<void>(
            ::posix_fadvise(fd(), position(from), position(end - from), POSIX_FADV_DONTNEED));
        return PosixFile::pread(offset, to);
    }

    IoResult<std::size_t> pread_nowait(std::uint64_t, ByteSpan) override {
        return IoError{EAGAIN, "preadv2", path()};
    }

private:
    static constexpr std::uint64_t cached_piece_bytes_max = 2 << 20;
    /// What offsets, sizes and memory have to be multiples of; enough for any disk.
    static constexpr std::uint64_t direct_alignment = 4096;
    static constexpr std::uint64_t buffer_bytes_max = 256 << 10;

    static std::uint64_t rounded_up(std::uint64_t value, std::uint64_t unit) {
        return (value + unit - 1) / unit * unit;
    }

    IoResult<std::size_t> read_direct(std::uint64_t offset, ByteSpan to) {
        const auto end = rounded_up(offset + to.size(), direct_alignment);
        const auto begin = offset / direct_alignment * direct_alignment;
        const auto buffer_bytes = std::min(end - begin, buffer_bytes_max);
        const std::unique_ptr<void, void (*)(void*)> buffer(
            std::aligned_alloc(direct_alignment, buffer_bytes), std::free);
        if (!buffer && buffer_bytes > 0) return IoError{ENOMEM, "pread", path()};
        std::size_t done = 0;
        while (done < to.size()) {
            const auto at = (offset + done) / direct_alignment * direct_alignment;
            const auto skipped = offset + done - at;
            const auto wanted = std::min(end - at, buffer_bytes);
            const ssize_t count =
                uninterrupted([&] { return ::pread(fd(), buffer.get(), wanted, position(at)); });
            if (count < 0) return failure("pread", path());
            const auto got = static_cast<std::uint64_t>(count);
            if (got <= skipped) break;
            const auto taken = std::min<std::uint64_t>(got - skipped, to.size() - done);
            std::memcpy(to.data() + done, static_cast<std::uint8_t*>(buffer.get()) + skipped,
                        taken);
            ::explicit_bzero(buffer.get(), got);  // it may have been a key
            done += taken;
            if (got % direct_alignment != 0) break;  // the end of the file
        }
        return done;
    }

    std::atomic<bool> direct_;
};

class PosixLock final : public VfsLock {
public:
    explicit PosixLock(Descriptor descriptor) : descriptor_(std::move(descriptor)) {}

private:
    Descriptor descriptor_;  // closing it releases the lock
};

int open_flags(OpenMode mode) {
    switch (mode) {
        case OpenMode::read:
        case OpenMode::read_medium:
            return O_RDONLY;
        case OpenMode::read_write:
            return O_RDWR;
        case OpenMode::create_exclusive:
            return O_RDWR | O_CREAT | O_EXCL;
        case OpenMode::create:
            return O_RDWR | O_CREAT;
        case OpenMode::create_empty:
            return O_RDWR | O_CREAT | O_TRUNC;
    }
    return O_RDONLY;
}

IoResult<std::unique_ptr<VfsFile>> open_medium(const std::string& path) {
    for (const int direct : {O_DIRECT, 0}) {
        auto descriptor = open_descriptor(path, O_RDONLY | direct, 0);
        if (!descriptor && descriptor.error().code == EINVAL && direct != 0) continue;
        if (!descriptor) return std::move(descriptor).error();
        return std::unique_ptr<VfsFile>(
            std::make_unique<PosixMediumFile>(*std::move(descriptor), path, direct != 0));
    }
    return IoError{EINVAL, "open", path};
}

class PosixVfs final : public Vfs {
public:
    IoResult<std::unique_ptr<VfsFile>> open(const std::string& path, OpenMode mode,
                                            unsigned mode_bits) override {
        if (mode == OpenMode::read_medium) return open_medium(path);
        auto descriptor = open_descriptor(path, open_flags(mode), mode_bits);
        if (!descriptor) return std::move(descriptor).error();
        return std::unique_ptr<VfsFile>(std::make_unique<PosixFile>(*std::move(descriptor), path));
    }

    IoResult<bool> exists(const std::string& path) override {
        struct stat status {};
        if (::stat(path.c_str(), &status) == 0) return true;
        if (errno == ENOENT || errno == ENOTDIR) return false;
        return failure("stat", path);
    }

    IoResult<FileStatus> status(const std::string& path) override {
        struct stat found {};
        if (::stat(path.c_str(), &found) != 0) return failure("stat", path);
        return FileStatus{static_cast<std::uint64_t>(found.st_size),
                          static_cast<std::uint64_t>(found.st_mtim.tv_sec), S_ISDIR(found.st_mode)};
    }

    IoResult<std::vector<std::string>> list(const std::string& directory) override {
        const std::unique_ptr<DIR, int (*)(DIR*)> stream(::opendir(directory.c_str()), ::closedir);
        if (!stream) return failure("opendir", directory);
        std::vector<std::string> names;
        errno = 0;
        while (const dirent* entry = ::readdir(stream.get())) {
            const std::string_view name = entry->d_name;
            if (name != "." && name != "..") names.emplace_back(name);
            errno = 0;
        }
        if (errno != 0) return failure("readdir", directory);
        std::sort(names.begin(), names.end());
        return names;
    }

    IoResult<void> make_directories(const std::string& path) override {
        for (auto end = path.find('/', 1); end != std::string::npos; end = path.find('/', end + 1))
            if (auto made = make_directory(path.substr(0, end)); !made) return made;
        return make_directory(path);
    }

    IoResult<void> remove_directory(const std::string& path) override {
        if (::rmdir(path.c_str()) != 0) return failure("rmdir", path);
        return {};
    }

    IoResult<void> rename(const std::string& from, const std::string& to) override {
        if (::rename(from.c_str(), to.c_str()) != 0) return failure("rename", from);
        return {};
    }

    IoResult<void> link(const std::string& from, const std::string& to) override {
        if (::link(from.c_str(), to.c_str()) != 0) return failure("link", to);
        return {};
    }

    IoResult<void> unlink(const std::string& path) override {
        if (::unlink(path.c_str()) != 0) return failure("unlink", path);
        return {};
    }

    IoResult<void> sync_directory(const std::string& path) override {
        const auto descriptor = open_descriptor(path, O_RDONLY | O_DIRECTORY, 0);
        if (!descriptor) return descriptor.error();
        if (uninterrupted([&] { return ::fsync(descriptor->number()); }) != 0)
            return failure("fsync", path);
        return {};
    }

    IoResult<FsSpace> space(const std::string& path) override {
        struct statvfs status {};
        if (uninterrupted([&] { return ::statvfs(path.c_str(), &status); }) != 0)
            return failure("statvfs", path);
        FsSpace space;
        space.total_bytes = static_cast<std::uint64_t>(status.f_blocks) * status.f_frsize;
        space.free_bytes = static_cast<std::uint64_t>(status.f_bavail) * status.f_frsize;
        // File systems without an inode table (btrfs) say they have none at all.
        space.free_inodes =
            status.f_files == 0 ? std::numeric_limits<std::uint64_t>::max() : status.f_favail;
        return space;
    }

    IoResult<std::unique_ptr<VfsLock>> lock(const std::string& path) override {
        auto descriptor = open_descriptor(path, O_RDWR | O_CREAT, 0640);
        if (!descriptor) return std::move(descriptor).error();
        const int number = descriptor->number();
        if (uninterrupted([&] { return ::flock(number, LOCK_EX | LOCK_NB); }) != 0)
            return failure("flock", path);
        return std::unique_ptr<VfsLock>(std::make_unique<PosixLock>(*std::move(descriptor)));
    }

private:
    static IoResult<void> make_directory(const std::string& path) {
        if (::mkdir(path.c_str(), directory_mode_bits) == 0) return {};
        // Also where a parent may not be written: what matters is that the directory is there.
        const int code = errno;
        struct stat status {};
        if (::stat(path.c_str(), &status) != 0) return IoError{code, "mkdir", path};
        if (!S_ISDIR(status.st_mode)) return IoError{ENOTDIR, "mkdir", path};
        return {};
    }
};

}  // namespace

std::unique_ptr<Vfs> make_posix_vfs() {
    return std::make_unique<PosixVfs>();
}

}  // namespace holdfast::base
