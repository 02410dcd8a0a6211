/// Snapshots of everything an engine keeps on its disk, as it was at one moment: made under load,
/// of hard links, because blobs never change.
///
/// A snapshot has every commit that was acknowledged before it was asked for, and of those that
/// come meanwhile the first so many. It is a whole data directory: a copy of it, anywhere, is one
/// that a server starts on. While it is there, space of what it has is not given back.
///
/// threads: any event loop; calls never block the caller, and take as long as linking all files.
/// source: spec durability 2.3.8.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/async.h"
#include "base/clock.h"
#include "base/result.h"

namespace holdfast::storage {

struct SnapshotError {
    enum class Kind {
        bad_name,
        taken,         ///< there is one of that name
        not_there,     ///< there is none of that name
        busy,          ///< another one is being made or deleted
        read_only,     ///< the engine takes no writes
        out_of_space,  ///< nothing is left of it
        failed,        ///< nothing is left of it; what the disk said
    };
    Kind kind = Kind::failed;
    std::string message;  ///< one line for people
};

struct VolumeSnapshot {
    std::string name;
    std::string directory;
    base::WallTime made{};        ///< by the wall clock, to the second
    std::uint64_t commit_no = 0;  ///< the last commit that is in it
    std::uint64_t segments = 0;
    std::uint64_t segment_bytes = 0;  ///< shared with the engine, as long as that has them
    std::uint64_t index_bytes = 0;    ///< shared at first; less and less, as the index is rewritten
};

class VolumeSnapshots {
public:
    template <class T>
    using Outcome = base::Awaitable<base::Expected<T, SnapshotError>>;

    virtual ~VolumeSnapshots() = default;
    /// Durable when it returns. `files`: names in the data directory that belong to it and are not
    /// the engine's; those that are there are copied, for the owner's eyes only.
    virtual Outcome<VolumeSnapshot> create(std::string name, std::vector<std::string> files) = 0;
    /// In the order of their names.
    virtual Outcome<std::vector<VolumeSnapshot>> list() = 0;
    /// The space that it kept comes back with the reclaimer's next sweep.
    virtual Outcome<void> remove(std::string name) = 0;
};

/// 1 to 64 letters, digits, '.', '_' and '-'; the first a letter or a digit.
bool is_snapshot_name(std::string_view name);

}  // namespace holdfast::storage
