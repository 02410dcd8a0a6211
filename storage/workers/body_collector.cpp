#include "storage/workers/body_collector.h"

#include "storage/workers/worker_loop.h"

namespace holdfast::storage::workers {

namespace {

constexpr std::uint64_t live_bytes_per_garbage = 100;

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
    return spare_bytes_ + (bytes_of(space) - garbage_of(space)) / live_bytes_per_garbage;
}

/// So many of the oldest that what is left in the others is half of what may stay: not every pass
/// shall move something.
std::size_t BodyCollector::files_to_move(const BodySpace& space) const {
    const auto allowed = allowed_bytes(space);
    auto left = garbage_of(space);
    if (left <= allowed) return 0;
    std::size_t files = 0;
    while (files < space.files.size() && left > allowed / 2)
        left -= space.files[files++].garbage_bytes;
    return files;
}

Async<BodyCollector::Outcome> BodyCollector::run() {
    auto space = co_await upkeep_.body_space();
    if (!space) co_return std::move(space).error();
    if (garbage_of(*space) + space->unknown_bytes_max > allowed_bytes(*space)) {
        auto merged = co_await merge(0);
        if (!merged) co_return std::move(merged).error();
        space = co_await upkeep_.body_space();
        if (!space) co_return std::move(space).error();
    }
    if (const auto files = files_to_move(*space); files > 0) {
        auto moved = co_await merge(files);
        if (!moved) co_return std::move(moved).error();
        space = co_await upkeep_.body_space();
        if (!space) co_return std::move(space).error();
    }
    co_return Outcome{bytes_of(*space), garbage_of(*space) + space->unknown_bytes_max};
}

Async<void> BodyCollector::merge(std::size_t files_moved) {
    BodyMerge next{{}, files_moved};
    do {
        if (stopping_) co_return stopping_error();
        auto merged = co_await upkeep_.merge_bodies(next);
        if (!merged) co_return std::move(merged).error();
        co_await throttle_.spend(merged->bytes_written);
        next.from = std::move(merged->next);
    } while (!next.from.empty());
    co_return Result<void>{};
}

}  // namespace holdfast::storage::workers
