/// Where keys can be read again behind a damaged part of the index. threads: any.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

namespace holdfast::storage::local {

/// What is asked of the index on the way; both are called on this thread.
struct KeySpace {
    /// Whether reading can go on at the key.
    std::function<bool(const std::string& key)> is_readable;
    /// Bytes of the tables between two keys, in whole blocks, told without reading any of them.
    std::function<std::uint64_t(const std::string& from, const std::string& to)> bytes_between;
};

/// A key greater than `unreadable` behind which reading can go on. Nothing when it cannot anywhere.
///
/// RocksDB does not say where a damaged block ends, but where blocks begin: one after the other is
/// tried, in steps of one block at first, and no longer than what was left out before. Some
/// thousand questions of the sizes for each step.
std::optional<std::string> readable_key_behind(const std::string& unreadable,
                                               const KeySpace& space);

}  // namespace holdfast::storage::local
