#include "storage/local/segment_budget.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/assert.h"
#include "base/limits.h"
#include "storage/local/segment.h"

namespace holdfast::storage::local {

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

SpaceLedger::SpaceLedger(base::Vfs& vfs, std::string directory, std::uint64_t reserve_bytes)
    : vfs_(vfs), directory_(std::move(directory)), reserve_bytes_(reserve_bytes) {}

Result<void> SpaceLedger::promise(std::uint64_t bytes) {
    const auto space = vfs_.space(directory_);
    if (!space) return to_storage_error(space.error());
    const auto reserve =
        reserve_bytes_ != 0 ? reserve_bytes_ : std::max(base::GiB, space->total_bytes / 100 * 2);
    const std::lock_guard lock(mutex_);
    const auto taken = reserve + promised_bytes_;
    if (space->free_bytes < taken || space->free_bytes - taken < bytes || space->free_inodes == 0)
        return StorageError{
            StorageError::Kind::out_of_space,
            fmt::format("{} bytes wanted, {} free, {} kept back", bytes, space->free_bytes, taken)};
    promised_bytes_ += bytes;
    return {};
}

void SpaceLedger::settle(std::uint64_t bytes) {
    const std::lock_guard lock(mutex_);
    HF_ASSERT(bytes <= promised_bytes_);
    promised_bytes_ -= bytes;
}

}  // namespace holdfast::storage::local
