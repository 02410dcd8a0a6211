/// Blobs that lose their last reference in a transaction. The transaction itself says so in "g"
/// rows, so that a crash at any point leaves them to the reclaimer (durability 2.7).
/// threads: one event loop.
#pragma once

#include <vector>

#include "storage/catalog/store.h"

namespace holdfast::storage::catalog {

class DroppedBlobs {
public:
    /// Nothing when the body is not in a blob.
    void add(const records::Body& body);
    [[nodiscard]] std::size_t size() const { return blobs_.size(); }

    /// Adds the rows to the transaction and returns what they say, for GarbageList once it is
    /// committed. A row is named after its first blob and its place, which is dropped only once.
    std::vector<GarbageList::Item> put_rows(const Partition& partition,
                                            Transaction& transaction) &&;

private:
    std::vector<records::BlobRef> blobs_;
};

}  // namespace holdfast::storage::catalog
