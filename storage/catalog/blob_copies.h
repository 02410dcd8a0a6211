/// Blobs that a scan of the segments found, and which copy of one counts: compaction writes a blob
/// again under its id, and both copies may be there after a crash.
///
/// threads: one.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <vector>

#include "storage/blob_look.h"
#include "storage/blob_store.h"

namespace holdfast::storage::catalog {

struct BlobInSegments {
    BlobRef ref;
    BlobKind kind = BlobKind::object;
    BlobIdentity identity;
    std::uint32_t run = 0;  ///< of the server, that wrote this copy
};

/// Reads all of a blob.
using LookAtBlob = std::function<BlobLook(const BlobRef&)>;

/// A copy that was read.
struct LookedAt {
    const BlobInSegments* blob = nullptr;
    BlobLook look;
};

/// Latest first.
using BlobList = std::vector<const BlobInSegments*>;

/// The first whole one of the copies of `blobs[first]` that are in the list; that one itself when
/// none is whole.
LookedAt look_at_copies(const BlobList& blobs, std::size_t first, const LookAtBlob& look);

/// Parts by the id that manifests know them by.
class PartBlobs {
public:
    explicit PartBlobs(LookAtBlob look) : look_(std::move(look)) {}

    /// The later copy first. REQUIRES: `blob` outlives this.
    void add(const BlobInSegments& blob) { copies_[blob.ref.id].push_back(&blob); }
    /// Nothing when there is none. Read once, however often it is asked for.
    const LookedAt* find(const BlobId& id);

private:
    const LookAtBlob look_;
    std::map<BlobId, BlobList> copies_;
    std::map<BlobId, LookedAt> found_;
};

}  // namespace holdfast::storage::catalog
