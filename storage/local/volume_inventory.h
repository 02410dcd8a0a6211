/// What is in a data directory besides what a server needs there: logs and indexes that were set
/// aside, and files of somebody else. For people who look after it.
///
/// threads: one; blocks. source: docs/format/volume.md.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/vfs.h"

namespace holdfast::storage::local {

struct ExtraFile {
    std::string name;         ///< below the data directory; a directory's ends with a slash
    std::uint64_t bytes = 0;  ///< of a directory all that is in it
    std::string what;         ///< for people
};

/// In the order of their names; those in segments/ and snapshots/ last.
base::IoResult<std::vector<ExtraFile>> list_extra_files(base::Vfs& vfs, const std::string& volume);

}  // namespace holdfast::storage::local
