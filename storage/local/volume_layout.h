/// The names in a data directory: docs/format/volume.md.
#pragma once

#include <string>

namespace holdfast::storage::local::layout {

inline constexpr const char* format = "format";              ///< written last at creation
inline constexpr const char* creating = "creating";          ///< there until `format` is
inline constexpr const char* lock = "lock";                  ///< flock while the volume is open
inline constexpr const char* incarnation = "incarnation";    ///< counter and clean marker
inline constexpr const char* high_water = "highwater";       ///< lower bound of acked commits
inline constexpr const char* ballast = "ballast";            ///< space set aside for the index
inline constexpr const char* probe = "probe";                ///< there while writes are tried
inline constexpr const char* wal_aside = "index-wal-aside";  ///< the index' log after a crash
inline constexpr const char* reattach_pending = "reattach-pending";  ///< reattach_note.h
inline constexpr const char* index = "index";                        ///< RocksDB
inline constexpr const char* segments = "segments";                  ///< blobs
inline constexpr const char* snapshots = "snapshots";                ///< local_snapshots.h

/// Of the workers, which name them themselves: gc-quarantine, scrub-state (docs/format/workers.md).

/// What a creation makes before its marker `creating` is durable.
inline bool is_made_before_the_marker(const std::string& name) {
    return name == lock || name == std::string(creating) + ".new";
}

}  // namespace holdfast::storage::local::layout
