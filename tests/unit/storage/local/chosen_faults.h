/// Makes chosen calls fail as FaultyVfs does, and spares those on some paths: what RocksDB does
/// with its own files, for one, as it waits a second after some failures.
#pragma once

#include <cerrno>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "base/faulty_vfs.h"

namespace holdfast::tests {

/// threads: any.
class ChosenFaults {
public:
    struct Fault {
        std::string operation;  ///< empty: every one
        std::string path_part;  ///< empty: every path
        std::string spared;     ///< paths with this in them are left alone; empty: none is
        std::uint64_t nth = 1;  ///< of the matching calls from now on
        bool for_ever = false;  ///< the nth and all after it, not the nth alone
    };

    /// REQUIRES: no call of `vfs` was made yet.
    explicit ChosenFaults(base::FaultyVfs& vfs) {
        vfs.watch([&vfs, state = state_](const char* operation, const std::string& path) {
            if (state->takes(operation, path)) vfs.fail({operation, path, 1, EIO, false});
        });
    }
    void fail(const Fault& fault) {
        const std::lock_guard lock(state_->mutex);
        state_->fault = fault;
        state_->matched = 0;
    }
    /// Whether the fault was met; there is none from here on.
    bool heal() {
        const std::lock_guard lock(state_->mutex);
        const bool met = state_->fault && state_->matched >= state_->fault->nth;
        state_->fault.reset();
        return met;
    }

private:
    struct State {
        bool takes(const std::string& operation, const std::string& path) {
            const std::lock_guard lock(mutex);
            if (!fault || (!fault->operation.empty() && fault->operation != operation) ||
                path.find(fault->path_part) == std::string::npos ||
                (!fault->spared.empty() && path.find(fault->spared) != std::string::npos))
                return false;
            ++matched;
            return matched == fault->nth || (fault->for_ever && matched > fault->nth);
        }
        std::mutex mutex;
        std::optional<Fault> fault;
        std::uint64_t matched = 0;
    };
    /// Calls go on while the file system is being given up.
    std::shared_ptr<State> state_ = std::make_shared<State>();
};

}  // namespace holdfast::tests
