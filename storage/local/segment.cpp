#include "storage/local/segment.h"

#include <algorithm>
#include <cerrno>
#include <new>
#include <utility>

#include "base/assert.h"
#include "base/failpoint.h"
#include "base/log.h"
#include "storage/local/segment_failpoint.h"
#include "storage/local/segment_metrics.h"

namespace holdfast::storage::local {

StorageError to_storage_error(const base::IoError& error) {
    auto kind = StorageError::Kind::io;
    if (error.out_of_space()) kind = StorageError::Kind::out_of_space;
    if (error.out_of_means()) kind = StorageError::Kind::unavailable;
    return {kind, error.message()};
}

StorageError write_failed(const base::IoError& error) {
    auto& metrics = segment_metrics();
    (error.out_of_space() ? metrics.writes_without_space : metrics.writes_failed).Increment();
    base::log::error("segment.write_failed", {{"error", error.message()}});
    return to_storage_error(error);
}

base::IoResult<void> Segment::write(std::uint64_t offset, base::ByteView bytes) {
    if (dead_) return base::IoError{EIO, "write to a dead segment", file_name_};
    const auto injected = HF_FAILPOINT("blob.write");
    if (injected == base::Injected::short_write) {
        static_cast<void>(file_->pwrite(offset, bytes.first(bytes.size() / 2)));
        return base::IoError{EIO, "pwrite", file_name_};
    }
    if (auto failed = as_io_error(injected, "pwrite", file_name_)) return *failed;
    if (auto written = file_->pwrite(offset, bytes); !written) {
        // The next blob opens another segment, and that tells that the file system is read-only.
        if (written.error().code == EROFS) die();
        return written;
    }
    segment_metrics().bytes_written.Increment(static_cast<double>(bytes.size()));
    counters_.bytes_written += bytes.size();
    const std::lock_guard lock(mutex_);
    if (dead_) return {};  // nothing of it is waited for any more
    unsynced_bytes_ += bytes.size();
    budget_.add(bytes.size());
    return {};
}

/// One that cannot be told for lack of memory has failed as well: what the kernel said is lost.
base::IoResult<void> Segment::sync_file() {
    try {
        if (auto failed =
                as_io_error(HF_FAILPOINT("blob.fdatasync.before"), "fdatasync", file_name_))
            return *failed;
        if (!HF_TEST_BREAK("blob_sync"))
            if (auto done = file_->sync_data(); !done) return done;
        if (auto failed =
                as_io_error(HF_FAILPOINT("blob.fdatasync.after"), "fdatasync", file_name_))
            return *failed;
        return {};
    } catch (const std::bad_alloc&) {
        return base::IoError{ENOMEM, "fdatasync", {}};
    }
}

/// No sync of it comes any more: what is not synced makes nobody wait.
void Segment::die() {
    const std::lock_guard lock(mutex_);
    dead_ = true;
    budget_.subtract(std::exchange(unsynced_bytes_, 0));
}

base::IoResult<void> Segment::sync() {
    const std::lock_guard one_at_a_time(sync_mutex_);
    if (dead_) return base::IoError{EIO, "fdatasync of a dead segment", file_name_};
    ++counters_.syncs;
    std::uint64_t before = 0;
    {
        const std::lock_guard lock(mutex_);
        before = unsynced_bytes_;
        sync_wanted_ = false;
    }
    auto synced = sync_file();
    const std::lock_guard lock(mutex_);
    if (!synced) dead_ = true;
    // Less than before when the segment was retired meanwhile.
    const auto settled = synced ? std::min(before, unsynced_bytes_) : unsynced_bytes_;
    unsynced_bytes_ -= settled;
    budget_.subtract(settled);
    return synced;
}

std::uint64_t Segment::unsynced_bytes() const {
    const std::lock_guard lock(mutex_);
    return unsynced_bytes_;
}

bool Segment::wants_sync(std::uint64_t bytes) {
    const std::lock_guard lock(mutex_);
    if (unsynced_bytes_ <= bytes || sync_wanted_ || dead_) return false;
    sync_wanted_ = true;
    return true;
}

void Segment::sync_not_started() {
    const std::lock_guard lock(mutex_);
    sync_wanted_ = false;
}

void Segment::open_extent() {
    const std::lock_guard lock(mutex_);
    ++open_extents_;
}

bool Segment::close_extent() {
    const std::lock_guard lock(mutex_);
    HF_ASSERT(open_extents_ > 0);
    --open_extents_;
    return sealed_ && open_extents_ == 0;
}

bool Segment::seal(std::uint64_t end) {
    const std::lock_guard lock(mutex_);
    HF_ASSERT(!sealed_);
    sealed_ = true;
    end_ = end;
    return open_extents_ == 0;
}

std::uint64_t Segment::end() const {
    const std::lock_guard lock(mutex_);
    HF_ASSERT(sealed_);
    return end_;
}

std::uint64_t Segment::forget_unsynced() {
    const std::lock_guard lock(mutex_);
    HF_ASSERT(sealed_ && open_extents_ == 0);
    const auto forgotten = std::exchange(unsynced_bytes_, 0);
    budget_.subtract(forgotten);
    return forgotten;
}

}  // namespace holdfast::storage::local
