/// Which blobs are being written, so that nobody takes one for a leftover. threads: any.
#pragma once

#include <mutex>
#include <set>

#include "storage/blob_store.h"

namespace holdfast::storage::local {

class BlobWriters {
public:
    void add(const BlobId& id) {
        const std::lock_guard lock(mutex_);
        ids_.insert(id);
    }
    void remove(const BlobId& id) {
        const std::lock_guard lock(mutex_);
        ids_.erase(ids_.find(id));
    }
    [[nodiscard]] bool contains(const BlobId& id) const {
        const std::lock_guard lock(mutex_);
        return ids_.contains(id);
    }

private:
    mutable std::mutex mutex_;
    std::multiset<BlobId> ids_;  ///< a blob that is moved may be written beside itself
};

}  // namespace holdfast::storage::local
