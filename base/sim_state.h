/// What a SimVfs, its open files and its locks share.
#pragma once

#include <algorithm>
#include <cstdint>
#include <mutex>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/sim_names.h"
#include "base/sim_vfs.h"

namespace holdfast::base {

/// REQUIRES, of everything but the options: the mutex is held.
struct SimState {
    explicit SimState(const SimVfs::Options& given) : options(given) {}

    const SimVfs::Options options;
    mutable std::mutex mutex;
    SimNames now;
    SimNames durable;
    std::vector<SimNameChange> pending;  ///< in the order they were made
    std::set<std::string> locked;
    std::uint64_t used_bytes = 0;

    void change(SimNameChange what) {
        what.apply_to(now);
        pending.push_back(std::move(what));
    }
    [[nodiscard]] std::uint64_t links_of(const SimFilePtr& file) const {
        const auto count = std::count_if(now.files.begin(), now.files.end(),
                                         [&](const auto& entry) { return entry.second == file; });
        return static_cast<std::uint64_t>(count);
    }
    /// Gives the space of a file back when the last of its names is gone.
    void forget_if_unnamed(const SimFilePtr& file) {
        if (links_of(file) == 0) used_bytes -= file->allocated_bytes();
    }
    /// Fails when the disk has no room for `bytes` more.
    [[nodiscard]] bool has_room(std::uint64_t bytes) const {
        return bytes <= options.space_bytes - std::min(used_bytes, options.space_bytes);
    }
};

}  // namespace holdfast::base
