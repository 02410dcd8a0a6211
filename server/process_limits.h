/// What the operating system grants the process. threads: any.
#pragma once

#include <cstddef>

namespace holdfast::server {

/// Raises the limit of open files as far as is allowed and says how many that is.
std::size_t raise_open_files_limit();

/// How the file descriptors of the process are shared out (spec durability 2.5, 4). Connections
/// get 80 %. Of the rest 32 are held back for what storage must always be able to open; then come
/// segments that are read, and the files of the index.
struct DescriptorShares {
    std::size_t connections_max = 0;
    std::size_t segments_open_max = 0;
    std::size_t index_files_open_max = 0;
    bool enough = false;  ///< for an index of some terabytes to have all its files open
};
DescriptorShares share_descriptors(std::size_t open_files_limit);

/// Processor cores the process may use (its affinity, not the machine's number). At least one.
std::size_t usable_cores();

}  // namespace holdfast::server
