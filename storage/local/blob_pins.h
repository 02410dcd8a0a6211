/// Which blobs are being read, so that none is given back under a reader. threads: any.
#pragma once

#include <cstdint>
#include <functional>
#include <mutex>
#include <unordered_map>
#include <vector>

#include "storage/blob_store.h"

namespace holdfast::storage::local {

class BlobPins {
public:
    void pin(const BlobId& id);
    void unpin(const BlobId& id);
    /// Calls `resume` once nobody reads the blob, at once or from the last reader's thread.
    void when_free(const BlobId& id, std::function<void()> resume);

private:
    struct Hash {
        std::size_t operator()(const BlobId& id) const;
    };
    struct Pinned {
        std::uint64_t readers = 0;
        std::vector<std::function<void()>> waiting;
    };
    std::mutex mutex_;
    std::unordered_map<BlobId, Pinned, Hash> pinned_;
};

}  // namespace holdfast::storage::local
