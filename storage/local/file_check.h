/// Files of the volume and the index that have no checksum as a whole, read from the medium and
/// checked as far as what is in them can be.
///
/// threads: any; blocks. source: docs/format/volume.md, spec durability 2.7.5.
#pragma once

#include <string>

#include "base/vfs.h"
#include "storage/upkeep.h"

namespace holdfast::storage::local {

/// One piece of a file of at most 1 MiB. Marks of the volume, CURRENT, the manifest and the log are
/// parsed; of any other one each byte is read.
///
/// volume   the data directory, with a slash behind it
/// name     below it
/// from     where the piece begins: 0, or next_offset of the piece before
/// errors   unavailable: the file is not there (any more)
Result<FileCheck> check_file(base::Vfs& vfs, const std::string& volume, const std::string& name,
                             std::uint64_t from);

}  // namespace holdfast::storage::local
