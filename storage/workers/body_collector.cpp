#include "storage/workers/body_collector.h"

#include <algorithm>

#include "storage/workers/worker_loop.h"

namespace holdfast::storage::workers {

namespace {

constexpr std::uint64_t live_bytes_per_garbage = 100;
/// For each byte that comes back so many are moved at most.
constexpr std::uint64_t moved_bytes_per_gain = 4;

std::uint64_t bytes_of(const BodySpace& space) {
    std::uint64_t bytes = 0;
    for (const auto& file : space.files) bytes += file.bytes;
    return bytes;
}

std::uint64_t garbage_of(const BodySpace& space) {
    std::uint64_t bytes = 0;
    for (const auto& file : space.files) bytes += file.garbage_bytes;
    return bytes;
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
    if (!met_damage_) {
        auto collected = co_await collect();
        met_damage_ = !collected && collected.error().kind == StorageError::Kind::corrupt;
        if (!collected) co_return std::move(collected).error();
    }
    auto space = co_await upkeep_.body_space();
    if (!space) co_return std::move(space).error();
    co_return Outcome{bytes_of(*space), garbage_of(*space)};
}

Async<void> BodyCollector::collect() {
    auto space = co_await upkeep_.body_space();
    if (!space) co_return std::move(space).error();
    // Rows are as many as fit into memory: no overflow.
    const auto hidden_max =
        std::min(bytes_of(*space), space->unmerged_rows_max * options_.body_bytes_max);
    if (garbage_of(*space) + hidden_max <= allowed_bytes(*space)) co_return Result<void>{};
    auto merged = co_await merge(0);
    if (!merged) co_return merged;
    space = co_await upkeep_.body_space();
    if (!space) co_return std::move(space).error();
    const auto newest = newest_to_empty(*space);
    if (newest == 0) co_return Result<void>{};
    co_return co_await merge(newest);
}

Async<void> BodyCollector::merge(std::uint64_t move_up_to) {
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
