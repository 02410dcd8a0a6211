#include "storage/local/blob_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>

#include "base/assert.h"
#include "base/log.h"
#include "storage/local/segment_metrics.h"

namespace holdfast::storage::local {

using base::ByteSpan;
using base::ByteView;
using base::IoResult;

namespace {

StorageError refused(const base::IoError& error, const BlobId& blob) {
    segment_metrics().reads_failed.Increment();
    base::log::error("segment.read_failed",
                     {{"error", error.message()}, {"blob", base::to_hex(blob)}});
    return to_storage_error(error);
}

StorageError damaged(std::string detail) {
    segment_metrics().corrupt_frames.Increment();
    base::log::error("segment.damaged_frame", {{"detail", detail}});
    return StorageError{StorageError::Kind::corrupt, std::move(detail)};
}

}  // namespace

SegmentBlobReader::SegmentBlobReader(SegmentWorks& works, const BlobRef& ref,
                                     std::vector<ExtentPlan> plans)
    : works_(works),
      ref_(ref),
      id_(ref.id),
      frame_bytes_(ref.frame_bytes),
      plans_(std::move(plans)) {
    works_.pins.pin(id_);
}

SegmentBlobReader::~SegmentBlobReader() {
    works_.pins.unpin(id_);
}

Async<std::size_t> SegmentBlobReader::read(std::uint64_t first_frame, std::uint64_t count,
                                           ByteSpan to) {
    HF_ASSERT(to.size() / frame_bytes_ >= count);
    std::size_t done = 0;
    const auto end_frame = first_frame + count;
    for (auto frame = first_frame; frame < end_frame;) {
        const auto run = run_at(frame, end_frame, to.subspan(done));
        auto got = co_await read_run(run);
        if (!got) co_return std::move(got).error();
        done += run.to.size();
        frame += (run.to.size() + frame_bytes_ - 1) / frame_bytes_;
    }
    co_return done;
}

SegmentBlobReader::Run SegmentBlobReader::run_at(std::uint64_t frame, std::uint64_t end_frame,
                                                 ByteSpan to) const {
    // The last extent that begins at or before the frame; an extent of the identity alone has none.
    const auto after = std::find_if(plans_.begin(), plans_.end(), [&](const ExtentPlan& plan) {
        return frame < plan.first_frame + plan.frames;
    });
    HF_ASSERT(after != plans_.end());
    const auto skipped = (frame - after->first_frame) * frame_bytes_;
    const auto frames = std::min(end_frame, after->first_frame + after->frames) - frame;
    const auto bytes = std::min(frames * frame_bytes_, after->data_bytes - skipped);
    return {static_cast<std::size_t>(after - plans_.begin()), frame, after->data_offset() + skipped,
            to.first(bytes)};
}

Async<void> SegmentBlobReader::read_run(const Run& run) {
    const auto file = works_.handles.get_open(plans_[run.plan].extent.segment);
    if (file && fetch(*file, run, Source::page_cache) && verify(run)) co_return Result<void>{};
    auto work = [this, &run] { return read_blocking(run); };
    co_return co_await works_.pool.run(work);
}

/// What cannot be read is listed, whether the bytes are wrong or the medium fails (2.5).
Result<void> SegmentBlobReader::read_blocking(const Run& run) {
    auto read = read_twice(run);
    if (!read && is_damage(read.error())) works_.damage.note(ref_, read.error().detail);
    return read;
}

/// Once as it comes, and once more from the medium: that tells a bad cache or a passing error from
/// real damage.
Result<void> SegmentBlobReader::read_twice(const Run& run) {
    const auto& extent = plans_[run.plan].extent;
    const auto file = works_.handles.get(extent.segment);
    if (!file && file.error().code == ENOENT)
        return damaged(fmt::format("the segment of blob {} is gone: {}", base::to_hex(id_),
                                   file.error().message()));
    if (!file) return refused(file.error(), id_);
    if (fetch(**file, run, Source::disk) && verify(run)) return {};
    auto fetched = fetch_from_medium(run);
    if (fetched && verify(run)) return {};
    std::fill(run.to.begin(), run.to.end(), std::uint8_t{0});
    if (!fetched && fetched.error().code != ENODATA) return refused(fetched.error(), id_);
    return damaged(fmt::format("frames from {} of blob {} are damaged: {} at {}", run.first_frame,
                               base::to_hex(id_), works_.handles.path(extent.segment), run.offset));
}

namespace {

/// ENODATA for a file that ends too early.
IoResult<void> read_exactly(base::VfsFile& file, std::uint64_t offset, ByteSpan to, bool wait) {
    const auto got = wait ? file.pread(offset, to) : file.pread_nowait(offset, to);
    if (!got) return got.error();
    if (*got < to.size()) return base::IoError{ENODATA, "pread", "end of segment"};
    return {};
}

}  // namespace

IoResult<void> SegmentBlobReader::fetch_from_medium(const Run& run) {
    const auto file = works_.handles.open_medium(plans_[run.plan].extent.segment);
    if (!file) return file.error();
    return fetch(**file, run, Source::medium);
}

IoResult<void> SegmentBlobReader::fetch(base::VfsFile& file, const Run& run, Source source) {
    // Data first: reading it from the disk brings the table behind a small blob along.
    if (auto got = read_exactly(file, run.offset, run.to, source != Source::page_cache); !got)
        return got;
    return load_table(file, run.plan, source);
}

IoResult<void> SegmentBlobReader::load_table(base::VfsFile& file, std::size_t plan, Source source) {
    if (table_plan_ == plan && source != Source::medium) return {};
    table_plan_ = std::numeric_limits<std::size_t>::max();
    const auto& extent = plans_[plan];
    table_.resize(extent.table_bytes());
    auto got = read_exactly(file, extent.table_offset(), table_, source != Source::page_cache);
    if (got) table_plan_ = plan;
    return got;
}

bool SegmentBlobReader::verify(const Run& run) const {
    auto entry = ByteView(table_).subspan((run.first_frame - plans_[run.plan].first_frame) *
                                          frame_entry_bytes);
    auto frame = run.first_frame;
    for (ByteView rest = run.to; !rest.empty(); ++frame) {
        const auto bytes = rest.first(std::min<std::size_t>(frame_bytes_, rest.size()));
        if (base::load_le32(entry) != frame_checksum(id_, frame, bytes)) return false;
        rest = rest.subspan(bytes.size());
        entry = entry.subspan(frame_entry_bytes);
    }
    return true;
}

}  // namespace holdfast::storage::local
