/// Where blobs are that a row looks for in a place they have left: compaction had moved them, and
/// the commit that said so was lost.
///
/// threads: one.
#pragma once

#include <map>
#include <vector>

#include "storage/catalog/blob_copies.h"
#include "storage/catalog/store.h"

namespace holdfast::storage::catalog {

class MovedBlobs {
public:
    /// `blobs`, all there are, the latest first, outlive it.
    MovedBlobs(const std::vector<BlobInSegments>& blobs, LookAtBlob look);

    /// True when the body names another place now: one that holds the blob whole, where nothing is
    /// left in the place it named.
    bool follow(records::Body& body);

    [[nodiscard]] std::uint64_t followed() const { return followed_; }

private:
    const LookAtBlob look_;
    std::map<BlobId, BlobList> copies_;
    std::uint64_t followed_ = 0;
};

}  // namespace holdfast::storage::catalog
