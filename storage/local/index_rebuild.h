/// Makes the index of a volume afresh, beside the one that is there, and puts it in its place as
/// the last step: a rebuild that is interrupted leaves everything as it was.
///
/// What the rows are is the caller's business; the segments that tell are walked here. The damaged
/// index is moved aside, never deleted.
///
/// threads: one; every call blocks. source: spec durability 2.6; docs/format/volume.md.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/random.h"
#include "base/vfs.h"
#include "storage/blob_look.h"
#include "storage/blob_store.h"
#include "storage/local/row_database.h"
#include "storage/local/volume.h"
#include "storage/metadata_store.h"

namespace holdfast::storage::local {

/// A blob that is in the segments with all its extents, from the first to the one with the end.
struct StoredBlob {
    BlobRef ref;
    BlobKind kind = BlobKind::object;
    BlobIdentity identity;
    std::uint32_t run = 0;  ///< incarnation that wrote this copy of it

    /// Of two blobs: whether this one was sealed later, as far as anybody can tell. By the commit
    /// in the identity, whose numbers only grow; it stays when compaction writes a blob again, in a
    /// later run. Of equal ones by run and place.
    [[nodiscard]] bool is_later_than(const StoredBlob& other) const;
};

struct SegmentsFound {
    std::vector<StoredBlob> blobs;
    std::vector<std::string> problems;  ///< one line each: what of the segments cannot be used
    std::uint64_t segments = 0;
    std::uint64_t bytes = 0;
};
/// All blobs in a directory of segments. Memory: some 200 bytes and its identity for each blob.
/// errors: io when the directory cannot be listed.
base::Expected<SegmentsFound, OpenError> find_blobs(base::Vfs& vfs, const std::string& directory);

/// Reads all of a blob that find_blobs() found; twice, before it is not whole.
BlobLook look_at_blob(base::Vfs& vfs, const std::string& directory, const BlobRef& ref);

/// The content of a small blob, verified; empty when any of it is damaged.
std::string read_small_blob(base::Vfs& vfs, const std::string& directory, const BlobRef& ref);

class IndexRebuild {
public:
    /// Locks the volume and begins an empty index. errors: in_use; damaged when it is no volume, or
    /// files besides the index are missing; io.
    static base::Expected<std::unique_ptr<IndexRebuild>, OpenError> begin(
        const std::string& directory, base::Vfs& vfs, base::Random& random);

    [[nodiscard]] std::string segments_directory() const;
    /// Every row gets this version; greater than every commit number known. Before the first put().
    void number_commits_after(std::uint64_t last_commit);
    Result<void> put(const Partition& partition, const RowKey& key, const std::string& value);
    /// Puts the new index in place. Where the old one is kept; empty when there was none.
    base::Expected<std::string, OpenError> finish();

private:
    IndexRebuild(std::string directory, std::unique_ptr<Volume> volume, base::Vfs& vfs)
        : directory_(std::move(directory)), volume_(std::move(volume)), vfs_(vfs) {}
    base::Expected<void, OpenError> open_empty();
    base::Expected<std::string, OpenError> replace_index();
    base::Expected<void, OpenError> set_high_water() const;

    const std::string directory_;
    std::unique_ptr<Volume> volume_;
    base::Vfs& vfs_;
    std::unique_ptr<RowDatabase> database_;
    RowVersion version_ = 1;
};

}  // namespace holdfast::storage::local
