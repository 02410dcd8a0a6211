/// What an engine can do at the moment, for health, `admin info` and the log. A plain value.
#pragma once

#include <cstdint>
#include <string>

namespace holdfast::storage {

struct EngineCondition {
    enum class Cause {
        none,             ///< writes are taken
        chosen,           ///< started read-only as the settings say
        crash_loop,       ///< started read-only after several unclean starts in a row
        missing_commits,  ///< acknowledged commits are gone: an operator has to decide
        damaged_index,  ///< a part of the index cannot be read, and with it what was committed last
        fault,          ///< a write or a sync failed; it may come back by itself
    };
    Cause cause = Cause::none;
    std::string reason;  ///< one line for people; empty when writes are taken
    std::uint64_t missing_commits = 0;
    std::uint32_t reopen_attempts = 0;  ///< failed ones since the fault
    bool gave_up = false;               ///< no further attempt comes by itself
    std::string wal_aside;              ///< where the index' log is kept, when it is kept

    [[nodiscard]] bool writable() const { return cause == Cause::none; }
};

}  // namespace holdfast::storage
