/// The file `reattach-pending`: acknowledged commits are missing, and objects are being put back
/// from their blobs. While it is there the engine takes writes only from who does that, so that an
/// interruption leaves the loss known. On-disk format: docs/format/volume.md.
///
/// threads: one; calls block. source: spec durability 2.6.
#pragma once

#include <optional>
#include <string>

#include "base/vfs.h"
#include "storage/metadata_store.h"

namespace holdfast::storage::local {

struct ReattachNote {
    RowVersion commit_no = 0;   ///< the last commit that the index had
    std::uint64_t missing = 0;  ///< acknowledged commits that it had not
};

std::string encode_reattach_note(const ReattachNote& note);
std::optional<ReattachNote> parse_reattach_note(base::ByteView content);

/// Of a volume; nothing when there is none. One that is damaged counts as one that knows nothing:
/// no commits, and one missing.
base::IoResult<std::optional<ReattachNote>> read_reattach_note(base::Vfs& vfs,
                                                               const std::string& volume);
/// Durable when it returns.
base::IoResult<void> write_reattach_note(base::Vfs& vfs, const std::string& volume,
                                         const ReattachNote& note);
/// Fine when there is none.
base::IoResult<void> remove_reattach_note(base::Vfs& vfs, const std::string& volume);

}  // namespace holdfast::storage::local
