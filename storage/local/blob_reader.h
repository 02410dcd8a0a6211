/// Reads frames of one blob and hands them out only after their checksum held. From the page cache
/// without leaving the event loop; from the disk on the pool. threads: one event loop.
#pragma once

#include <limits>
#include <vector>

#include "storage/blob_store.h"
#include "storage/local/segment_works.h"

namespace holdfast::storage::local {

class SegmentBlobReader final : public BlobReader {
public:
    SegmentBlobReader(SegmentWorks& works, const BlobRef& ref, std::vector<ExtentPlan> plans);
    ~SegmentBlobReader() override;
    SegmentBlobReader(const SegmentBlobReader&) = delete;
    SegmentBlobReader& operator=(const SegmentBlobReader&) = delete;

    Async<std::size_t> read(std::uint64_t first_frame, std::uint64_t count,
                            base::ByteSpan to) override;

private:
    /// Frames next to each other in one extent.
    struct Run {
        std::size_t plan = 0;
        std::uint64_t first_frame = 0;
        std::uint64_t offset = 0;
        base::ByteSpan to;
    };
    enum class Source { page_cache, disk, medium };
    [[nodiscard]] Run run_at(std::uint64_t frame, std::uint64_t end_frame, base::ByteSpan to) const;
    Async<void> read_run(const Run& run);
    base::IoResult<void> fetch(base::VfsFile& file, const Run& run, Source source);
    base::IoResult<void> fetch_from_medium(const Run& run);
    base::IoResult<void> load_table(base::VfsFile& file, std::size_t plan, Source source);
    [[nodiscard]] bool verify(const Run& run) const;
    Result<void> read_blocking(const Run& run);
    Result<void> read_twice(const Run& run);

    SegmentWorks& works_;
    const BlobRef ref_;
    const BlobId id_;
    const std::uint32_t frame_bytes_;
    const std::vector<ExtentPlan> plans_;
    /// The checksums of the extent read last: a sequential reader reads each table once.
    base::Bytes table_;
    std::size_t table_plan_ = std::numeric_limits<std::size_t>::max();
};

}  // namespace holdfast::storage::local
