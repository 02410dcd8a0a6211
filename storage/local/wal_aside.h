/// The index' log files as an unclean stop left them, set aside: RocksDB deletes what it could not
/// replay, and they may be all that is left of a commit. On-disk format: docs/format/volume.md.
///
/// There is at most one set, but for those that belong to a loss nobody decided on yet.
/// threads: one. source: spec durability 2.4, 2.6.
#pragma once

#include <cstdint>
#include <string>

#include "base/vfs.h"

namespace holdfast::storage::local {

class WalAside {
public:
    /// `directory` gets the files, `index` is RocksDB's.
    WalAside(base::Vfs& vfs, std::string directory, std::string index)
        : vfs_(vfs), directory_(std::move(directory)), index_(std::move(index)) {}

    /// Links (copies, where the file system has no links) every log file under a name with the
    /// incarnation that left it; what is there already stays. Durable when it returns.
    [[nodiscard]] base::IoResult<void> keep(std::uint64_t incarnation);
    /// Removes all of them. Fine when there is none.
    [[nodiscard]] base::IoResult<void> drop();
    [[nodiscard]] const std::string& directory() const { return directory_; }

private:
    base::IoResult<void> keep_file(const std::string& from, const std::string& to);
    base::IoResult<void> copy(const std::string& from, const std::string& to);

    base::Vfs& vfs_;
    const std::string directory_;
    const std::string index_;
};

}  // namespace holdfast::storage::local
