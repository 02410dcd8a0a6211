#include "storage/local/blob_assembly.h"

#include <algorithm>
#include <utility>

#include "base/assert.h"
#include "base/failpoint.h"
#include "base/limits.h"
#include "storage/local/crc32c.h"
#include "storage/local/segment_failpoint.h"

namespace holdfast::storage::local {

using base::Bytes;
using base::ByteSpan;
using base::ByteView;

namespace {

constexpr std::uint64_t around_bytes = extent_header_bytes + extent_mark_bytes;
/// Room kept for the identity, which is not known yet. A larger one goes into an extent of its own.
constexpr std::uint64_t identity_room_bytes = 1024;
/// First run of a blob of unknown size; each further one is four times as long.
constexpr std::uint64_t first_run_bytes = base::MiB;
constexpr std::uint64_t run_growth = 4;
/// Bulk data goes to the disk while more arrives, so that the last sync is short.
constexpr std::uint64_t writeback_step_bytes = 4 * base::MiB;
constexpr std::uint64_t early_sync_bytes = 64 * base::MiB;

std::uint64_t run_bytes(std::uint64_t data_bytes, std::uint64_t frames, std::uint64_t identity) {
    return aligned_up(around_bytes + data_bytes + frames * frame_entry_bytes + identity);
}

}  // namespace

BlobAssembly::~BlobAssembly() {
    works_.writers.remove(options_.id);
    settle(promised_bytes_);
    works_.abandon(take_places());
}

/// So that a run once reserved is kept, and given up, whatever memory is left then.
void BlobAssembly::make_room() {
    runs_.reserve(runs_.size() + 1);
    places_.reserve(runs_.size() + 1);
}

std::vector<Reservation> BlobAssembly::take_places() {
    for (auto& run : runs_) places_.push_back(std::move(run.place));
    runs_.clear();
    return std::move(places_);
}

std::uint64_t BlobAssembly::frames_per_run_max() const {
    const auto bytes = std::min(works_.options.extent_bytes_max, works_.options.segment_bytes);
    const auto fixed = around_bytes + identity_room_bytes + extent_alignment_bytes;
    const auto frames = (bytes - fixed) / (options_.frame_bytes + frame_entry_bytes);
    HF_ASSERT(bytes > fixed && frames > 0);
    return frames;
}

BlobAssembly::Shape BlobAssembly::next_shape() const {
    const auto expected = options_.expected_stored_bytes;
    const std::uint64_t frame_bytes = options_.frame_bytes;
    if (expected && (*expected > stored_bytes_ || runs_.empty())) {
        const auto left = *expected - stored_bytes_;
        const auto frames = (left + frame_bytes - 1) / frame_bytes;
        if (frames <= frames_per_run_max())
            return {run_bytes(left, frames, identity_room_bytes), frames};
        const auto full = frames_per_run_max();
        return {run_bytes(full * frame_bytes, full, 0), full};
    }
    std::uint64_t bytes = first_run_bytes;
    for (std::size_t run = 0; run < runs_.size() && bytes < works_.options.extent_bytes_max; ++run)
        bytes *= run_growth;
    const auto frames = std::clamp(bytes / frame_bytes, std::uint64_t{1}, frames_per_run_max());
    return {run_bytes(frames * frame_bytes, frames, identity_room_bytes), frames};
}

Result<void> BlobAssembly::promise_space() {
    // Small, and what it completes is stored already: it goes into the reserve, as the index does.
    if (options_.kind == BlobKind::completion) return {};
    auto bytes = next_shape().bytes;
    if (options_.expected_stored_bytes) bytes = std::max(bytes, *options_.expected_stored_bytes);
    auto promised = works_.space.promise(bytes);
    if (promised) promised_bytes_ = bytes;
    return promised;
}

void BlobAssembly::settle(std::uint64_t bytes) {
    const auto settled = std::min(bytes, promised_bytes_);
    promised_bytes_ -= settled;
    works_.space.settle(settled);
}

bool BlobAssembly::try_start() {
    const auto shape = next_shape();
    make_room();
    auto place = lane_.stream.try_reserve(shape.bytes);
    if (!place) return false;
    take(*std::move(place), shape);
    return true;
}

Result<void> BlobAssembly::start() {
    return reserve(next_shape());
}

Result<void> BlobAssembly::reserve(const Shape& shape) {
    make_room();
    auto place = lane_.stream.reserve(shape.bytes);
    if (!place) return std::move(place).error();
    take(*std::move(place), shape);
    return {};
}

void BlobAssembly::take(Reservation place, const Shape& shape) {
    settle(place.bytes);
    Run run;
    run.place = std::move(place);
    run.frames_max = shape.frames_max;
    runs_.push_back(std::move(run));
}

ExtentHeader BlobAssembly::header_of(std::size_t run) const {
    return {options_.id, options_.kind, static_cast<std::uint32_t>(run), options_.frame_bytes,
            runs_[run].place.bytes};
}

Result<void> BlobAssembly::begin(Run& run) {
    if (run.begun) return {};
    const auto header = encode(header_of(runs_.size() - 1));
    if (auto written = run.place.segment->write(run.place.offset, header); !written)
        return write_failed(written.error());
    run.begun = true;
    return {};
}

Result<void> BlobAssembly::put(ByteView frames) {
    HF_ASSERT(!runs_.empty() && stored_bytes_ % options_.frame_bytes == 0);
    while (!frames.empty()) {
        if (runs_.back().frames == runs_.back().frames_max) {
            if (auto closed = close(runs_.back(), {}, false); !closed) return closed;
            if (auto reserved = reserve(next_shape()); !reserved) return reserved;
        }
        auto& run = runs_.back();
        const auto room = (run.frames_max - run.frames) * options_.frame_bytes;
        const auto piece = frames.first(std::min<std::uint64_t>(room, frames.size()));
        if (auto put = put_into(run, piece); !put) return put;
        frames = frames.subspan(piece.size());
    }
    return {};
}

Result<void> BlobAssembly::put_into(Run& run, ByteView frames) {
    if (auto begun = begin(run); !begun) return begun;
    const auto offset = run.place.offset + extent_header_bytes + run.data_bytes;
    add_to_table(run, frames);
    if (auto written = run.place.segment->write(offset, frames); !written)
        return write_failed(written.error());
    keep_flowing(run);
    return {};
}

void BlobAssembly::add_to_table(Run& run, ByteView frames) {
    run.data_bytes += frames.size();
    stored_bytes_ += frames.size();
    while (!frames.empty()) {
        const auto frame = frames.first(std::min<std::size_t>(options_.frame_bytes, frames.size()));
        const auto at = run.table.size();
        run.table.resize(at + frame_entry_bytes);
        base::store_le32(ByteSpan(run.table).subspan(at),
                         frame_checksum(options_.id, frames_, frame));
        ++run.frames;
        ++frames_;
        frames = frames.subspan(frame.size());
    }
}

void BlobAssembly::keep_flowing(Run& run) {
    if (works_.options.durability == Durability::relaxed) return;
    auto& segment = *run.place.segment;
    const auto fresh = run.data_bytes - run.written_back_bytes;
    if (fresh >= writeback_step_bytes) {
        // A hint: what it would tell of an error comes back from the sync.
        static_cast<void>(segment.file().start_writeback(
            run.place.offset + extent_header_bytes + run.written_back_bytes, fresh));
        run.written_back_bytes = run.data_bytes;
    }
    lane_.syncer.sync_beyond(run.place.segment, early_sync_bytes);
}

Bytes BlobAssembly::stamped(BlobIdentity identity) const {
    if (identity.last_commit == 0 && works_.options.last_commit)
        identity.last_commit = works_.options.last_commit();
    auto encoded = encode(identity);
    HF_ASSERT(encoded.size() <= identity_bytes_max);
    return encoded;
}

/// What follows the frames of a run.
void BlobAssembly::append_end(Run& run, ByteView identity, bool last, Bytes& to) {
    ExtentMark mark;
    mark.id = options_.id;
    mark.number = static_cast<std::uint32_t>(runs_.size() - 1);
    mark.last = last;
    mark.frames = static_cast<std::uint32_t>(run.frames);
    mark.stored_bytes = stored_bytes_;
    mark.table_checksum = crc32c(run.table);
    mark.identity_bytes = static_cast<std::uint32_t>(identity.size());
    mark.identity_checksum = crc32c(identity);
    to.insert(to.end(), run.table.begin(), run.table.end());
    to.insert(to.end(), identity.begin(), identity.end());
    const auto encoded = encode(mark);
    to.insert(to.end(), encoded.begin(), encoded.end());
    run.length = around_bytes + run.data_bytes + run.table.size() + identity.size();
    HF_ASSERT(run.length <= run.place.bytes);
}

Result<void> BlobAssembly::close(Run& run, ByteView identity, bool last) {
    if (auto begun = begin(run); !begun) return begun;
    const auto offset = run.place.offset + extent_header_bytes + run.data_bytes;
    Bytes end;
    append_end(run, identity, last, end);
    run.table = {};
    if (auto written = run.place.segment->write(offset, end); !written)
        return write_failed(written.error());
    return {};
}

Result<void> BlobAssembly::seal(const BlobIdentity& identity) {
    if (auto failed = as_io_error(HF_FAILPOINT("blob.footer"), "pwrite", "footer"))
        return write_failed(*failed);
    const auto encoded = stamped(identity);
    const auto& run = runs_.back();
    if (run_bytes(run.data_bytes, run.frames, encoded.size()) > run.place.bytes) {
        if (auto closed = close(runs_.back(), {}, false); !closed) return closed;
        const Shape shape{run_bytes(0, 0, encoded.size()), 0};
        if (auto reserved = reserve(shape); !reserved) return reserved;
    }
    return close(runs_.back(), encoded, true);
}

Result<void> BlobAssembly::put_sealed(Bytes& image, const BlobIdentity& identity) {
    const ByteView frames = ByteView(image).subspan(extent_header_bytes);
    auto& run = runs_.front();
    HF_ASSERT(runs_.size() == 1 && !run.begun);
    const auto encoded = stamped(identity);
    const auto frame_count = (frames.size() + options_.frame_bytes - 1) / options_.frame_bytes;
    if (frame_count > run.frames_max ||
        run_bytes(frames.size(), frame_count, encoded.size()) > run.place.bytes) {
        if (auto put_all = put(frames); !put_all) return put_all;
        return seal(identity);
    }
    if (auto failed = as_io_error(HF_FAILPOINT("blob.footer"), "pwrite", "footer"))
        return write_failed(*failed);
    add_to_table(run, frames);
    const auto header = encode(header_of(0));
    std::copy(header.begin(), header.end(), image.begin());
    append_end(run, encoded, true, image);
    if (auto written = run.place.segment->write(run.place.offset, image); !written)
        return write_failed(written.error());
    return {};
}

std::vector<std::shared_ptr<Segment>> BlobAssembly::segments() const {
    std::vector<std::shared_ptr<Segment>> segments;
    for (const auto& run : runs_)
        if (segments.empty() || segments.back() != run.place.segment)
            segments.push_back(run.place.segment);
    return segments;
}

BlobRef BlobAssembly::keep() {
    BlobRef ref;
    ref.id = options_.id;
    ref.stored_bytes = stored_bytes_;
    ref.frame_bytes = options_.frame_bytes;
    ref.extents.reserve(runs_.size());
    for (const auto& run : runs_)
        ref.extents.push_back({run.place.segment->number(), run.place.offset, run.length});
    const auto places = take_places();
    const auto used = aligned_up(ref.extents.back().length);
    if (places.back().bytes - used >= give_back_bytes_min) works_.give_back(places.back(), used);
    works_.close_runs(places);
    return ref;
}

}  // namespace holdfast::storage::local
