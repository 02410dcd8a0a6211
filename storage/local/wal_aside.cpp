#include "storage/local/wal_aside.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>

#include "base/limits.h"
#include "storage/local/segment_failpoint.h"

namespace holdfast::storage::local {

namespace {

using base::IoResult;

std::string parent_of(const std::string& path) {
    return path.substr(0, path.rfind('/'));
}

bool has_no_links(const base::IoError& error) {
    return error.code == EOPNOTSUPP || error.code == EPERM || error.code == EMLINK ||
           error.code == EXDEV || error.code == ENOSYS;
}

}  // namespace

IoResult<void> WalAside::keep(std::uint64_t incarnation) {
    const auto names = vfs_.list(index_);
    if (!names) return names.error();
    if (auto made = vfs_.make_directories(directory_); !made) return made;
    for (const auto& name : *names) {
        if (!name.ends_with(".log")) continue;
        if (auto failed = as_io_error(HF_FAILPOINT("recovery.walcopy"), "link", name))
            return *failed;
        const auto to = fmt::format("{}/{:08x}-{}", directory_, incarnation, name);
        if (auto kept = keep_file(index_ + "/" + name, to); !kept) return kept;
    }
    if (auto synced = vfs_.sync_directory(directory_); !synced) return synced;
    return vfs_.sync_directory(parent_of(directory_));
}

IoResult<void> WalAside::drop() {
    const auto names = vfs_.list(directory_);
    if (!names && names.error().code == ENOENT) return {};
    if (!names) return names.error();
    if (names->empty()) return {};
    for (const auto& name : *names)
        if (auto removed = vfs_.unlink(directory_ + "/" + name); !removed) return removed;
    return vfs_.sync_directory(directory_);
}

IoResult<void> WalAside::keep_file(const std::string& from, const std::string& to) {
    auto linked = vfs_.link(from, to);
    // Of an earlier start that was killed: the file behind the name is the same.
    if (!linked && linked.error().code == EEXIST) return {};
    if (!linked && has_no_links(linked.error())) return copy(from, to);
    return linked;
}

IoResult<void> WalAside::copy(const std::string& from, const std::string& to) {
    const auto source = vfs_.open(from, base::OpenMode::read);
    if (!source) return source.error();
    // Under its own name it is whole: keep_file() takes what it finds there for that.
    const auto unfinished = to + ".part";
    const auto target = vfs_.open(unfinished, base::OpenMode::create_empty);
    if (!target) return target.error();
    base::Bytes piece(base::MiB);
    for (std::uint64_t offset = 0;; offset += piece.size()) {
        const auto got = (*source)->pread(offset, piece);
        if (!got) return got.error();
        if (auto written = (*target)->pwrite(offset, base::ByteView(piece).first(*got)); !written)
            return written;
        if (*got < piece.size()) break;
    }
    if (auto synced = (*target)->sync_data(); !synced) return synced;
    return vfs_.rename(unfinished, to);
}

}  // namespace holdfast::storage::local
