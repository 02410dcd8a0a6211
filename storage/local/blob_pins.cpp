#include "storage/local/blob_pins.h"

#include "base/assert.h"

namespace holdfast::storage::local {

// The id is random already.
std::size_t BlobPins::Hash::operator()(const BlobId& id) const {
    return base::load_le64(id);
}

void BlobPins::pin(const BlobId& id) {
    const std::lock_guard lock(mutex_);
    ++pinned_[id].readers;
}

void BlobPins::unpin(const BlobId& id) {
    std::vector<std::function<void()>> waiting;
    {
        const std::lock_guard lock(mutex_);
        const auto found = pinned_.find(id);
        HF_ASSERT(found != pinned_.end());
        if (--found->second.readers > 0) return;
        waiting.swap(found->second.waiting);
        pinned_.erase(found);
    }
    for (const auto& resume : waiting) resume();
}

void BlobPins::when_free(const BlobId& id, std::function<void()> resume) {
    {
        const std::lock_guard lock(mutex_);
        if (const auto found = pinned_.find(id); found != pinned_.end()) {
            found->second.waiting.push_back(std::move(resume));
            return;
        }
    }
    resume();
}

}  // namespace holdfast::storage::local
