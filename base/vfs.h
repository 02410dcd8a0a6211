/// The file system as an interface. No code outside PosixVfs calls the kernel's file API (a check
/// greps for it), so that the simulated and the faulty file system see everything the engine does.
///
/// threads: any; two calls on one file may run at once (offsets are explicit).
/// errors:  IoError with the errno; a short write is reported as one.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"

namespace holdfast::base {

struct IoError {
    int code = 0;           ///< errno
    std::string operation;  ///< "pwrite", "fdatasync", …
    std::string path;

    /// "pwrite data/segments/…: No space left on device"
    [[nodiscard]] std::string message() const;
    [[nodiscard]] bool out_of_space() const;  ///< ENOSPC or EDQUOT
    /// EMFILE, ENFILE or ENOMEM: the process lacks it, which tells nothing about the medium.
    [[nodiscard]] bool out_of_means() const;
};

template <class T>
using IoResult = Expected<T, IoError>;

class VfsFile {
public:
    virtual ~VfsFile() = default;  ///< closes
    /// Bytes read; fewer than asked for only at the end of the file.
    virtual IoResult<std::size_t> pread(std::uint64_t offset, ByteSpan to) = 0;
    /// As pread, but fails with EAGAIN instead of waiting for the disk.
    virtual IoResult<std::size_t> pread_nowait(std::uint64_t offset, ByteSpan to) = 0;
    /// Writes all of it.
    virtual IoResult<void> pwrite(std::uint64_t offset, ByteView from) = 0;
    /// Reserves disk blocks; the file reads as zeros there and grows to offset + length.
    virtual IoResult<void> allocate(std::uint64_t offset, std::uint64_t length) = 0;
    /// Reserves disk blocks; the size stays, also when the range lies behind the end. A truncate to
    /// that size gives them back.
    virtual IoResult<void> reserve(std::uint64_t offset, std::uint64_t length) = 0;
    /// Gives blocks back, the size stays. EOPNOTSUPP where the file system cannot.
    virtual IoResult<void> punch_hole(std::uint64_t offset, std::uint64_t length) = 0;
    virtual IoResult<void> sync_data() = 0;
    /// Starts write-back of a range without waiting (sync_file_range); no promise of durability.
    virtual IoResult<void> start_writeback(std::uint64_t offset, std::uint64_t length) = 0;
    virtual IoResult<void> truncate(std::uint64_t size) = 0;
    virtual IoResult<std::uint64_t> size() = 0;
    /// Disk space behind the file, holes not counted. Not exact on every file system.
    virtual IoResult<std::uint64_t> allocated_bytes() = 0;
    /// Names that the file has.
    virtual IoResult<std::uint64_t> links() = 0;
};

enum class OpenMode {
    read,              ///< must exist
    read_medium,       ///< the same; each pread asks the medium, whatever is cached
    read_write,        ///< must exist
    create_exclusive,  ///< must not exist; read and write
    create,            ///< made when missing; read and write
    create_empty,      ///< made when missing, emptied when there; read and write
};

struct FsSpace {
    std::uint64_t total_bytes = 0;
    std::uint64_t free_bytes = 0;  ///< for an unprivileged writer
    std::uint64_t free_inodes = 0;
};

struct FileStatus {
    std::uint64_t size_bytes = 0;
    std::uint64_t modified_unix_s = 0;  ///< 0 where the file system has no clock
    bool is_directory = false;
};

/// Held while it lives.
class VfsLock {
public:
    virtual ~VfsLock() = default;
};

class Vfs {
public:
    virtual ~Vfs() = default;
    /// mode_bits apply when the call creates the file.
    virtual IoResult<std::unique_ptr<VfsFile>> open(const std::string& path, OpenMode mode,
                                                    unsigned mode_bits = 0640) = 0;
    virtual IoResult<bool> exists(const std::string& path) = 0;
    virtual IoResult<FileStatus> status(const std::string& path) = 0;
    /// Names in a directory, without "." and "..", sorted.
    virtual IoResult<std::vector<std::string>> list(const std::string& directory) = 0;
    /// Makes it and its missing parents; fine when it is there.
    virtual IoResult<void> make_directories(const std::string& path) = 0;
    /// An empty one.
    virtual IoResult<void> remove_directory(const std::string& path) = 0;
    /// Also of a directory, to a name that is not there.
    virtual IoResult<void> rename(const std::string& from, const std::string& to) = 0;
    virtual IoResult<void> link(const std::string& from, const std::string& to) = 0;
    /// EISDIR or EPERM for a directory.
    virtual IoResult<void> unlink(const std::string& path) = 0;
    /// Makes the names in a directory durable.
    virtual IoResult<void> sync_directory(const std::string& path) = 0;
    virtual IoResult<FsSpace> space(const std::string& path) = 0;
    /// An exclusive lock on a file (made when missing); EWOULDBLOCK when somebody holds it.
    virtual IoResult<std::unique_ptr<VfsLock>> lock(const std::string& path) = 0;
};

/// The kernel's file system.
std::unique_ptr<Vfs> make_posix_vfs();

/// Whole small files. `mode`: read or read_medium. read_file fails above bytes_max with EFBIG.
/// write_file_durably writes a new file beside it, syncs, renames over and syncs the directory.
IoResult<Bytes> read_file(Vfs& vfs, const std::string& path, std::uint64_t bytes_max,
                          OpenMode mode = OpenMode::read);
IoResult<void> write_file_durably(Vfs& vfs, const std::string& path, ByteView content,
                                  unsigned mode_bits);

}  // namespace holdfast::base
