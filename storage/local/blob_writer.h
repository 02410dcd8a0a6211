/// The coroutine side of writing a blob: hands blocking work to the pool, waits for the syncer and
/// for room in the budget of unsynced bytes. threads: one event loop.
#pragma once

#include <optional>

#include "storage/blob_store.h"
#include "storage/local/blob_assembly.h"

namespace holdfast::storage::local {

class SegmentBlobWriter final : public BlobWriter {
public:
    SegmentBlobWriter(SegmentWorks& works, const BlobOptions& options);

    /// Reserves the space. errors: out_of_space, io.
    Async<void> start();
    Async<void> append(base::ByteView frames) override;
    Async<BlobRef> finish(const BlobIdentity& identity) override;

private:
    /// What a thread without memory can tell as well.
    struct Outcome {
        bool durable = false;
        std::optional<StorageError> error;  ///< of what came before the sync
    };
    [[nodiscard]] bool may_gather(std::size_t bytes) const;
    Async<void> put(base::ByteView frames);
    base::Awaitable<void> wait_for_budget();
    Result<void> write_end(const BlobIdentity& identity);
    template <class Resume>
    void sync_then(Resume resume);

    SegmentWorks& works_;
    const BlobOptions options_;
    BlobAssembly assembly_;
    /// A small blob is gathered here, behind room for its header, and written in one go.
    base::Bytes image_;
    bool gathering_ = false;
    std::optional<StorageError> failure_;  ///< nothing more is written after it
};

}  // namespace holdfast::storage::local
