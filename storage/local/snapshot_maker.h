/// Makes a directory that is a whole volume, of hard links to the files of one that is in use.
///
/// In this order, so that nothing the index refers to is missing: nothing is given back from here
/// on; the index (a checkpoint of RocksDB); the segments that are there then. From there on the
/// links keep what they name (segment_reclaim.h). The rest is written new: the mark of the last
/// commit, the run. Everything is durable, and was read as a start would, when it is done.
///
/// threads: one at a time; blocks. source: spec durability 2.3.8; docs/format/volume.md.
#pragma once

#include <string>
#include <vector>

#include "base/vfs.h"
#include "storage/local/index_access.h"
#include "storage/local/segment_works.h"
#include "storage/volume_snapshots.h"

namespace holdfast::storage::local {

class SnapshotMaker {
public:
    using Done = base::Expected<void, SnapshotError>;

    /// `volume`: its directory. What is given outlives it.
    SnapshotMaker(base::Vfs& vfs, IndexAccess& index, SegmentWorks& works, std::string volume)
        : vfs_(vfs), index_(index), works_(works), volume_(std::move(volume)) {}

    /// All but the directory's own name is durable then. On a failure some of it is left. REQUIRES:
    /// nothing is there; its parent is.
    Done make(const std::string& directory, const std::vector<std::string>& files);

private:
    Done check_space();
    Done link_format(const std::string& directory);
    Done copy_file(const std::string& name, const std::string& directory);
    Done link_index(const std::string& directory);
    Done link_segments(const std::string& directory);
    base::Expected<RowVersion, SnapshotError> read_as_a_start_does(const std::string& directory,
                                                                   RowVersion acked);
    Done write_new_files(const std::string& directory, RowVersion last);

    base::Vfs& vfs_;
    IndexAccess& index_;
    SegmentWorks& works_;
    const std::string volume_;
};

SnapshotError to_snapshot_error(const base::IoError& error);

}  // namespace holdfast::storage::local
