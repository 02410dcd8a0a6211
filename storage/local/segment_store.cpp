#include "storage/local/segment_store.h"

#include <fmt/format.h>

#include <cerrno>
#include <limits>

#include "base/assert.h"
#include "base/failpoint.h"
#include "storage/local/blob_reader.h"
#include "storage/local/blob_writer.h"
#include "storage/local/open_error.h"
#include "storage/local/segment_failpoint.h"
#include "storage/local/segment_works.h"

namespace holdfast::storage::local {

namespace {

/// A directory that is not there took every blob along. Made anew it would read as damage of each
/// object, one after the other, and let the collector forget them.
OpenError cannot_list(const base::IoError& error) {
    if (error.code == ENOENT || error.code == ENOTDIR)
        return {OpenError::Kind::damaged, "the segments are missing: " + error.message()};
    return to_open_error(error);
}

}  // namespace

base::Expected<std::unique_ptr<SegmentStore>, OpenError> SegmentStore::open(
    const SegmentOptions& options, base::Vfs& vfs, const base::Clock& clock,
    base::WorkerPool& pool) {
    HF_ASSERT(options.incarnation > 0 &&
              options.incarnation <= std::numeric_limits<std::uint32_t>::max());
    HF_ASSERT(options.segment_bytes % extent_alignment_bytes == 0);
    const auto names = vfs.list(options.directory);
    if (!names) return cannot_list(names.error());
    std::vector<std::uint64_t> earlier;
    for (const auto& text : *names) {
        const auto name = SegmentName::parse(text);
        if (!name) continue;
        if (name->incarnation >= options.incarnation)
            return OpenError{
                OpenError::Kind::damaged,
                fmt::format("{}/{} is of a later run than {}: the run counter went back; "
                            "was a part of the directory brought back from a copy?",
                            options.directory, text, options.incarnation)};
        earlier.push_back(name->number());
    }
    auto works = std::make_unique<SegmentWorks>(options, vfs, clock, pool);
    works->earlier = std::move(earlier);
    if (!works->refuses_writes()) works->look_after_earlier();
    return std::unique_ptr<SegmentStore>(new SegmentStore(std::move(works)));
}

SegmentStore::SegmentStore(std::unique_ptr<SegmentWorks> works) : works_(std::move(works)) {}

SegmentStore::~SegmentStore() {
    works_->stopping = true;
}

base::IoResult<void> SegmentStore::close() {
    works_->stopping = true;
    works_->small.stream.seal();
    works_->bulk.stream.seal();
    works_->jobs.wait();
    return works_->sync_unsynced();
}

Async<std::unique_ptr<BlobWriter>> SegmentStore::create(BlobOptions options) {
    if (auto refused = works_->refuses_writes()) co_return *std::move(refused);
    if (auto injected = as_io_error(HF_FAILPOINT("blob.create"), "create", "blob"))
        co_return to_storage_error(*injected);
    auto writer = std::make_unique<SegmentBlobWriter>(*works_, options);
    if (auto started = co_await writer->start(); !started) co_return std::move(started).error();
    co_return std::unique_ptr<BlobWriter>(std::move(writer));
}

Async<std::unique_ptr<BlobReader>> SegmentStore::open(const BlobRef& ref) {
    auto plans = plan_extents(ref);
    if (!plans)
        co_return StorageError{StorageError::Kind::corrupt,
                               "a reference contradicts itself: blob " + base::to_hex(ref.id)};
    co_return std::unique_ptr<BlobReader>(
        std::make_unique<SegmentBlobReader>(*works_, ref, *std::move(plans)));
}

Async<void> SegmentStore::check_space(std::uint64_t bytes) {
    if (auto known = works_->space.try_check(bytes)) co_return *std::move(known);
    auto measure = [this, &bytes] { return works_->space.check(bytes); };
    co_return co_await works_->pool.run(measure);
}

Async<void> SegmentStore::release(const BlobRef& ref) {
    if (auto refused = works_->refuses_writes()) co_return *std::move(refused);
    auto wait = [this, &ref](auto resume) {
        works_->pins.when_free(ref.id, [resume]() mutable { resume(base::Unit{}); });
    };
    co_await base::await_callback<base::Unit>(wait);
    if (works_->options.durability == Durability::relaxed) {
        auto passed = co_await works_->barrier.pass();
        if (!passed) co_return passed;
    }
    auto work = [this, &ref] { return works_->reclaimer.release(ref); };
    auto released = co_await works_->pool.run(work);
    if (released) works_->damage.forget(ref.id);
    co_return released;
}

void SegmentStore::resume() {
    works_->small.stream.seal();
    works_->bulk.stream.seal();
    works_->faults.clear();
    works_->look_after_earlier();
}

bool SegmentStore::read_only() const {
    return works_->faults.read_only();
}

SegmentStore::Statistics SegmentStore::statistics() const {
    return {works_->counters.syncs, works_->counters.bytes_written,
            works_->reclaimer.allocated_bytes()};
}

}  // namespace holdfast::storage::local
