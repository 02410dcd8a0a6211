#include "storage/local/blob_writer.h"

#include <atomic>

#include "base/assert.h"
#include "base/failpoint.h"
#include "base/limits.h"
#include "storage/local/segment_failpoint.h"

namespace holdfast::storage::local {

namespace {

/// Four frames of 64 KiB with their authentication tags: one write instead of three, and no trip to
/// the pool before finish, for the price of a copy.
constexpr std::size_t gathered_bytes_max = 257 * base::KiB;

/// What several segments' syncs have to say together.
struct SyncGroup {
    explicit SyncGroup(std::size_t count) : left(count) {}
    std::atomic<std::size_t> left;
    std::atomic<bool> durable = true;
};

StorageError not_durable() {
    return {StorageError::Kind::io, "the segment's sync failed"};
}

}  // namespace

SegmentBlobWriter::SegmentBlobWriter(SegmentWorks& works, const BlobOptions& options)
    : works_(works), options_(options), assembly_(works, options) {
    HF_ASSERT(options.frame_bytes > 0);
    gathering_ =
        options.expected_stored_bytes && *options.expected_stored_bytes <= gathered_bytes_max;
}

Async<void> SegmentBlobWriter::start() {
    if (auto promised = assembly_.promise_space(); !promised) co_return promised;
    if (assembly_.try_start()) co_return Result<void>{};
    auto reserve = [this] { return assembly_.start(); };
    co_return co_await works_.pool.run(reserve);
}

bool SegmentBlobWriter::may_gather(std::size_t bytes) const {
    return gathering_ && image_.size() + bytes <= gathered_bytes_max + extent_header_bytes;
}

Async<void> SegmentBlobWriter::append(base::ByteView frames) {
    if (failure_) co_return *failure_;
    if (may_gather(frames.size())) {
        if (image_.empty()) {
            image_.reserve(extent_header_bytes + *options_.expected_stored_bytes +
                           extent_alignment_bytes);
            image_.resize(extent_header_bytes);
        }
        image_.insert(image_.end(), frames.begin(), frames.end());
        co_return Result<void>{};
    }
    if (!image_.empty()) {
        const auto gathered = std::exchange(image_, {});
        auto spilled = co_await put(base::ByteView(gathered).subspan(extent_header_bytes));
        if (!spilled) co_return spilled;
    }
    gathering_ = false;
    co_return co_await put(frames);
}

Async<void> SegmentBlobWriter::put(base::ByteView frames) {
    if (!works_.budget.has_room()) co_await wait_for_budget();
    auto work = [this, frames] { return assembly_.put(frames); };
    auto done = co_await works_.pool.run(work);
    if (!done) failure_ = done.error();
    co_return done;
}

base::Awaitable<void> SegmentBlobWriter::wait_for_budget() {
    works_.sync_everything();
    auto start = [this](auto resume) {
        works_.budget.when_room([resume]() mutable { resume(base::Unit{}); });
    };
    co_await base::await_callback<base::Unit>(start);
}

Result<void> SegmentBlobWriter::write_end(const BlobIdentity& identity) {
    if (image_.empty()) return assembly_.seal(identity);
    return assembly_.put_sealed(image_, identity);
}

/// Resumes once every segment of the blob was synced. Never waits itself.
template <class Resume>
void SegmentBlobWriter::sync_then(Resume resume) {
    const auto segments = assembly_.segments();
    const auto group = std::make_shared<SyncGroup>(segments.size());
    for (const auto& segment : segments)
        assembly_.lane().syncer.sync(segment, [group, resume](bool durable) mutable {
            if (!durable) group->durable = false;
            if (--group->left > 0) return;
            resume(Outcome{group->durable, {}});
        });
}

Async<BlobRef> SegmentBlobWriter::finish(const BlobIdentity& identity) {
    if (failure_) co_return *failure_;
    // From the pool straight to the syncer: one trip less through the event loop.
    auto write_and_sync = [this, &identity](auto resume) {
        works_.pool.post([this, &identity, resume]() mutable {
            try {
                auto written = write_end(identity);
                if (written)
                    sync_then(resume);
                else
                    resume(Outcome{false, std::move(written).error()});
            } catch (const std::exception& thrown) {
                resume(
                    Outcome{false, StorageError{StorageError::Kind::unavailable, thrown.what()}});
            }
        });
    };
    const auto outcome = co_await base::await_callback<Outcome>(write_and_sync);
    if (!outcome.durable) {
        failure_ = outcome.error ? *outcome.error : not_durable();
        co_return *failure_;
    }
    if (auto failed = as_io_error(HF_FAILPOINT("blob.close"), "close", base::to_hex(options_.id))) {
        failure_ = write_failed(*failed);
        co_return *failure_;
    }
    failure_ = StorageError{StorageError::Kind::io, "the blob is finished"};
    co_return assembly_.keep();
}

}  // namespace holdfast::storage::local
