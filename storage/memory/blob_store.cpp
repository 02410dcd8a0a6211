#include <algorithm>
#include <map>
#include <mutex>
#include <utility>

#include "base/assert.h"
#include "storage/memory/engine.h"

namespace holdfast::storage::memory {

namespace {

struct Blob {
    std::uint32_t frame_bytes = 0;
    base::Bytes stored;
};
using SharedBlob = std::shared_ptr<const Blob>;

/// The finished blobs. Shared with the writers, which may outlive the store's owner for a moment.
class Shelf {
public:
    void put(const BlobId& id, SharedBlob blob) {
        const std::lock_guard lock(mutex_);
        const bool fresh = blobs_.emplace(id, std::move(blob)).second;
        HF_ASSERT(fresh);
    }
    SharedBlob find(const BlobId& id) const {
        const std::lock_guard lock(mutex_);
        const auto found = blobs_.find(id);
        return found == blobs_.end() ? nullptr : found->second;
    }
    void remove(const BlobId& id) {
        SharedBlob last;  // the bytes go after the lock
        const std::lock_guard lock(mutex_);
        const auto found = blobs_.find(id);
        if (found == blobs_.end()) return;
        last = std::move(found->second);
        blobs_.erase(found);
    }

private:
    mutable std::mutex mutex_;
    std::map<BlobId, SharedBlob> blobs_;
};

class MemoryBlobWriter final : public BlobWriter {
public:
    MemoryBlobWriter(std::shared_ptr<Shelf> shelf, const BlobOptions& options)
        : shelf_(std::move(shelf)), id_(options.id), blob_(std::make_shared<Blob>()) {
        blob_->frame_bytes = options.frame_bytes;
        blob_->stored.reserve(options.expected_stored_bytes.value_or(0));
    }

    Async<void> append(base::ByteView frames) override {
        HF_ASSERT(blob_ != nullptr);
        HF_ASSERT(blob_->stored.size() % blob_->frame_bytes == 0);  // a short frame is the last
        blob_->stored.insert(blob_->stored.end(), frames.begin(), frames.end());
        co_return Result<void>{};
    }

    Async<BlobRef> finish(const BlobIdentity& /*identity*/) override {
        HF_ASSERT(blob_ != nullptr);
        BlobRef ref;
        ref.id = id_;
        ref.stored_bytes = blob_->stored.size();
        ref.frame_bytes = blob_->frame_bytes;
        ref.extents.push_back(Extent{0, 0, blob_->stored.size()});
        shelf_->put(id_, std::move(blob_));
        co_return ref;
    }

private:
    std::shared_ptr<Shelf> shelf_;
    BlobId id_;
    std::shared_ptr<Blob> blob_;  ///< nobody else's until finish()
};

/// Shares the blob: its bytes stay until the last reader is gone, whatever is released.
class MemoryBlobReader final : public BlobReader {
public:
    explicit MemoryBlobReader(SharedBlob blob) : blob_(std::move(blob)) {}

    Async<std::size_t> read(std::uint64_t first_frame, std::uint64_t count,
                            base::ByteSpan to) override {
        const auto begin = first_frame * blob_->frame_bytes;
        HF_ASSERT(begin < blob_->stored.size());
        const auto size = std::min(count * blob_->frame_bytes, blob_->stored.size() - begin);
        HF_ASSERT(size <= to.size());
        std::copy_n(blob_->stored.begin() + static_cast<std::ptrdiff_t>(begin), size, to.begin());
        co_return static_cast<std::size_t>(size);
    }

private:
    SharedBlob blob_;
};

class MemoryBlobStore final : public BlobStore {
public:
    Async<std::unique_ptr<BlobWriter>> create(BlobOptions options) override {
        HF_ASSERT(options.frame_bytes > 0);
        std::unique_ptr<BlobWriter> writer = std::make_unique<MemoryBlobWriter>(shelf_, options);
        co_return writer;
    }

    Async<std::unique_ptr<BlobReader>> open(const BlobRef& ref) override {
        auto blob = shelf_->find(ref.id);
        if (!blob) co_return StorageError{StorageError::Kind::corrupt, "there is no such blob"};
        std::unique_ptr<BlobReader> reader = std::make_unique<MemoryBlobReader>(std::move(blob));
        co_return reader;
    }

    Async<void> check_space(std::uint64_t /*bytes*/) override { co_return Result<void>{}; }

    Async<void> release(const BlobRef& ref) override {
        shelf_->remove(ref.id);
        co_return Result<void>{};
    }

private:
    std::shared_ptr<Shelf> shelf_ = std::make_shared<Shelf>();
};

}  // namespace

std::unique_ptr<BlobStore> make_blob_store() {
    return std::make_unique<MemoryBlobStore>();
}

}  // namespace holdfast::storage::memory
