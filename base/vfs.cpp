#include "base/vfs.h"

#include <cerrno>
#include <system_error>

namespace holdfast::base {

std::string IoError::message() const {
    std::string text = operation;
    if (!path.empty()) text += ' ' + path;
    return text + ": " + std::generic_category().message(code);
}

bool IoError::out_of_space() const {
    return code == ENOSPC || code == EDQUOT;
}

bool IoError::out_of_means() const {
    return code == EMFILE || code == ENFILE || code == ENOMEM;
}

IoResult<Bytes> read_file(Vfs& vfs, const std::string& path, std::uint64_t bytes_max,
                          OpenMode mode) {
    auto file = vfs.open(path, mode);
    if (!file) return std::move(file).error();
    const auto size = (*file)->size();
    if (!size) return size.error();
    if (*size > bytes_max) return IoError{EFBIG, "read", path};
    Bytes content(*size);
    const auto got = (*file)->pread(0, content);
    if (!got) return got.error();
    content.resize(*got);
    return content;
}

namespace {

std::string parent_of(const std::string& path) {
    const auto slash = path.rfind('/');
    if (slash == std::string::npos) return ".";
    return slash == 0 ? "/" : path.substr(0, slash);
}

IoResult<void> write_and_sync(Vfs& vfs, const std::string& path, ByteView content,
                              unsigned mode_bits) {
    auto file = vfs.open(path, OpenMode::create_exclusive, mode_bits);
    if (!file) return std::move(file).error();
    if (auto written = (*file)->pwrite(0, content); !written) return written;
    return (*file)->sync_data();
}

IoResult<void> write_beside_and_rename(Vfs& vfs, const std::string& path, const std::string& beside,
                                       ByteView content, unsigned mode_bits) {
    if (auto written = write_and_sync(vfs, beside, content, mode_bits); !written) return written;
    return vfs.rename(beside, path);
}

}  // namespace

IoResult<void> write_file_durably(Vfs& vfs, const std::string& path, ByteView content,
                                  unsigned mode_bits) {
    const std::string beside = path + ".new";
    // A leftover of a crash. Removing it instead of reusing it keeps the mode bits as asked for.
    if (auto removed = vfs.unlink(beside); !removed && removed.error().code != ENOENT)
        return removed;
    auto placed = write_beside_and_rename(vfs, path, beside, content, mode_bits);
    if (!placed) {
        // The first error is the one to report; a leftover is removed by the next attempt anyway.
        static_cast<void>(vfs.unlink(beside));
        return placed;
    }
    return vfs.sync_directory(parent_of(path));
}

}  // namespace holdfast::base
