#include "storage/local/segment_budget.h"

#include <fmt/format.h>

#include <chrono>

#include "base/assert.h"
#include "base/log.h"
#include "storage/local/segment.h"
#include "storage/local/segment_metrics.h"
#include "storage/local/write_probe.h"

namespace holdfast::storage::local {

namespace {

/// Far less than the reserve is written meanwhile.
constexpr std::chrono::milliseconds measurement_lifetime{100};

}  // namespace

void UnsyncedBudget::add(std::uint64_t bytes) {
    const std::lock_guard lock(mutex_);
    bytes_ += bytes;
}

void UnsyncedBudget::subtract(std::uint64_t bytes) {
    std::vector<std::function<void()>> released;
    {
        const std::lock_guard lock(mutex_);
        HF_ASSERT(bytes <= bytes_);
        bytes_ -= bytes;
        if (bytes_ < bytes_max_) released.swap(waiting_);
    }
    for (const auto& resume : released) resume();
}

bool UnsyncedBudget::has_room() const {
    const std::lock_guard lock(mutex_);
    return bytes_ < bytes_max_;
}

void UnsyncedBudget::when_room(std::function<void()> resume) {
    {
        const std::lock_guard lock(mutex_);
        if (bytes_ >= bytes_max_) {
            waiting_.push_back(std::move(resume));
            return;
        }
    }
    resume();
}

SpaceLedger::SpaceLedger(base::Vfs& vfs, std::string directory, std::uint64_t reserve_bytes,
                         const base::Clock& clock)
    : vfs_(vfs), directory_(std::move(directory)), reserve_bytes_(reserve_bytes), clock_(clock) {
    segment_metrics().short_of_space.Set(0);  // it may still tell of an earlier engine
}

base::IoResult<base::FsSpace> SpaceLedger::measure() {
    auto space = vfs_.space(directory_);
    if (!space) return space;
    const std::lock_guard lock(mutex_);
    last_ = Measurement{*space, clock_.steady()};
    return space;
}

/// REQUIRES: mutex_ is held.
Result<void> SpaceLedger::fits(const base::FsSpace& space, std::uint64_t bytes) {
    const auto taken = reserve_bytes_of(space, reserve_bytes_) + promised_bytes_;
    const bool is_short = space.free_bytes < taken || space.free_inodes == 0;
    if (is_short != short_of_space_) {
        short_of_space_ = is_short;
        segment_metrics().short_of_space.Set(is_short ? 1 : 0);
        base::log::warning(is_short ? "space.short" : "space.enough",
                           {{"free_bytes", space.free_bytes},
                            {"free_inodes", space.free_inodes},
                            {"kept_back_bytes", taken}});
    }
    if (is_short || space.free_bytes - taken < bytes) {
        segment_metrics().refused_by_reserve.Increment();
        return StorageError{
            StorageError::Kind::out_of_space,
            fmt::format("{} bytes wanted, {} free, {} kept back", bytes, space.free_bytes, taken)};
    }
    return {};
}

Result<void> SpaceLedger::promise(std::uint64_t bytes) {
    const auto space = measure();
    if (!space) return to_storage_error(space.error());
    const std::lock_guard lock(mutex_);
    auto promised = fits(*space, bytes);
    if (promised) promised_bytes_ += bytes;
    return promised;
}

std::optional<Result<void>> SpaceLedger::try_check(std::uint64_t bytes) {
    const auto now = clock_.steady();
    const std::lock_guard lock(mutex_);
    if (!last_ || now - last_->taken >= measurement_lifetime) return std::nullopt;
    return fits(last_->space, bytes);
}

Result<void> SpaceLedger::check(std::uint64_t bytes) {
    // Whoever waited here finds what the first one measured.
    const std::lock_guard one_at_a_time(check_mutex_);
    if (auto known = try_check(bytes)) return *std::move(known);
    const auto space = measure();
    if (!space) return to_storage_error(space.error());
    const std::lock_guard lock(mutex_);
    return fits(*space, bytes);
}

void SpaceLedger::settle(std::uint64_t bytes) {
    const std::lock_guard lock(mutex_);
    HF_ASSERT(bytes <= promised_bytes_);
    promised_bytes_ -= bytes;
}

}  // namespace holdfast::storage::local
