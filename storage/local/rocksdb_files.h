/// Open files of a base::Vfs as RocksDB's file classes.
///
/// A read that fails with EIO is made a second time, from the medium: that tells a passing error
/// and a bad page of the cache from damage.
///
/// threads: reading at an offset from any; appending from one, syncing beside it from another.
/// source:  spec durability 2.5 ("read EIO", "frame CRC mismatch").
#pragma once

#include <rocksdb/file_system.h>
#include <rocksdb/io_status.h>

#include <memory>
#include <string>

#include "base/vfs.h"

namespace holdfast::storage::local {

rocksdb::IOStatus to_io_status(const base::IoError& error);

template <class T>
rocksdb::IOStatus to_io_status(const base::IoResult<T>& result) {
    return result ? rocksdb::IOStatus::OK() : to_io_status(result.error());
}

/// While it lives, what this thread reads of such files comes from the medium and not from the page
/// cache: to tell bad memory from damage when a checksum did not match.
class ReadFromMedium {
public:
    ReadFromMedium();
    ~ReadFromMedium();
    ReadFromMedium(const ReadFromMedium&) = delete;
    ReadFromMedium& operator=(const ReadFromMedium&) = delete;
};

/// A file that is read, and what it takes to read it past the page cache.
struct FileToRead {
    base::Vfs& vfs;
    std::string path;
    std::unique_ptr<base::VfsFile> file;
};
std::unique_ptr<rocksdb::FSSequentialFile> make_sequential_file(FileToRead file);
std::unique_ptr<rocksdb::FSRandomAccessFile> make_random_access_file(FileToRead file);
/// Appends behind size_bytes.
std::unique_ptr<rocksdb::FSWritableFile> make_writable_file(const rocksdb::FileOptions& options,
                                                            std::unique_ptr<base::VfsFile> file,
                                                            std::uint64_t size_bytes);
std::unique_ptr<rocksdb::FSDirectory> make_directory(base::Vfs& vfs, std::string path);

}  // namespace holdfast::storage::local
