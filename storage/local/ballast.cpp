#include "storage/local/ballast.h"

#include <algorithm>
#include <cerrno>

#include "base/limits.h"
#include "base/log.h"
#include "base/metrics.h"
#include "storage/local/write_probe.h"

namespace holdfast::storage::local {

namespace {

prometheus::Gauge& ballast_gauge() {
    static prometheus::Gauge& gauge = base::metrics::gauge(
        "holdfast_storage_ballast_bytes",
        "Disk space set aside for the index; 0 after the disk was so full that it was needed.");
    return gauge;
}

prometheus::Counter& released_counter() {
    static prometheus::Counter& counter = base::metrics::counter(
        "holdfast_storage_ballast_released_total",
        "Times that the space set aside for the index was given up to a full disk.");
    return counter;
}

std::uint64_t size_of(base::Vfs& vfs, const std::string& path) {
    const auto file = vfs.open(path, base::OpenMode::read);
    if (!file) return 0;
    const auto bytes = (*file)->allocated_bytes();
    return bytes ? *bytes : 0;
}

}  // namespace

Ballast::Ballast(BallastOptions options, base::Vfs& vfs, const base::Clock& clock)
    : options_(std::move(options)),
      vfs_(vfs),
      clock_(clock),
      looked_at_(clock.steady() - look_interval),
      restored_at_(clock.steady() - restore_interval) {
    if (options_.bytes == 0) return;
    // A start that died while it laid the file down left less: that is done again.
    in_place_ = size_of(vfs_, options_.path) >= options_.bytes;
    ballast_gauge().Set(in_place_ ? static_cast<double>(options_.bytes) : 0);
    released_counter();  // a full disk is no time to lack the memory for it
}

bool Ballast::in_place() const {
    const std::lock_guard lock(mutex_);
    return in_place_;
}

bool Ballast::is_time(base::SteadyTime& last, std::chrono::milliseconds interval) const {
    const auto now = clock_.steady();
    if (now - last < interval) return false;
    last = now;
    return true;
}

base::IoResult<base::FsSpace> Ballast::measure() const {
    return vfs_.space(options_.path.substr(0, options_.path.rfind('/')));
}

void Ballast::look() {
    if (options_.bytes == 0) return;
    const std::lock_guard lock(mutex_);
    if (!in_place_ || !is_time(looked_at_, look_interval)) return;
    const auto space = measure();
    // What cannot be measured is no reason to give anything up: the write itself will tell.
    if (space && space->free_bytes < free_bytes_low) give_up();
}

void Ballast::release() {
    const std::lock_guard lock(mutex_);
    if (in_place_) give_up();
}

/// REQUIRES: mutex_ is held. Emptied, not unlinked: that works without room for a directory entry.
void Ballast::give_up() {
    const auto file = vfs_.open(options_.path, base::OpenMode::read_write);
    const auto emptied = file ? (*file)->truncate(0) : base::IoResult<void>(file.error());
    if (!emptied) {
        base::log::error("ballast.not_released", {{"reason", emptied.error().message()}});
        return;
    }
    in_place_ = false;
    ballast_gauge().Set(0);
    released_counter().Increment();
    base::log::error("ballast.released",
                     {{"meaning", "the disk is full: delete objects or make room"}});
}

void Ballast::restore() {
    if (options_.bytes == 0) return;
    const std::lock_guard lock(mutex_);
    if (in_place_ || unsupported_ || !is_time(restored_at_, restore_interval)) return;
    const auto space = measure();
    if (!space) return;
    const auto reserve = reserve_bytes_of(*space, options_.reserve_bytes);
    if (space->free_bytes < options_.bytes + std::max(reserve, 2 * free_bytes_low)) return;
    const auto file = vfs_.open(options_.path, base::OpenMode::create);
    const auto laid =
        file ? (*file)->allocate(0, options_.bytes) : base::IoResult<void>(file.error());
    if (!laid) {
        // Tried again; but where the file system or the process may have no such file, never.
        unsupported_ = laid.error().code == EOPNOTSUPP || laid.error().code == EFBIG;
        if (laid.error().code == last_error_) return;
        last_error_ = laid.error().code;
        base::log::warning("ballast.not_restored", {{"reason", laid.error().message()}});
        return;
    }
    in_place_ = true;
    ballast_gauge().Set(static_cast<double>(options_.bytes));
}

}  // namespace holdfast::storage::local
