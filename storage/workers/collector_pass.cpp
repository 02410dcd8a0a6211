#include "storage/workers/collector_pass.h"

#include "base/log.h"
#include "storage/workers/blob_owners.h"
#include "storage/workers/worker_loop.h"

namespace holdfast::storage::workers {

namespace {

constexpr std::uint32_t rows_per_page = 1000;
/// The smallest blob in a segment is larger than the inline limit; smaller ones are rare.
constexpr std::uint64_t extent_bytes_expected = std::uint64_t{16} << 10;
/// What a row costs beside its value, for the rate.
constexpr std::uint64_t row_bytes = 64;
/// File systems count some blocks of their own; below that it is not worth looking for zeros.
constexpr std::uint64_t unused_bytes_min = std::uint64_t{64} << 10;
constexpr std::size_t zeros_max = 10'000;

bool is_extent(SegmentPiece::Kind kind) {
    return kind == SegmentPiece::Kind::whole || kind == SegmentPiece::Kind::unfinished ||
           kind == SegmentPiece::Kind::damaged;
}

}  // namespace

Async<void> CollectorPass::run() {
    auto learned = co_await learn_owners();
    if (!learned) co_return learned;
    auto scanned = co_await scan_segments();
    if (!scanned) co_return scanned;
    co_return co_await confirm();
}

/// Calls `visit` with every reference of every row, from one snapshot.
template <class Visit>
Async<void> CollectorPass::visit_owners(Visit& visit) {
    RowPosition first;
    auto snapshot = co_await context_.upkeep.snapshot(std::move(first));
    if (!snapshot) co_return std::move(snapshot).error();
    for (;;) {
        if (context_.stopping) co_return stopping_error();
        auto entries = co_await (*snapshot)->next(rows_per_page);
        if (!entries) co_return std::move(entries).error();
        if (entries->empty()) co_return Result<void>{};
        std::uint64_t bytes = 0;
        for (const auto& entry : *entries) {
            auto owners = co_await owners_of(**snapshot, entry);
            if (!owners) co_return std::move(owners).error();
            for (const auto& owner : *owners) visit(owner);
            bytes += row_bytes + entry.row.key.size() + entry.row.value.size();
        }
        co_await context_.throttle.spend(bytes);
    }
}

Async<void> CollectorPass::learn_owners() {
    auto infos = co_await context_.upkeep.segments();
    if (!infos) co_return std::move(infos).error();
    std::uint64_t allocated = 0;
    for (const auto& info : *infos) allocated += info.allocated_bytes;
    const auto locations = allocated / extent_bytes_expected + rows_per_page;
    const auto for_queued = context_.filter_bytes_max / 16;
    live_.emplace(locations, context_.filter_bytes_max - for_queued, context_.salt);
    queued_.emplace(locations / 16, for_queued, context_.salt + 1);
    if (live_->is_short())
        base::log::warning("gc.little_memory",
                           {{"filter_bytes", live_->bytes()},
                            {"places_max", locations},
                            {"meaning", "less of what has no owner is found: raise mem.limit"}});
    auto learn = [this](const BlobOwner& owner) {
        const bool queued = owner.kind == BlobOwner::Kind::garbage;
        auto& filter = queued ? *queued_ : *live_;
        for (const auto& extent : owner.blob.extents) filter.add(extent.segment, extent.offset);
        if (queued) return;
        ++blobs;
        blob_bytes += owner.blob.stored_bytes;
    };
    co_return co_await visit_owners(learn);
}

Async<void> CollectorPass::scan_segments() {
    auto infos = co_await context_.upkeep.segments();
    if (!infos) co_return std::move(infos).error();
    for (const auto& info : *infos) {
        auto& segment = segments[info.number];
        segment.info = info;
        auto scanned = co_await scan(segment);
        if (!scanned) co_return scanned;
    }
    co_return Result<void>{};
}

Async<void> CollectorPass::scan(SegmentUse& segment) {
    const auto number = segment.info.number;
    zeros_.clear();
    std::uint64_t unowned_bytes = 0;
    std::uint64_t offset = 0;
    for (;;) {
        if (context_.stopping) co_return stopping_error();
        auto page = co_await context_.upkeep.scan(number, offset);
        if (!page) co_return std::move(page).error();
        for (const auto& piece : page->pieces) {
            const auto before = unowned.size();
            classify(segment, piece);
            if (unowned.size() > before) unowned_bytes += piece.on_disk;
        }
        offset = page->next_offset;
        co_await context_.throttle.spend(page->bytes_read);
        if (page->end) break;
    }
    const auto known = segment.use.extents() + unowned_bytes;
    if (segment.info.open || segment.info.allocated_bytes < known + unused_bytes_min ||
        !context_.upkeep.condition().writable())
        co_return Result<void>{};
    // Reserved by a run that was cut off before its first byte, or its end not given back.
    co_return co_await context_.upkeep.trim(number, std::move(zeros_));
}

void CollectorPass::classify(SegmentUse& segment, const SegmentPiece& piece) {
    if (piece.kind == SegmentPiece::Kind::hole) {
        if (!segment.info.open && zeros_.size() < zeros_max)
            zeros_.push_back({segment.info.number, piece.extent.offset, piece.bytes});
        return;
    }
    if (!is_extent(piece.kind)) {
        segment.use.unknown_bytes += piece.bytes;
        return;
    }
    const auto& extent = piece.extent;
    if (!segment.info.open && piece.on_disk < piece.bytes && zeros_.size() < zeros_max)
        zeros_.push_back(
            {extent.segment, extent.offset + piece.on_disk, piece.bytes - piece.on_disk});
    if (live_->may_have(extent.segment, extent.offset)) {
        segment.use.live_bytes += piece.on_disk;
    } else if (queued_->may_have(extent.segment, extent.offset)) {
        segment.use.queued_bytes += piece.on_disk;
    } else if (context_.upkeep.is_in_flight(piece.blob)) {
        segment.use.in_flight_bytes += piece.on_disk;
    } else if (unowned.size() < context_.candidates_max) {
        Unowned found;
        found.leftover = {piece.blob, extent, piece.on_disk, piece.kind, {}};
        found.earlier = segment.info.earlier;
        unowned.emplace(Location(extent.segment, extent.offset), found);
    } else {
        segment.use.orphan_bytes += piece.on_disk;
        capped = true;
    }
}

/// Committed since the first snapshot, or taken for a leftover by a race.
Async<void> CollectorPass::confirm() {
    auto drop = [this](const BlobOwner& owner) {
        for (const auto& extent : owner.blob.extents) {
            const auto segment = segments.find(extent.segment);
            if (segment == segments.end()) continue;
            segment->second.referred_to = true;
            const auto found = unowned.find(Location(extent.segment, extent.offset));
            if (found == unowned.end()) continue;
            auto& use = segment->second.use;
            auto& bytes =
                owner.kind == BlobOwner::Kind::garbage ? use.queued_bytes : use.live_bytes;
            bytes += found->second.leftover.bytes;
            unowned.erase(found);
        }
    };
    co_return co_await visit_owners(drop);
}

}  // namespace holdfast::storage::workers
