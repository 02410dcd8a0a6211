/// Small files of the data directory that hold a few named values. Format:
/// docs/format/root-files.md.
///
/// A comment line that names kind and version, then NAME=VALUE lines that a shell can read as well;
/// mode 0600. REQUIRES: the caller holds the data directory's lock. threads: one.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/vfs.h"
#include "server/failure.h"

namespace holdfast::server {

struct ValuesLayout {
    std::string_view file;                ///< its name in the data directory
    std::string_view head;                ///< first line, with the version
    std::vector<std::string_view> names;  ///< in the order of the lines
};

std::string path_in(const std::string& directory, std::string_view file);

/// In the layout's order; nothing when there is no such file. errors: data_unusable, also for
/// anything but what write_values() writes.
Result<std::optional<std::vector<std::string>>> read_values(base::Vfs& vfs,
                                                            const std::string& directory,
                                                            const ValuesLayout& layout);

/// Durable when it returns. REQUIRES: one value for each name, not empty, without line ends.
Result<void> write_values(base::Vfs& vfs, const std::string& directory, const ValuesLayout& layout,
                          const std::vector<std::string>& values);

}  // namespace holdfast::server
