#include "storage/local/rocksdb_files.h"

#include <algorithm>
#include <cerrno>
#include <utility>

namespace holdfast::storage::local {

namespace {

using rocksdb::IODebugContext;
using rocksdb::IOOptions;
using rocksdb::IOStatus;
using rocksdb::Slice;

thread_local int reads_from_medium = 0;

base::IoResult<std::size_t> read_medium(const FileToRead& file, std::uint64_t offset,
                                        base::ByteSpan to) {
    const auto medium = file.vfs.open(file.path, base::OpenMode::read_medium);
    if (!medium) return medium.error();
    return (*medium)->pread(offset, to);
}

IOStatus read_at(const FileToRead& file, std::uint64_t offset, std::size_t bytes, char* scratch,
                 Slice* result) {
    const base::ByteSpan to(reinterpret_cast<std::uint8_t*>(scratch), bytes);
    auto got = reads_from_medium > 0 ? read_medium(file, offset, to) : file.file->pread(offset, to);
    if (!got && got.error().code == EIO) {
        auto again = read_medium(file, offset, to);
        if (again || !again.error().out_of_means()) got = std::move(again);
    }
    *result = Slice(scratch, got ? *got : 0);
    return to_io_status(got);
}

class SequentialFile final : public rocksdb::FSSequentialFile {
public:
    explicit SequentialFile(FileToRead file) : file_(std::move(file)) {}

    IOStatus Read(std::size_t bytes, const IOOptions&, Slice* result, char* scratch,
                  IODebugContext*) override {
        auto status = read_at(file_, offset_, bytes, scratch, result);
        offset_ += result->size();
        return status;
    }

    IOStatus Skip(std::uint64_t bytes) override {
        const auto size = file_.file->size();
        if (!size) return to_io_status(size.error());
        offset_ = std::min(offset_ + bytes, std::max(offset_, *size));
        return IOStatus::OK();
    }

private:
    FileToRead file_;
    std::uint64_t offset_ = 0;
};

class RandomAccessFile final : public rocksdb::FSRandomAccessFile {
public:
    explicit RandomAccessFile(FileToRead file) : file_(std::move(file)) {}

    IOStatus Read(std::uint64_t offset, std::size_t bytes, const IOOptions&, Slice* result,
                  char* scratch, IODebugContext*) const override {
        return read_at(file_, offset, bytes, scratch, result);
    }

private:
    FileToRead file_;
};

class WritableFile final : public rocksdb::FSWritableFile {
public:
    WritableFile(const rocksdb::FileOptions& options, std::unique_ptr<base::VfsFile> file,
                 std::uint64_t size_bytes)
        : rocksdb::FSWritableFile(options),
          may_reserve_(options.allow_fallocate),
          file_(std::move(file)),
          size_bytes_(size_bytes) {}

    using rocksdb::FSWritableFile::Append;
    IOStatus Append(const Slice& data, const IOOptions&, IODebugContext*) override {
        const auto written = file_->pwrite(size_bytes_, base::as_bytes(data.ToStringView()));
        if (written) size_bytes_ += data.size();
        return to_io_status(written);
    }

    IOStatus Truncate(std::uint64_t size, const IOOptions&, IODebugContext*) override {
        const auto cut = file_->truncate(size);
        if (cut) size_bytes_ = size;
        return to_io_status(cut);
    }

    IOStatus Close(const IOOptions&, IODebugContext*) override {
        // Blocks reserved ahead and not needed; that they could not be given back hurts nobody.
        if (reserved_) static_cast<void>(file_->truncate(size_bytes_));
        file_.reset();
        return IOStatus::OK();
    }

    IOStatus Flush(const IOOptions&, IODebugContext*) override { return IOStatus::OK(); }

    /// Also what Fsync does: the size is synced along, and no time of the file matters.
    IOStatus Sync(const IOOptions&, IODebugContext*) override {
        return to_io_status(file_->sync_data());
    }

    [[nodiscard]] bool IsSyncThreadSafe() const override { return true; }

    IOStatus RangeSync(std::uint64_t offset, std::uint64_t bytes, const IOOptions&,
                       IODebugContext*) override {
        const auto started = file_->start_writeback(offset, bytes);
        // Where the file system has no such call, the final sync writes it all.
        if (!started && started.error().code == ENOSYS) return IOStatus::OK();
        return to_io_status(started);
    }

    std::uint64_t GetFileSize(const IOOptions&, IODebugContext*) override { return size_bytes_; }

    IOStatus Allocate(std::uint64_t offset, std::uint64_t bytes, const IOOptions&,
                      IODebugContext*) override {
        if (!may_reserve_) return IOStatus::OK();
        reserved_ = true;
        return to_io_status(file_->reserve(offset, bytes));
    }

private:
    const bool may_reserve_;
    bool reserved_ = false;
    std::unique_ptr<base::VfsFile> file_;
    std::uint64_t size_bytes_;
};

class Directory final : public rocksdb::FSDirectory {
public:
    Directory(base::Vfs& vfs, std::string path) : vfs_(vfs), path_(std::move(path)) {}

    IOStatus Fsync(const IOOptions&, IODebugContext*) override {
        return to_io_status(vfs_.sync_directory(path_));
    }
    IOStatus Close(const IOOptions&, IODebugContext*) override { return IOStatus::OK(); }

private:
    base::Vfs& vfs_;
    std::string path_;
};

}  // namespace

ReadFromMedium::ReadFromMedium() {
    ++reads_from_medium;
}

ReadFromMedium::~ReadFromMedium() {
    --reads_from_medium;
}

IOStatus to_io_status(const base::IoError& error) {
    if (error.code == ENOENT) return IOStatus::PathNotFound(error.message());
    if (!error.out_of_space()) return IOStatus::IOError(error.message());
    auto status = IOStatus::NoSpace(error.message());
    status.SetRetryable(true);
    return status;
}

std::unique_ptr<rocksdb::FSSequentialFile> make_sequential_file(FileToRead file) {
    return std::make_unique<SequentialFile>(std::move(file));
}

std::unique_ptr<rocksdb::FSRandomAccessFile> make_random_access_file(FileToRead file) {
    return std::make_unique<RandomAccessFile>(std::move(file));
}

std::unique_ptr<rocksdb::FSWritableFile> make_writable_file(const rocksdb::FileOptions& options,
                                                            std::unique_ptr<base::VfsFile> file,
                                                            std::uint64_t size_bytes) {
    return std::make_unique<WritableFile>(options, std::move(file), size_bytes);
}

std::unique_ptr<rocksdb::FSDirectory> make_directory(base::Vfs& vfs, std::string path) {
    return std::make_unique<Directory>(vfs, std::move(path));
}

}  // namespace holdfast::storage::local
