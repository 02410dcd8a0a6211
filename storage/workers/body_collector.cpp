#include "storage/workers/body_collector.h"

#include <algorithm>

#include "base/log.h"
#include "storage/workers/worker_loop.h"

namespace holdfast::storage::workers {

namespace {

constexpr std::uint64_t live_bytes_per_garbage = 100;
/// For each byte that comes back so many are moved at most.
constexpr std::uint64_t moved_bytes_per_gain = 4;
/// What a row of the other family takes on the disk: few take more.
constexpr std::uint64_t index_row_bytes = 4096;
/// What a step of a merge that moves nothing may write, at most: a level of rows and what is in
/// memory. It may use up the reserve, as deletions do that make more room.
constexpr std::uint64_t rows_step_bytes = std::uint64_t{512} << 20;
constexpr unsigned io_failures_in_a_row_max = 2;  // the first one may have been passing

std::uint64_t bytes_of(const BodySpace& space) {
    std::uint64_t bytes = space.table_bytes;
    for (const auto& file : space.files) bytes += file.bytes;
    return bytes;
}

std::uint64_t garbage_of(const BodySpace& space) {
    std::uint64_t bytes = 0;
    for (const auto& file : space.files) bytes += file.garbage_bytes;
    return bytes;
}

bool has_room_to_merge(const BodySpace& space) {
    return space.free_bytes > std::min(space.table_bytes, rows_step_bytes);
}

}  // namespace

std::uint64_t BodyCollector::allowed_bytes(const BodySpace& space) const {
    return options_.garbage_bytes_max +
           (bytes_of(space) - garbage_of(space)) / live_bytes_per_garbage;
}

/// The number of the newest of the files to be emptied, all older ones with it; 0: none. So that
/// not every pass moves something, half of what may stay is left.
std::uint64_t BodyCollector::newest_to_empty(const BodySpace& space) const {
    const auto allowed = allowed_bytes(space);
    auto left = garbage_of(space);
    if (left <= allowed) return 0;
    std::uint64_t newest = 0;
    std::uint64_t moved = 0;
    std::uint64_t gained = 0;
    for (const auto& file : space.files) {
        moved += file.bytes - file.garbage_bytes;
        gained += file.garbage_bytes;
        left -= file.garbage_bytes;
        if (moved > space.room_bytes) break;
        if (moved <= gained * moved_bytes_per_gain) newest = file.number;
        if (newest == file.number && left <= allowed / 2) break;
    }
    return newest;
}

Async<BodyCollector::Outcome> BodyCollector::run() {
    Outcome outcome;
    if (!gave_up_) {
        auto collected = co_await collect();
        if (collected)
            io_failures_ = 0;
        else
            outcome.failure = std::move(collected).error();
    }
    auto space = co_await upkeep_.body_space();
    if (!space) co_return std::move(space).error();
    outcome.bytes = bytes_of(*space);
    outcome.garbage_bytes = garbage_of(*space);
    co_return outcome;
}

Async<void> BodyCollector::collect() {
    auto space = co_await upkeep_.body_space();
    if (!space) co_return std::move(space).error();
    // No overflow: so many rows as that takes would fill a disk.
    const auto hidden_max =
        std::min(bytes_of(*space), space->unmerged_rows_max * options_.row_bytes_max);
    const auto index_garbage_max = space->index_deletions * index_row_bytes;
    if (garbage_of(*space) + hidden_max + index_garbage_max <= allowed_bytes(*space))
        co_return Result<void>{};
    if (!has_room_to_merge(*space)) co_return Result<void>{};
    auto merged = co_await merge(0);
    if (!merged) co_return merged;
    space = co_await upkeep_.body_space();
    if (!space) co_return std::move(space).error();
    const auto newest = newest_to_empty(*space);
    if (newest == 0) co_return Result<void>{};
    co_return co_await merge(newest);
}

Async<void> BodyCollector::merge(std::uint64_t move_up_to) {
    auto merged = co_await take_steps(move_up_to);
    if (!merged) note(merged.error());
    co_return merged;
}

void BodyCollector::note(const StorageError& failure) {
    if (failure.kind == StorageError::Kind::io) ++io_failures_;
    gave_up_ =
        failure.kind == StorageError::Kind::corrupt || io_failures_ == io_failures_in_a_row_max;
    if (gave_up_)
        base::log::error("gc.merging_given_up",
                         {{"reason", failure.detail}, {"until", "the next start"}});
}

Async<void> BodyCollector::take_steps(std::uint64_t move_up_to) {
    BodyMerge next{{}, move_up_to};
    do {
        if (stopping_) co_return stopping_error();
        auto step = co_await upkeep_.merge_bodies(next);
        if (!step) co_return std::move(step).error();
        co_await throttle_.spend(step->bytes_written);
        next.from = std::move(step->next);
    } while (!next.from.empty());
    co_return Result<void>{};
}

}  // namespace holdfast::storage::workers
