#include "storage/local/segment_stream.h"

#include <algorithm>
#include <cerrno>

#include "base/assert.h"
#include "base/failpoint.h"
#include "base/limits.h"
#include "storage/local/segment_failpoint.h"

namespace holdfast::storage::local {

namespace {

constexpr std::uint64_t allocation_step_bytes = 32 * base::MiB;

}  // namespace

void OpenSegments::add(std::shared_ptr<Segment> segment) {
    const std::lock_guard lock(mutex_);
    const auto number = segment->number();
    segments_.emplace(number, std::move(segment));
}

void OpenSegments::remove(std::uint64_t number) {
    const std::lock_guard lock(mutex_);
    segments_.erase(number);
}

bool OpenSegments::contains(std::uint64_t number) const {
    const std::lock_guard lock(mutex_);
    return segments_.contains(number);
}

std::vector<std::shared_ptr<Segment>> OpenSegments::all() const {
    const std::lock_guard lock(mutex_);
    std::vector<std::shared_ptr<Segment>> segments;
    for (const auto& [number, segment] : segments_) segments.push_back(segment);
    return segments;
}

Result<std::shared_ptr<Segment>> SegmentFactory::make() {
    const SegmentName name{context_.incarnation, ++sequence_};
    auto file = context_.vfs.open(context_.directory + "/" + name.file_name(),
                                  base::OpenMode::create_exclusive);
    if (!file) {
        if (file.error().code == EROFS) context_.directory_failed(file.error());
        return write_failed(file.error());
    }
    auto segment =
        std::make_shared<Segment>(name, *std::move(file), context_.budget, context_.counters);
    if (context_.durability != Durability::relaxed) {
        auto synced = [&]() -> base::IoResult<void> {
            if (auto failed =
                    as_io_error(HF_FAILPOINT("dir.fsync.before"), "fsync", context_.directory))
                return *failed;
            if (!HF_TEST_BREAK("dir_sync"))
                if (auto done = context_.vfs.sync_directory(context_.directory); !done) return done;
            if (auto failed =
                    as_io_error(HF_FAILPOINT("dir.fsync.after"), "fsync", context_.directory))
                return *failed;
            return {};
        }();
        if (!synced) {
            // That it could not be opened says nothing of the disk; only this segment is given up.
            if (!synced.error().out_of_means()) context_.directory_failed(synced.error());
            return to_storage_error(synced.error());
        }
    }
    context_.open.add(segment);
    return segment;
}

std::optional<Reservation> SegmentStream::try_reserve(std::uint64_t bytes) {
    const std::lock_guard lock(mutex_);
    if (!segment_ || segment_->dead() || next_offset_ + bytes > allocated_bytes_)
        return std::nullopt;
    Reservation reservation{segment_, next_offset_, bytes};
    segment_->open_extent();
    next_offset_ += bytes;
    return reservation;
}

Result<Reservation> SegmentStream::reserve(std::uint64_t bytes) {
    HF_ASSERT(bytes % extent_alignment_bytes == 0 && bytes <= segment_bytes_);
    const std::lock_guard growth(growth_mutex_);
    for (;;) {
        if (auto reserved = try_reserve(bytes)) return *std::move(reserved);
        if (auto made = make_room(bytes); !made) return std::move(made).error();
    }
}

void SegmentStream::seal() {
    const std::lock_guard growth(growth_mutex_);
    std::unique_lock lock(mutex_);
    const auto sealed = std::move(segment_);
    segment_.reset();
    if (!sealed) return;
    const bool idle = sealed->seal(next_offset_);
    lock.unlock();
    if (idle) retire_(sealed);
}

/// Room for `bytes` unless another caller takes it first. REQUIRES: growth_mutex_ is held.
Result<void> SegmentStream::make_room(std::uint64_t bytes) {
    std::unique_lock lock(mutex_);
    const auto segment = segment_;
    const auto from = allocated_bytes_;
    const auto wanted = next_offset_ + bytes;
    lock.unlock();
    if (segment && !segment->dead() && wanted <= segment_bytes_) {
        if (wanted <= from) return {};
        return allocate_ahead(*segment, from, wanted - from);
    }
    return open_next();
}

Result<void> SegmentStream::allocate_ahead(Segment& segment, std::uint64_t from,
                                           std::uint64_t bytes) {
    auto length = std::min(std::max(bytes, allocation_step_bytes), segment_bytes_ - from);
    auto allocated = segment.file().allocate(from, length);
    if (!allocated && allocated.error().out_of_space() && length > bytes) {
        length = bytes;  // the last room of a nearly full disk
        allocated = segment.file().allocate(from, length);
    }
    // A file system without allocation: the file grows as it is written.
    if (!allocated && allocated.error().code != EOPNOTSUPP) return write_failed(allocated.error());
    const std::lock_guard lock(mutex_);
    allocated_bytes_ = from + length;
    return {};
}

Result<void> SegmentStream::open_next() {
    auto made = factory_.make();
    if (!made) return std::move(made).error();
    std::unique_lock lock(mutex_);
    const auto full = std::exchange(segment_, *std::move(made));
    const auto end = std::exchange(next_offset_, 0);
    allocated_bytes_ = 0;
    lock.unlock();
    if (full && full->seal(end)) retire_(full);
    return {};
}

}  // namespace holdfast::storage::local
