#include "storage/local/rocksdb_vfs.h"

#include <rocksdb/file_system.h>

#include <utility>

#include "storage/local/rocksdb_files.h"

namespace holdfast::storage::local {

namespace {

using base::OpenMode;
using rocksdb::FileOptions;
using rocksdb::IODebugContext;
using rocksdb::IOOptions;
using rocksdb::IOStatus;

class HeldLock final : public rocksdb::FileLock {
public:
    explicit HeldLock(std::unique_ptr<base::VfsLock> lock) : lock_(std::move(lock)) {}

private:
    std::unique_ptr<base::VfsLock> lock_;
};

/// What RocksDB never asks of it for our databases is answered with NotSupported.
class VfsFileSystem final : public rocksdb::FileSystem {
public:
    explicit VfsFileSystem(base::Vfs& vfs) : vfs_(vfs) {}

    [[nodiscard]] const char* Name() const override { return "holdfast"; }

    IOStatus NewSequentialFile(const std::string& path, const FileOptions&,
                               std::unique_ptr<rocksdb::FSSequentialFile>* result,
                               IODebugContext*) override {
        auto file = vfs_.open(path, OpenMode::read);
        if (!file) return to_io_status(file);
        *result = make_sequential_file({vfs_, path, *std::move(file)});
        return IOStatus::OK();
    }

    IOStatus NewRandomAccessFile(const std::string& path, const FileOptions&,
                                 std::unique_ptr<rocksdb::FSRandomAccessFile>* result,
                                 IODebugContext*) override {
        auto file = vfs_.open(path, OpenMode::read);
        if (!file) return to_io_status(file);
        *result = make_random_access_file({vfs_, path, *std::move(file)});
        return IOStatus::OK();
    }

    IOStatus NewWritableFile(const std::string& path, const FileOptions& options,
                             std::unique_ptr<rocksdb::FSWritableFile>* result,
                             IODebugContext*) override {
        auto file = vfs_.open(path, OpenMode::create_empty);
        if (!file) return to_io_status(file);
        *result = make_writable_file(options, *std::move(file), 0);
        return IOStatus::OK();
    }

    IOStatus ReopenWritableFile(const std::string& path, const FileOptions& options,
                                std::unique_ptr<rocksdb::FSWritableFile>* result,
                                IODebugContext*) override {
        auto file = vfs_.open(path, OpenMode::create);
        if (!file) return to_io_status(file.error());
        const auto size = (*file)->size();
        if (size) *result = make_writable_file(options, *std::move(file), *size);
        return to_io_status(size);
    }

    IOStatus NewDirectory(const std::string& path, const IOOptions&,
                          std::unique_ptr<rocksdb::FSDirectory>* result, IODebugContext*) override {
        const auto there = vfs_.exists(path);
        if (there && !*there) return IOStatus::PathNotFound(path);
        if (there) *result = make_directory(vfs_, path);
        return to_io_status(there);
    }

    IOStatus FileExists(const std::string& path, const IOOptions&, IODebugContext*) override {
        const auto there = vfs_.exists(path);
        if (there && !*there) return IOStatus::NotFound(path);
        return to_io_status(there);
    }

    IOStatus GetChildren(const std::string& directory, const IOOptions&,
                         std::vector<std::string>* names, IODebugContext*) override {
        names->clear();
        auto found = vfs_.list(directory);
        if (!found) return to_io_status(found);
        *names = *std::move(found);
        return IOStatus::OK();
    }

    IOStatus DeleteFile(const std::string& path, const IOOptions&, IODebugContext*) override {
        return to_io_status(vfs_.unlink(path));
    }

    IOStatus CreateDir(const std::string& path, const IOOptions& options,
                       IODebugContext* debug) override {
        const auto there = vfs_.exists(path);
        if (there && *there) return IOStatus::IOError(path, "is there already");
        return there ? CreateDirIfMissing(path, options, debug) : to_io_status(there.error());
    }

    IOStatus CreateDirIfMissing(const std::string& path, const IOOptions&,
                                IODebugContext*) override {
        return to_io_status(vfs_.make_directories(path));
    }

    IOStatus DeleteDir(const std::string& path, const IOOptions&, IODebugContext*) override {
        return to_io_status(vfs_.remove_directory(path));
    }

    IOStatus GetFileSize(const std::string& path, const IOOptions&, std::uint64_t* bytes,
                         IODebugContext*) override {
        const auto status = vfs_.status(path);
        if (status) *bytes = status->size_bytes;
        return to_io_status(status);
    }

    IOStatus GetFileModificationTime(const std::string& path, const IOOptions&,
                                     std::uint64_t* unix_s, IODebugContext*) override {
        const auto status = vfs_.status(path);
        if (status) *unix_s = status->modified_unix_s;
        return to_io_status(status);
    }

    IOStatus IsDirectory(const std::string& path, const IOOptions&, bool* is_directory,
                         IODebugContext*) override {
        const auto status = vfs_.status(path);
        if (status) *is_directory = status->is_directory;
        return to_io_status(status);
    }

    /// A rename makes CURRENT name another manifest. RocksDB leaves it to the file system to keep
    /// the new manifest's own name first; POSIX promises no such order.
    IOStatus RenameFile(const std::string& from, const std::string& to, const IOOptions&,
                        IODebugContext*) override {
        if (auto synced = vfs_.sync_directory(from.substr(0, from.rfind('/'))); !synced)
            return to_io_status(synced);
        return to_io_status(vfs_.rename(from, to));
    }

    IOStatus LinkFile(const std::string& from, const std::string& to, const IOOptions&,
                      IODebugContext*) override {
        return to_io_status(vfs_.link(from, to));
    }

    IOStatus LockFile(const std::string& path, const IOOptions&, rocksdb::FileLock** result,
                      IODebugContext*) override {
        *result = nullptr;
        auto lock = vfs_.lock(path);
        if (!lock) return to_io_status(lock);
        *result = std::make_unique<HeldLock>(*std::move(lock)).release();
        return IOStatus::OK();
    }

    IOStatus UnlockFile(rocksdb::FileLock* lock, const IOOptions&, IODebugContext*) override {
        const std::unique_ptr<rocksdb::FileLock> released(lock);
        return IOStatus::OK();
    }

    IOStatus GetFreeSpace(const std::string& path, const IOOptions&, std::uint64_t* bytes,
                          IODebugContext*) override {
        const auto space = vfs_.space(path);
        if (space) *bytes = space->free_bytes;
        return to_io_status(space);
    }

    IOStatus GetAbsolutePath(const std::string& path, const IOOptions&, std::string* absolute,
                             IODebugContext*) override {
        *absolute = path;  // paths mean to the vfs what they mean to us
        return IOStatus::OK();
    }

    IOStatus GetTestDirectory(const IOOptions&, std::string*, IODebugContext*) override {
        return IOStatus::NotSupported("GetTestDirectory");
    }

private:
    base::Vfs& vfs_;
};

}  // namespace

std::unique_ptr<rocksdb::Env> make_rocksdb_env(base::Vfs& vfs) {
    return rocksdb::NewCompositeEnv(std::make_shared<VfsFileSystem>(vfs));
}

}  // namespace holdfast::storage::local
